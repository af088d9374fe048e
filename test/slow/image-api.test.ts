import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import request from 'supertest';
import { createApiToken } from '../../src/features/accounts/api-tokens';
import { imageJobs } from '../../src/features/images/jobs';
import { listJournal } from '../../src/journal/journal';
import { apiOf } from '../support/api';
import { createTestApp, type TestApp } from '../support/app';
import { newEpisode, newSeries } from '../support/catalog';
import { imagesIn } from '../support/images';
import { photo } from '../support/picture-form';

let site: TestApp;
let folder: string;
let token: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nipnime-image-api-'));
  site = await createTestApp({ DATA_DIR: folder });
  token = await createApiToken(site.database.db, 'pictures');
});
afterAll(async () => {
  await site?.close();
  await rm(folder, { recursive: true });
});

const api = apiOf(
  () => site,
  () => token,
);
const put = (path: string, type = 'image/jpeg') => api.send('put', path).type(type);

async function doJobs(): Promise<void> {
  const { rows } = await site.database.db.raw<{ rows: { payload: unknown }[] }>(
    `delete from graphile_worker._private_jobs returning payload`,
  );
  const { 'encode-image': encode } = imageJobs(imagesIn(site.database.db, folder), site.catalog);
  for (const { payload } of rows)
    await encode?.run(payload, { isLast: false, signal: new AbortController().signal });
}

test('a script sends a poster, which is on the site when its files are made, and takes it away', async () => {
  const { id, slug } = await newSeries(site.catalog, { title: 'By a script' });
  const path = `/series/${id}/poster`;
  const bytes = await photo(900, 1_200);
  const sent = await put(path).set('If-Match', '"1"').send(bytes).expect(200);
  expect(sent.body).toMatchObject({ id, version: 2, poster: expect.stringMatching(/^[0-9a-f]{24}$/) });
  expect(sent.headers.etag).toBe('"2"');
  expect((await api.get(`/series/${id}`).expect(200)).body).toEqual(sent.body);
  // The same once more changes nothing; of whatever type it is said to be, its bytes say what it is.
  expect((await put(path, 'application/octet-stream').send(bytes).expect(200)).body.version).toBe(2);
  await doJobs();
  expect((await request(site.app).get(`/series/${slug}`)).text).toContain(
    `/images/${sent.body.poster}-480.webp`,
  );
  const [act] = await listJournal(site.database.db, { subjectKind: 'series', subjectId: id, limit: 1 });
  expect(act).toMatchObject({ via: 'api', changes: { poster: { before: null, after: sent.body.poster } } });

  await put(path).set('If-Match', '"1"').send(bytes).expect(412);
  const gone = await api.delete(path).set('If-Match', '"2"').expect(200);
  expect(gone.body).toMatchObject({ version: 3, poster: null });
  expect((await api.delete(path).expect(200)).body.version).toBe(3);
});

test('and a still of an episode, by what another system knows it by', async () => {
  const { id } = await newSeries(site.catalog, { title: 'Stills' });
  const episode = await newEpisode(site.catalog, id, { externalId: 'e:1' });
  const path = '/episodes/external:e%3A1/still';
  const { body } = await put(path)
    .send(await photo(1_280, 720))
    .expect(200);
  expect(body).toMatchObject({ id: episode.id, still: expect.stringMatching(/^[0-9a-f]{24}$/) });
  expect((await api.delete(path).expect(200)).body.still).toBeNull();
});

test('what can’t be taken is refused with its reason, and changes nothing', async () => {
  const { id } = await newSeries(site.catalog, { title: 'Refused' });
  const path = `/series/${id}/poster`;
  const small = await photo(100, 150);
  for (const [body, message] of [
    [
      Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'),
      'Is no picture. Choose a JPEG, PNG, WebP, AVIF or GIF file.',
    ],
    [small, 'Is too small: it needs at least 240 × 360 pixels.'],
    [
      (await photo(900, 1_200)).subarray(0, 2_000),
      'Is damaged, or not the whole file. Choose it again, or another one.',
    ],
    [await photo(8_000, 5_001), 'Has more than 40 megapixels. Choose a smaller picture.'],
  ] as const) {
    const { body: problem } = await put(path).send(body).expect(422);
    expect(problem.errors).toEqual([{ field: 'poster', message }]);
  }
  await put(path).expect(422);
  await put(path)
    .send(Buffer.alloc(10 * 1_024 * 1_024 + 1))
    .expect(413);
  await put(path, 'application/json').send('{}').expect(415);
  await put(path, 'text/plain').send('x').expect(415);
  await put(path).set('Content-Encoding', 'gzip').send(small).expect(415);
  expect((await api.get(`/series/${id}`).expect(200)).body).toMatchObject({ version: 1, poster: null });
});
