import request from 'supertest';
import { createTestApp, type TestApp } from '../../support/app';

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp();
});
afterAll(() => app.close());

const scriptOf = async (from: TestApp): Promise<string> => {
  const { text, headers } = await request(from.app).get('/service-worker.js').expect(200);
  expect(headers).toMatchObject({
    'cache-control': 'no-cache',
    'content-type': 'text/javascript; charset=utf-8',
  });
  return text;
};

test('the worker names a version, and files that are all there', async () => {
  const script = await scriptOf(app);
  expect(script).toMatch(/'nipnime-offline-[0-9a-f]{12}'/);
  const files: string[] = JSON.parse(/FILES = (\[.*\]);/.exec(script)?.[1] ?? '[]');
  expect(files).toHaveLength(5);
  for (const file of files) await request(app.app).get(file).expect(200);
  expect(await scriptOf(app)).toBe(script);
});

test('where it is switched off it removes itself and what it kept', async () => {
  const off = await createTestApp({ OFFLINE_PAGE: 'off' });
  try {
    const script = await scriptOf(off);
    expect(script).toContain('registration.unregister()');
    expect(script).not.toContain("'fetch'");
  } finally {
    await off.close();
  }
});
