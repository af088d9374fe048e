import request from 'supertest';
import { createApiToken } from '../../src/features/accounts/api-tokens';
import { apiOperations } from '../../src/process/app';
import { apiOf } from '../support/api';
import { createTestApp, type TestApp } from '../support/app';
import { playable } from '../support/catalog';
import { imagesIn } from '../support/images';
import { routesIn } from '../support/routes';

let app: TestApp;
let token: string;
beforeAll(async () => {
  app = await createTestApp();
  token = await createApiToken(app.database.db, 'test');
});
afterAll(() => app.close());

const api = apiOf(
  () => app,
  () => token,
);

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
    .db('journal')
    .select('actor_name', 'action', 'via', 'address', 'subject_label', 'changes')
    .where({ actor_kind: 'token' })
    .orderBy('id');
  expect(audit.map(({ actor_name, action }) => `${actor_name} ${action}`)).toEqual([
    'test series.create',
    'test episode.create',
    'test episode.update',
    'test episode.delete',
  ]);
  expect(audit[2]).toMatchObject({
    via: 'api',
    address: '127.0.0.1',
    subject_label: `Episode 1 of “${series.body.title}”`,
    changes: { title: { before: '', after: 'Edited' } },
  });
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

test('an external id is of one series, and of one episode that is not deleted', async () => {
  const seriesId = await newSeries('Known elsewhere');
  const first = await api.post('/series', { title: 'First', externalId: ' shop:7 ' }).expect(201);
  expect(first.body.externalId).toBe('shop:7');
  expect(
    (await api.post('/series', { title: 'Second', externalId: 'shop:7' }).expect(409)).body,
  ).toMatchObject({
    ...problem(409),
    errors: [{ field: 'externalId' }],
  });
  const one = await api.post('/episodes', { seriesId, number: 1, externalId: 'e1' }).expect(201);
  const two = await api.post('/episodes', { seriesId, number: 2, externalId: '' }).expect(201);
  expect([one.body.externalId, two.body.externalId]).toEqual(['e1', null]);
  expect((await api.patch(`/episodes/${two.body.id}`, { externalId: 'e1' }).expect(409)).body).toMatchObject({
    errors: [{ field: 'externalId', message: `Is taken by the episode with the id ${one.body.id}.` }],
  });
  await api.delete(`/episodes/${one.body.id}`).expect(204);
  await api.patch(`/episodes/${two.body.id}`, { externalId: 'e1' }).expect(200);
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

describe('when an episode is published', () => {
  const FUTURE = '2099-01-01T00:00:00.000Z';
  const PAST = '2020-01-01T00:00:00.000Z';
  const publishAtOnly = (response: { readonly body: { readonly errors?: readonly { field: string }[] } }) =>
    expect(response.body.errors?.map(({ field }) => field)).toEqual(['publishAt']);

  async function scheduled(title: string): Promise<string> {
    const seriesId = await newSeries(title);
    const body = { seriesId, number: 1, status: 'scheduled', publishAt: FUTURE, videoServers: [playable] };
    return (await api.post('/episodes', body).expect(201)).body.id;
  }

  test('its status and its time may not contradict each other', async () => {
    const seriesId = await newSeries('Contradiction');
    publishAtOnly(
      await api
        .post('/episodes', { seriesId, number: 1, status: 'published', publishAt: FUTURE })
        .expect(422),
    );
    publishAtOnly(
      await api.post('/episodes', { seriesId, number: 1, status: 'scheduled', publishAt: PAST }).expect(422),
    );
    const { body } = await api
      .post('/episodes', { seriesId, number: 1, status: 'published', publishAt: PAST })
      .expect(201);
    publishAtOnly(await api.patch(`/episodes/${body.id}`, { publishAt: FUTURE }).expect(422));
    // Its old time is not one that it could be scheduled for.
    publishAtOnly(await api.patch(`/episodes/${body.id}`, { status: 'scheduled' }).expect(422));
    publishAtOnly(
      await api.patch(`/episodes/${body.id}`, { status: 'scheduled', publishAt: null }).expect(422),
    );
    expect((await api.get(`/episodes/${body.id}`)).body).toMatchObject({ status: 'published', version: 1 });
  });

  test('a script that only says "published" means now', async () => {
    const id = await scheduled('Now');
    publishAtOnly(await api.patch(`/episodes/${id}`, { status: 'published', publishAt: FUTURE }).expect(422));
    const { body } = await api.patch(`/episodes/${id}`, { status: 'published' }).expect(200);
    expect(body).toMatchObject({ status: 'published', publishAt: null });
    expect(Date.now() - Date.parse(body.publishedAt)).toBeLessThan(60_000);
  });

  test('one whose time has just come can still be edited', async () => {
    const id = await scheduled('Just come');
    await app.database.db('episodes').where({ id }).update({ publish_at: PAST });
    // Unless the scheduler was faster: then it is published, and its old time is right as well.
    const { body } = await api.patch(`/episodes/${id}`, { title: 'Edited' }).expect(200);
    expect(body).toMatchObject({ title: 'Edited', publishAt: PAST });
  });
});

describe('If-Match', () => {
  async function posted(title: string) {
    const seriesId = await newSeries(title);
    const { body, headers } = await api.post('/episodes', { seriesId, number: 1 }).expect(201);
    return { path: `/episodes/${body.id}`, seriesId, etag: String(headers.etag) };
  }

  test('an episode has a strong ETag that changes whenever it does', async () => {
    const { path, seriesId, etag } = await posted('Tagged');
    expect(etag).toMatch(/^"[^"]+"$/);
    expect((await api.get(path)).headers.etag).toBe(etag);
    expect((await api.patch(path, {}).expect(200)).headers.etag).toBe(etag);
    const changed = (await api.patch(path, { title: 'A' }).expect(200)).headers.etag;
    expect(changed).not.toBe(etag);
    expect((await api.get(path)).headers.etag).toBe(changed);
    // Its address is a part of what is told of it.
    await app.database.db('series').where({ id: seriesId }).update({ slug: 'tagged-anew' });
    const moved = await api.get(path).set('If-None-Match', String(changed)).expect(200);
    expect(moved.body.url).toBe('/series/tagged-anew/episodes/1');
    await api.get(path).set('If-None-Match', String(moved.headers.etag)).expect(304);
  });

  test('lets nobody change or delete what was changed meanwhile', async () => {
    const { path, etag } = await posted('Matched');
    const { headers } = await api.patch(path, { title: 'A' }).set('If-Match', etag).expect(200);
    for (const refused of [
      await api.patch(path, { title: 'B' }).set('If-Match', etag),
      await api.delete(path).set('If-Match', etag),
      await api.get(path).set('If-Match', etag),
    ]) {
      expect(refused.body).toMatchObject({
        ...problem(412),
        detail: expect.stringContaining(String(headers.etag)),
      });
    }
    expect((await api.get(path)).body).toMatchObject({ title: 'A', version: 2 });
    await api.delete(path).set('If-Match', String(headers.etag)).expect(204);
    // There is nothing to match: what would be a 404 without the header is one with it.
    await api.delete(path).set('If-Match', '*').expect(404);
  });

  test('holds beside the version of the body', async () => {
    const { path, etag } = await posted('Both');
    await api.patch(path, { title: 'A', version: 2 }).set('If-Match', etag).expect(409);
    await api.patch(path, { title: 'A', version: 1 }).set('If-Match', '"other"').expect(412);
    await api.patch(path, { title: 'A', version: 1 }).set('If-Match', etag).expect(200);
  });

  test.each([
    ['*', 200],
    [' * ', 200],
    ['"other", ETAG', 200],
    [',ETAG ,', 200],
    ['"a,b",\t"", ETAG', 200],
    ['W/ETAG', 412],
    ['"other", W/"x"', 412],
    ['""', 412],
    ['', 400],
    [',', 400],
    ['3', 400],
    ['"3', 400],
    ['"a"b"', 400],
    ['"a" "b"', 400],
    ['w/"a"', 400],
    ['*, "a"', 400],
    ['ETAG, x', 400],
  ])('%j is %i', async (header, status) => {
    const { path, etag } = await posted(`Header ${header}`);
    const response = await api.patch(path, { title: 'A' }).set('If-Match', header.replace('ETAG', etag));
    expect(response.status).toBe(status);
    expect((await api.get(path)).body.version).toBe(status === 200 ? 2 : 1);
  });
});

test('an episode of a series that is not there is refused at that field', async () => {
  const response = await api.post('/episodes', { seriesId: '999999', number: 1 });
  expect(response.status).toBe(422);
  expect(response.body.errors).toMatchObject([{ field: 'seriesId' }]);
});

test.each([
  ['/episodes?limit=0', 'limit'],
  ['/episodes?limit=201', 'limit'],
  ['/episodes?limit=x', 'limit'],
  ['/episodes?limit=', 'limit'],
  ['/episodes?limit=0x10', 'limit'],
  ['/episodes?limit=1e2', 'limit'],
  ['/episodes?limit=%2010.0', 'limit'],
  ['/episodes?limit=1&limit=2', 'limit'],
  ['/episodes?after=x', 'after'],
  ['/episodes?after=1&after=2', 'after'],
  ['/episodes?status=lost', 'status'],
  ['/episodes?status=draft&status=hidden', 'status'],
  ['/episodes?seriesId=', 'seriesId'],
  ['/episodes?slug=x', 'slug'],
  ['/episodes?seriesid=1', 'seriesid'],
  ['/episodes?seriesId[]=1', 'seriesId[]'],
  ['/series?after=-1', 'after'],
  ['/series?search=a&search=b', 'search'],
  ['/series?status=draft', 'status'],
])('refuses %s and names the parameter', async (path, parameter) => {
  const response = await api.get(path);
  expect(response.status).toBe(400);
  expect(response.body.errors).toEqual([{ field: parameter, message: expect.any(String) }]);
});

test('names every parameter that is wrong', async () => {
  const { body } = await api.get('/episodes?slug=x&limit=0&after=1&after=2&page=3').expect(400);
  expect(body.errors.map(({ field }: { field: string }) => field).sort()).toEqual([
    'after',
    'limit',
    'page',
    'slug',
  ]);
});

test('every route refuses a parameter that it does not know, whatever else is wrong', async () => {
  // Read from Express, so that a new route can't be forgotten here.
  const routes = [
    ...routesIn(apiOperations({ ...app, images: imagesIn(app.database.db) }).stack),
    'get /openapi.json',
  ];
  expect(routes).toEqual(expect.arrayContaining(['get /series', 'post /series', 'delete /episodes/:key']));
  for (const route of routes) {
    const [method = '', path = ''] = route.split(' ');
    const response = await request(app.app)
      [method as 'get'](`/api/v1${path.replace(/:\w+/g, '1')}?colour=red`)
      .auth(token, { type: 'bearer' })
      .type('json');
    expect([route, response.status, response.body.errors]).toEqual([
      route,
      400,
      [{ field: 'colour', message: 'There is no such parameter.' }],
    ]);
  }
});

test('an unknown path of the API is a problem document', async () => {
  expect((await api.get('/nothing')).body).toMatchObject(problem(404));
});
