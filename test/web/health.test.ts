import request from 'supertest';
import { createTestApp } from '../support/app';
import { until } from '../support/until';

test('a node that lacks nothing is ready, until it drains', async () => {
  const site = await createTestApp();
  const ready = await request(site.app).get('/readyz');
  expect([ready.status, ready.text]).toEqual([200, 'ready\n']);
  expect(ready.get('content-type')).toBe('text/plain; charset=utf-8');
  site.setUnready();
  const draining = await request(site.app).get('/readyz');
  expect([draining.status, draining.text]).toEqual([503, 'draining\n']);
  await site.close();
});

test('a node without its Redis serves, and says what is worse for it', async () => {
  const site = await createTestApp({ REDIS_URL: 'redis://127.0.0.1:1' });
  const read = () => request(site.app).get('/readyz');
  await until(async () => (await read()).text.startsWith('degraded\n'));
  const { status, text } = await read();
  expect(status).toBe(200);
  const [, redis, limits] = text.split('\n');
  expect(redis).toMatch(
    /^Redis has been away for \d+ s: what other nodes change comes up to 3 s late\. The log says why\.$/,
  );
  expect(limits).toMatch(/^Each process counts for itself: limits of tries to log in, /);
  site.setUnready();
  expect((await read()).status).toBe(503);
  await site.close();
});
