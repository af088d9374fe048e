import request from 'supertest';
import { createApiToken } from '../../src/features/accounts/api-tokens';
import { pruneAnswers } from '../../src/features/idempotency/repository';
import { apiOf } from '../support/api';
import { createTestApp, type TestApp } from '../support/app';

const PER_MINUTE = 100;

let site: TestApp;
let token: string;
let seriesId: string;
beforeAll(async () => {
  site = await createTestApp({ API_REQUESTS_PER_MINUTE: String(PER_MINUTE) });
  token = await createApiToken(site.database.db, 'test');
  seriesId = (await api.post('/series', { title: 'Protocol' }).expect(201)).body.id;
});
afterAll(() => site.close());

const api = apiOf(
  () => site,
  () => token,
);

describe('a POST with an Idempotency-Key', () => {
  const post = (key: string, body: object) => api.post('/episodes', body).set('Idempotency-Key', key);

  test('is done once, and answered the same again', async () => {
    const body = { seriesId, number: 1 };
    const first = await post('"one"', body).expect(201);
    expect(first.headers).not.toHaveProperty('idempotency-replayed');
    // In quotes or without: it is the same key.
    const again = await post('one', body).expect(201);
    expect(again.headers).toMatchObject({ 'idempotency-replayed': 'true', location: first.headers.location });
    expect([again.text, again.headers.etag]).toEqual([first.text, first.headers.etag]);
    await post('one', { seriesId, number: 2 }).expect(422);
    // Without the key, and with that of somebody else, it is a request of its own.
    await api.post('/episodes', body).expect(409);
    const other = await createApiToken(site.database.db, 'other');
    await request(site.app)
      .post('/api/v1/episodes')
      .auth(other, { type: 'bearer' })
      .set('Idempotency-Key', 'one')
      .send(body)
      .expect(409);
  });

  test('of which several come at once is done once', async () => {
    const answers = await Promise.all(Array.from({ length: 5 }, () => post('many', { seriesId, number: 3 })));
    const made = answers.filter(({ status }) => status === 201);
    expect(made.length).toBeGreaterThan(0);
    expect(new Set(made.map(({ body }) => body.id)).size).toBe(1);
    for (const { status, body } of answers.filter((answer) => !made.includes(answer)))
      expect([status, body.detail]).toEqual([409, expect.stringContaining('Idempotency-Key is being done')]);
    const rows = await site.database.db('episodes').where({ series_id: seriesId, number: 3 });
    expect(rows).toHaveLength(1);
  });

  test('that was refused can be mended and sent with the same key', async () => {
    await post('mended', { seriesId, number: 'x' }).expect(422);
    await post('mended', { seriesId, number: 4 }).expect(201);
  });

  test('is done anew when whoever did it has died, or a day later; then it is forgotten', async () => {
    const { db } = site.database;
    const [{ id }] = await db('api_tokens').select('id').where({ name: 'test' });
    const claim = (key: string, age: string) =>
      db('api_answers').insert({
        token_id: id,
        key,
        request_hash: Buffer.from('x'),
        claimed_at: db.raw('now() - ?::interval', [age]),
      });
    await claim('died', '61 seconds');
    await claim('alive', '59 seconds');
    await claim('old', '25 hours');
    await post('died', { seriesId, number: 5 }).expect(201);
    const { headers } = await post('alive', { seriesId, number: 6 }).expect(409);
    expect(headers['retry-after']).toBe('1');
    expect(await pruneAnswers(db)).toBe(1);
  });

  test.each(['', '""', 'a b', 'x'.repeat(256), 'ü'])('can’t be called %j', async (key) => {
    await post(key, { seriesId, number: 7 }).expect(400);
  });
});

describe('a method that an address does not take', () => {
  const send = (method: 'put' | 'post' | 'delete' | 'options' | 'head', path: string) =>
    request(site.app)[method](`/api/v1${path}`).auth(token, { type: 'bearer' });

  test.each([
    ['delete', '/series/1', 'GET, HEAD, PUT, PATCH, OPTIONS'],
    ['put', '/episodes', 'GET, HEAD, POST, OPTIONS'],
    ['delete', '/series/slug:x/episodes/1', 'GET, HEAD, PUT, OPTIONS'],
    ['put', '/episodes/1/restore', 'POST, OPTIONS'],
  ] as const)('is refused: %s %s', async (method, path, allowed) => {
    const { status, headers, body } = await send(method, path);
    expect([status, headers.allow, body.status]).toEqual([405, allowed, 405]);
    const options = await send('options', path);
    expect([options.status, options.headers.allow, options.text]).toEqual([204, allowed, '']);
  });

  test('HEAD is a GET without the body; what is nowhere is 404', async () => {
    const head = await send('head', `/series/${seriesId}`).expect(200);
    expect([head.headers.etag, head.text]).toEqual(['"1"', undefined]);
    await send('options', '/nothing').expect(404);
    expect((await request(site.app).post('/api/v1/openapi.json')).headers.allow).toBe('GET, HEAD');
    await request(site.app).options('/api/v1/series').expect(401);
  });
});

test('tells each token what is left to it, and refuses what is too much', async () => {
  const own = await createApiToken(site.database.db, 'counted');
  const mine = apiOf(
    () => site,
    () => own,
  );
  const { headers } = await mine.get('/series?limit=1').expect(200);
  expect(headers['ratelimit-policy']).toBe(`"token";q=${PER_MINUTE};w=60`);
  expect(headers.ratelimit).toMatch(new RegExp(`^"token";r=${PER_MINUTE - 1};t=\\d+$`));
  for (let count = 2; count <= PER_MINUTE; count++)
    await request(site.app).options('/api/v1/series').auth(own, { type: 'bearer' }).expect(204);
  const refused = await mine.get('/series?limit=1').expect(429);
  expect(refused.headers.ratelimit).toMatch(/^"token";r=0;t=\d+$/);
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
  await api.get('/series?limit=1').expect(200);
});
