import request from 'supertest';
import { createApiToken } from '../../src/features/accounts/api-tokens';
import { SCOPES } from '../../src/features/accounts/scopes';
import { API_SCOPES } from '../../src/process/api-scopes';
import { apiOperations } from '../../src/process/app';
import { apiOf, checkAnswer, description, findOperation, problemsBy, seen } from '../support/api';
import { createTestApp, type TestApp } from '../support/app';
import { playable } from '../support/catalog';
import { imagesIn, keepPicture } from '../support/images';
import { routesIn } from '../support/routes';

let site: TestApp;
let token: string;
beforeAll(async () => {
  site = await createTestApp();
  token = await createApiToken(site.database.db, 'test');
});
afterAll(() => site.close());

const api = apiOf(
  () => site,
  () => token,
);

/** Of the description, each with its method. */
const operations = Object.entries(description.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ method, path, operation })),
);

test('says what it is, to whoever asks', async () => {
  const { body } = await request(site.app).get('/api/v1/openapi.json').expect(200);
  expect(body).toEqual(description);
  expect(body.openapi).toMatch(/^3\.1\./);
  expect(body.components.schemas.NewEpisode).toMatchObject({
    required: ['seriesId', 'number'],
    additionalProperties: false,
    properties: {
      status: { title: 'Status', default: 'draft', enum: ['draft', 'scheduled', 'published', 'hidden'] },
    },
  });
});

test('is a page for people, too, with each request, each field and an example', async () => {
  const { text } = await request(site.app).get('/api/v1/').set('Host', 'anime.example').expect(200);
  for (const { method, path, operation } of operations) {
    expect(text).toContain(
      `<h3 id="${operation.operationId}"><code>${method.toUpperCase()} ${path}</code></h3>`,
    );
  }
  expect(text).toContain('&#39;http://anime.example/api/v1/series/slug:frieren/episodes/12&#39;');
  expect(text).toContain('<code>publishAt</code>');
  expect(text).not.toContain('[object');
  const targets = [...text.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id);
  expect(targets.filter((id) => !text.includes(`id="${id}"`))).toEqual([]);
});

test('describes each route of the API, and no other', () => {
  const described = operations.map(({ method, path }) => `${method} ${path.replace(/\{(\w+)\}/g, ':$1')}`);
  const routes = routesIn(apiOperations({ ...site, images: imagesIn(site.database.db) }).stack).sort();
  expect(described.sort()).toEqual(routes);
  expect(Object.keys(API_SCOPES).sort()).toEqual(routes);
});

test('names each of its operations once, says what each parameter of an address is, and gives examples that are taken', () => {
  const names = operations.map(({ operation }) => operation.operationId);
  expect(new Set(names).size).toBe(names.length);
  for (const { path, operation } of operations) {
    const inPath = (operation.parameters ?? []).filter((each) => each.in === 'path').map(({ name }) => name);
    expect(inPath).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name));
    const { schema, example } = operation.requestBody?.content['application/json'] ?? {};
    if (schema) expect([path, problemsBy(schema, example)]).toEqual([path, []]);
  }
});

