import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import request from 'supertest';
import { projectRoot } from '../../../src/platform/project';
import { createTestApp } from '../../support/app';

test('the style guide shows every token, and is not there in production', async () => {
  const app = await createTestApp();
  const { text } = await request(app.app).get('/styleguide').expect(200);
  await app.close();
  const tokens = readFileSync(join(projectRoot(), 'public/css/tokens.css'), 'utf8');
  for (const [, name = ''] of tokens.matchAll(/--(space-\d+|text-(?:xs|sm|base|lg|\d?xl|display)):/g))
    expect(text).toMatch(new RegExp(`guide__(text--|space--)${name.replace(/^(text|space)-/, '')}"`));
  for (const state of ['live', 'reconnecting', 'polling', 'offline', 'off'])
    expect(text).toContain(`data-live-state="${state}"`);

  const production = await createTestApp({
    NODE_ENV: 'production',
    SESSION_SECRET: 'a secret that is only for this test',
  });
  await request(production.app).get('/styleguide').expect(404);
  await production.close();
});
