import request from 'supertest';
import { createApiToken } from '../../src/accounts/api-tokens';
import { createTestApp, type TestApp } from '../support/app';
import { playable } from '../support/catalog';

let app: TestApp;
let token: string;
beforeAll(async () => {
  app = await createTestApp();
  token = await createApiToken(app.database.db, 'test');
});
afterAll(() => app.close());

const api = {
  get: (path: string) => request(app.app).get(`/api/v1${path}`).auth(token, { type: 'bearer' }),
  post: (path: string, body: string | object) =>
    request(app.app).post(`/api/v1${path}`).auth(token, { type: 'bearer' }).type('json').send(body),
  patch: (path: string, body: object) =>
    request(app.app).patch(`/api/v1${path}`).auth(token, { type: 'bearer' }).send(body),
  delete: (path: string) => request(app.app).delete(`/api/v1${path}`).auth(token, { type: 'bearer' }),
};

async function newSeries(title: string): Promise<string> {
  const { body } = await api.post('/series', { title }).expect(201);
  return body.id;
}

const problem = (status: number) => ({ type: 'about:blank', status, requestId: expect.any(String) });

test('a script posts a series and an episode, edits and deletes it', async () => {
  const series = await api.post('/series', {
    title: '葬送のフリーレン',
    kind: 'tv',
    seasonYear: 2026,
    season: 'fall',
  });
  expect(series.status).toBe(201);
  expect(series.body).toMatchObject({
    title: '葬送のフリーレン',
    titleLanguage: 'ja',
    visible: true,
    version: 1,
  });

  const posted = await api.post('/episodes', {
    seriesId: series.body.id,
    number: 1,
    status: 'published',
    videoServers: [playable],
  });
  expect(posted.status).toBe(201);
  expect(posted.headers.location).toBe(`/api/v1/episodes/${posted.body.id}`);
  expect(posted.body).toMatchObject({ number: 1, url: `/series/${series.body.slug}/episodes/1` });
  expect(posted.body.videoServers).toMatchObject([{ ...playable, enabled: true }]);

  const edited = await api.patch(`/episodes/${posted.body.id}`, { title: 'Edited', version: 1 });
  expect(edited.body).toMatchObject({
    title: 'Edited',
    number: 1,
    version: 2,
    videoServers: posted.body.videoServers,
  });
  await api.delete(`/episodes/${posted.body.id}`).expect(204);
  expect((await api.get(`/episodes/${posted.body.id}`)).body).toMatchObject(problem(404));
  expect((await api.delete(`/episodes/${posted.body.id}`)).status).toBe(404);

  const audit = await app.database
    .db('audit_log')
    .select('actor_kind', 'actor_name', 'action')
    .where({ actor_kind: 'token' });
  expect(audit.map(({ actor_name, action }) => `${actor_name} ${action}`)).toEqual([
    'test series.create',
    'test episode.create',
    'test episode.update',
    'test episode.delete',
  ]);
});

test('lists are read page by page', async () => {
  const seriesId = await newSeries('Paged');
  for (let number = 1; number <= 5; number++) await api.post('/episodes', { seriesId, number }).expect(201);
  const seen: number[] = [];
  let path = `/episodes?seriesId=${seriesId}&limit=2`;
  for (let page = 0; page < 3; page++) {
    const { body } = await api.get(path).expect(200);
    seen.push(...body.data.map((episode: { number: number }) => episode.number));
    path = `/episodes?seriesId=${seriesId}&limit=2&after=${body.next}`;
    if (page === 2) expect(body.next).toBeNull();
  }
  expect(seen).toEqual([5, 4, 3, 2, 1]);
  expect((await api.get('/series?search=paged')).body.data).toMatchObject([{ id: seriesId }]);
});

test.each([
  ['no token', undefined],
  ['an unknown token', 'Bearer nipnime_nobody'],
  ['another scheme', 'Basic bm9ib2R5'],
])('refuses %s', async (_, authorization) => {
  const response = await request(app.app)
    .get('/api/v1/series')
    .set(authorization ? { Authorization: authorization } : {});
  expect(response.status).toBe(401);
  expect(response.headers['www-authenticate']).toBe('Bearer');
  expect(response.headers['content-type']).toContain('application/problem+json');
  expect(response.body).toMatchObject(problem(401));
});

test('a revoked token is refused', async () => {
  const revoked = await createApiToken(app.database.db, 'revoked');
  await app.database.db('api_tokens').where({ name: 'revoked' }).update({ revoked_at: new Date() });
  await request(app.app).get('/api/v1/series').auth(revoked, { type: 'bearer' }).expect(401);
});

test('keeps only the hash of a token', async () => {
  const rows = await app.database.db('api_tokens').select();
  expect(JSON.stringify(rows)).not.toContain(token);
});

test.each([
  ['malformed JSON', '{"title":', 400],
  ['no object', '[1]', 422],
  ['a wrong type', '{"title": 5}', 422],
  ['an unknown field', '{"title": "A", "colour": "red"}', 422],
  ['too much', JSON.stringify({ title: 'x'.repeat(300_000) }), 413],
])('answers %s with a problem document', async (_, body, status) => {
  const response = await api.post('/series', body);
  expect(response.status).toBe(status);
  expect(response.headers['content-type']).toContain('application/problem+json');
  expect(response.body).toMatchObject(problem(status));
  if (status === 422)
    expect(response.body.errors).toEqual([{ field: expect.any(String), message: expect.any(String) }]);
  expect(response.text).not.toMatch(/at .*\.[jt]s:\d+/);
});

test('refuses a body that is not JSON', async () => {
  const response = await request(app.app)
    .post('/api/v1/series')
    .auth(token, { type: 'bearer' })
    .type('text/plain')
    .send('title=A');
  expect(response.status).toBe(415);
  expect(response.body).toMatchObject(problem(415));
});

test('a number that is taken is a conflict that names the episode which has it', async () => {
  const seriesId = await newSeries('Taken');
  const first = await api.post('/episodes', { seriesId, number: '7' }).expect(201);
  const second = await api.post('/episodes', { seriesId, number: 7.0 });
  expect(second.status).toBe(409);
  expect(second.body).toMatchObject({
    ...problem(409),
    detail: 'Episode 7 of this series exists already.',
    errors: [{ field: 'number', message: `Is taken by the episode with the id ${first.body.id}.` }],
  });
});

test('an edit of an older version is a conflict', async () => {
  const seriesId = await newSeries('Versions');
  const { body } = await api.post('/episodes', { seriesId, number: 1 });
  await api.patch(`/episodes/${body.id}`, { title: 'A', version: 1 }).expect(200);
  expect((await api.patch(`/episodes/${body.id}`, { title: 'B', version: 1 })).body).toMatchObject({
    ...problem(409),
    errors: [{ field: 'version' }],
  });
});

test('an episode of a series that is not there is refused at that field', async () => {
  const response = await api.post('/episodes', { seriesId: '999999', number: 1 });
  expect(response.status).toBe(422);
  expect(response.body.errors).toMatchObject([{ field: 'seriesId' }]);
});

test.each([
  '/episodes?limit=0',
  '/episodes?limit=x',
  '/episodes?after=x',
  '/episodes?status=lost',
  '/series?after=-1',
])('refuses the parameters of %s', async (path) => {
  const response = await api.get(path);
  expect(response.status).toBe(400);
  expect(response.body.errors).toHaveLength(1);
});

test('an unknown path of the API is a problem document', async () => {
  expect((await api.get('/nothing')).body).toMatchObject(problem(404));
});