// Each answer is held against the description as it comes (test/support/api.ts).
test('is true of what is sent and answered', async () => {
  const body = { title: '葬送のフリーレン', seasonYear: 2023, season: 'fall', synonyms: ['F'] };
  const links = [{ title: 'Site', url: 'https://example.org', kind: 'official', regions: ['JP'], note: 'x' }];
  const created = await api.post('/series', { ...body, links }).expect(201);
  expect(created.body.links).toEqual(links);
  await api.patch(`/series/${created.body.id}`, { links: [{ ...links[0], url: 'mailto:x' }] }).expect(422);
  const seriesId: string = created.body.id;
  const ofSeries = `/series/${seriesId}`;
  const full = {
    seriesId,
    number: '12.5',
    kind: 'special',
    title: 'T',
    synopsis: 'S',
    durationSeconds: 1_440,
    intro: { startSeconds: 90, endSeconds: 180 },
    status: 'scheduled',
    publishAt: '2031-01-01T12:00:45.123Z',
    videoServers: [{ ...playable, audioLanguage: 'ja', subtitleLanguage: null, enabled: false }],
  };
  const { body: episode } = await api.post('/episodes', full).expect(201);
  const ofEpisode = `/episodes/${episode.id}`;
  const { seriesId: _, kind: __, number: ___, ...placed } = full;

  // Each operation, by its address and what is sent, and what else it may answer.
  await api.get('/series?search=%E3%83%95&limit=1').expect(200);
  await api.get('/series?updatedSince=2020-01-01T00:00:00Z').expect(200);
  await api.get('/episodes?updatedSince=2020-01-01T00:00:00Z&deleted=include').expect(200);
  await api.post('/series', { title: 'Another', slug: created.body.slug }).expect(409);
  await api.post('/series', { title: '' }).expect(422);
  await api.post('/episodes', full).expect(409);
  await api.post('/episodes', { seriesId }).expect(422);
  await api.post('/episodes/bulk', { episodes: [{ seriesId, number: 50 }, { number: 1 }] }).expect(200);
  await api.post('/episodes/bulk', { episodes: [] }).expect(422);
  await site.database
    .db('api_answers')
    .insert({ token_id: 1, key: 'under-way', request_hash: Buffer.from('x') });
  await api
    .post('/episodes/bulk', { episodes: [{ seriesId, number: 50 }] })
    .set('Idempotency-Key', 'under-way')
    .expect(409);
  const named: readonly (readonly [string, object])[] = [
    [ofSeries, body],
    [ofEpisode, { ...full, number: 12.5 }],
    [`${ofSeries}/episodes/3`, { ...placed, status: 'draft' }],
    [`${ofSeries}/specials/12.5`, placed],
  ];
  for (const [path, whole] of named) {
    const made = await api.put(path, whole);
    expect([200, 201]).toContain(made.status);
    const etag = String(made.headers.etag);
    await api.get(path).expect(200);
    await api.get(path).set('If-None-Match', etag).expect(304);
    await api.get(path).set('If-Match', '"other"').expect(412);
    await api.put(path, whole).set('If-Match', etag).expect(200);
    await api.put(path, whole).set('If-Match', '"other"').expect(412);
    await api.put(path, { ...whole, version: made.body.version + 1 }).expect(409);
    await api.put(path, { ...whole, colour: 'red' }).expect(422);
    if (path.split('/').length > 3) continue;
    await api.patch(path, { version: made.body.version }).expect(200);
    await api.patch(path, { version: made.body.version + 1 }).expect(409);
    await api.patch(path, { colour: 'red' }).expect(422);
    await api.patch(path, {}).set('If-Match', '"other"').expect(412);
    await api.patch(path, {}).set('If-Match', 'nonsense').expect(400);
  }
  for (const path of [
    '/series/999999',
    '/episodes/999999',
    '/series/slug:none/episodes/1',
    `${ofSeries}/specials/7`,
  ]) {
    await api.get(path).expect(404);
    if (path.endsWith('/7')) continue;
    await api.put(path, path.startsWith('/series/9') ? body : { number: 1 }).expect(404);
    if (path.endsWith('/1')) continue;
    await api.patch(path, {}).expect(404);
  }
  await api.put('/series/slug:none/specials/1', {}).expect(404);
  for (const [kind, of] of [
    ['poster', '/series'],
    ['still', '/episodes'],
  ] as const) {
    const bytes = Buffer.from(`${kind} of the test`);
    const name = await keepPicture(site.database.db, kind, bytes);
    const path = `${kind === 'poster' ? ofSeries : ofEpisode}/${kind}`;
    const send = (to: string) => api.send('put', to).type('image/jpeg');
    const { body: with_, headers } = await send(path).send(bytes).expect(200);
    expect(with_[kind]).toBe(name);
    await send(path).set('If-Match', String(headers.etag)).send('no picture').expect(422);
    await send(path).set('If-Match', '"other"').send(bytes).expect(412);
    await send(`${of}/999999/${kind}`).send(bytes).expect(404);
    await api.delete(path).set('If-Match', '"other"').expect(412);
    expect((await api.delete(path).expect(200)).body[kind]).toBeNull();
    await api.delete(`${of}/999999/${kind}`).expect(404);
  }
  await api.put('/series/external:s-1', body).expect(201);
  await api.put('/episodes/external:e-1', { ...full, number: 13 }).expect(201);
  await api.put(`${ofSeries}/specials/14`, placed).expect(201);
  await api.delete(ofEpisode).set('If-Match', '"1-x"').expect(412);
  await api.delete(ofEpisode).expect(204);
  await api.delete(ofEpisode).expect(404);
  await api.put(`${ofSeries}/specials/12.5`, placed).expect(201);
  await api.post(`${ofEpisode}/restore`).expect(409);
  await api.post(`${ofEpisode}/restore`, { number: 'x' }).expect(422);
  await api.post(`${ofEpisode}/restore`, { number: 15 }).expect(200);
  await api.post('/episodes/999999/restore').expect(404);
  for (const path of ['/series', '/episodes'])
    for (const query of ['updatedSince=2020-01-01T00:00:00Z&limit=1', 'limit=1']) {
      const { headers } = await api.get(`${path}?${query}`).expect(200);
      // What was listed with a time of its own is another answer each time.
      if (query === 'limit=1')
        await api.get(`${path}?${query}`).set('If-None-Match', String(headers.etag)).expect(304);
    }
  await request(site.app).get('/api/v1/series').set('Authorization', 'Bearer made-up').expect(401);

  for (const { method, path, operation } of operations) {
    const [needed = ''] = operation.security[0]?.token ?? [];
    const scopes = SCOPES.filter((scope) => scope !== needed);
    const lacking = await createApiToken(site.database.db, 'lacking', { scopes });
    const address = path.replace(/\{\w+\}/g, '1');
    const answer = await request(site.app)
      [method as 'get'](`/api/v1${address}`)
      .auth(lacking, { type: 'bearer' });
    checkAnswer({ method, path: address }, answer);
    expect([method, path, answer.status]).toEqual([method, path, 403]);
    expect(answer.headers['www-authenticate']).toBe(`Bearer error="insufficient_scope", scope="${needed}"`);
    expect(answer.body.detail).toBe(`The token lacks the scope ${needed}.`);
  }

  // What is described beyond these is refused before the operation is known, and has tests of its own.
  const all = operations.flatMap(({ operation: { operationId, responses } }) =>
    Object.keys(responses).map((status) => `${operationId} ${status}`),
  );
  const untried = all.filter((one) => !seen.has(one)).filter((one) => !/ (400|401|413|415|429)$/.test(one));
  expect(untried).toEqual([]);
});

test('an answer that has what is not described would be found', () => {
  const { operation } = findOperation('get', '/episodes/1') ?? {};
  const schema = operation?.responses[200]?.content?.['application/json']?.schema ?? {};
  expect(problemsBy(schema, { id: '1' })).not.toEqual([]);
  const problem = { type: 'about:blank', status: 404, title: 'T', detail: 'D', requestId: 'x' };
  const ofProblem = description.components.schemas.Problem ?? {};
  expect(problemsBy(ofProblem, problem)).toEqual([]);
  expect(problemsBy(ofProblem, { ...problem, secret: 1 })).not.toEqual([]);
});
