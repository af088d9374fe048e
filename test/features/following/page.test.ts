import Parser from 'rss-parser';
import request from 'supertest';
import { pruneFollowLists } from '../../../src/features/following/public';
import { createTestApp, type TestApp } from '../../support/app';
import { newEpisode, newSeries } from '../../support/catalog';

let app: TestApp;
let ids: string[];
beforeAll(async () => {
  app = await createTestApp({ TRUST_PROXY: '1', SITE_URL: 'https://anime.example' });
  const made = [];
  for (const title of ['First', 'Second', 'Unfollowed']) made.push(await newSeries(app.catalog, { title }));
  for (const number of [1, 2]) for (const { id } of made) await newEpisode(app.catalog, id, { number });
  ids = made.map(({ id }) => id);
});
afterAll(() => app.close());

let lastAddress = 0;
/** By somebody whom no limit knows yet. */
const send = (method: 'post' | 'put' | 'delete', path: string, body: object) =>
  request(app.app)
    [method](`/following/lists${path}`)
    .set('X-Forwarded-For', `192.0.2.${++lastAddress}`)
    .send(body);
const create = async (series = ids.slice(0, 2)): Promise<string> =>
  (await send('post', '', { series }).expect(201)).body.token;
const feed = (token: string) => request(app.app).get(`/following/feed.atom?key=${token}`).buffer(true);
const titlesOf = async (token: string) =>
  (await new Parser().parseString((await feed(token).expect(200)).text)).items.map(({ title }) => title);

test('the page shows the newest episodes of the series that the device names, and no others', async () => {
  const { text, headers } = await request(app.app).get(`/following?series=${ids[0]},${ids[1]}`).expect(200);
  expect(headers['cache-control']).toBe('private, no-cache');
  const links = [...text.matchAll(/href="(\/series\/[^"]+)" data-item-link/g)].map(([, url]) => url);
  expect(links).toEqual([
    '/series/second/episodes/2',
    '/series/first/episodes/2',
    '/series/second/episodes/1',
    '/series/first/episodes/1',
  ]);
  expect((await request(app.app).get('/following').expect(200)).text).toContain('You follow no series yet');
  expect((await request(app.app).get('/following?series=999999').expect(200)).text).toContain(
    'No episodes yet',
  );
});

test.each(['a', '1,,2', '1;drop', '0', Array(301).fill('1').join(',')])(
  'a page that is asked for by %.20s is refused',
  async (series) => {
    await request(app.app).get(`/following?series=${series}`).expect(400);
  },
);

test('a private address is a feed of the list, until it is replaced or deleted', async () => {
  const token = await create();
  expect(token).toMatch(/^[A-Za-z0-9_-]{22}$/);
  expect(await titlesOf(token)).toEqual([
    'Second – Episode 2',
    'First – Episode 2',
    'Second – Episode 1',
    'First – Episode 1',
  ]);
  const { headers } = await feed(token);
  expect(headers).toMatchObject({ 'cache-control': 'private, no-cache', 'x-robots-tag': 'noindex' });
  await feed(token).set('If-None-Match', String(headers.etag)).expect(304);

  await send('put', '', { token, series: [ids[2]] }).expect(204);
  expect(await titlesOf(token)).toEqual(['Unfollowed – Episode 2', 'Unfollowed – Episode 1']);

  const next = (await send('post', '/rotate', { token }).expect(200)).body.token;
  await feed(token).expect(404);
  expect(await titlesOf(next)).toHaveLength(2);

  await send('delete', '', { token: next }).expect(204);
  await feed(next).expect(404);
  for (const [method, path, body] of [
    ['put', '', { token: next, series: [] }],
    ['post', '/rotate', { token: next }],
    ['delete', '', { token: next }],
  ] as const)
    await send(method, path, body).expect(404);
});

test('neither the token nor who made the list is kept', async () => {
  const token = await create();
  const { rows } = await app.database.db.raw<{ rows: { row: string }[] }>(
    `select row_to_json(l)::text || encode(token_hash, 'escape') as row from follow_lists l`,
  );
  const kept = rows.map(({ row }) => row).join();
  expect(kept).not.toContain(token);
  expect(kept).not.toContain('192.0.2.');
});

test.each([
  [{}],
  [{ series: 'all' }],
  [{ series: ['x'] }],
  [{ series: Array(301).fill('1') }],
  [{ series: [], more: 1 }],
])('a list such as %.30j is refused', async (body) => {
  await send('post', '', body).expect(400);
});

test('a form of another site makes no list', async () => {
  await request(app.app).post('/following/lists').type('text/plain').send('{"series":[]}').expect(400);
});

test('an address can make ten lists in an hour', async () => {
  const ask = () =>
    request(app.app).post('/following/lists').set('X-Forwarded-For', '198.51.100.7').send({ series: [] });
  for (let count = 0; count < 10; count++) await ask().expect(201);
  await ask().expect(429);
});

test('what nothing has asked for in more than a year is forgotten, and reading keeps a list', async () => {
  const [read, unread] = [await create(), await create()];
  await app.database.db('follow_lists').update({ read_on: '2020-01-01' });
  await feed(read).expect(200);
  expect(await pruneFollowLists(app.database.db)).toBeGreaterThan(0);
  await feed(read).expect(200);
  await feed(unread).expect(404);
});
