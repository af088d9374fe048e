import { createApiToken } from '../../../src/features/accounts/api-tokens';
import { readCatalogFile } from '../../../src/features/transfer/catalog-file';
import { importCatalog } from '../../../src/features/transfer/catalog-import';
import { apiOf } from '../../support/api';
import { createTestApp, type TestApp } from '../../support/app';
import { newEpisode, newSeries, tester } from '../../support/catalog';
import { keepPicture } from '../../support/images';

let site: TestApp;
let token: string;
let poster: string;
let still: string;
beforeAll(async () => {
  site = await createTestApp();
  token = await createApiToken(site.database.db, 'test');
  poster = await keepPicture(site.database.db, 'poster', Buffer.from('a poster'));
  still = await keepPicture(site.database.db, 'still', Buffer.from('a still'));
});
afterAll(() => site.close());
const api = apiOf(
  () => site,
  () => token,
);

const UNKNOWN = 'f'.repeat(24);
const refusedFor = (field: string) => [
  { field, message: `No ${field} of this name was uploaded. Send the picture itself.` },
];

test('a script can name a poster that was uploaded, and no other; a still is none', async () => {
  const named = await api.post('/series', { title: 'Named', poster }).expect(201);
  expect(named.body.poster).toBe(poster);
  const path = `/series/${named.body.id}`;
  for (const other of [UNKNOWN, still])
    for (const answer of [
      await api.post('/series', { title: 'Other', poster: other }),
      await api.put('/series/external:x', { title: 'Other', poster: other }),
      await api.put(path, { title: 'Named', poster: other }),
      await api.patch(path, { poster: other }),
    ])
      expect([answer.status, answer.body.errors]).toEqual([422, refusedFor('poster')]);
  await api.patch(path, { poster: null }).expect(200);
  await api.patch(path, { poster }).expect(200);
});

test('of a still, too, one by one and many at once', async () => {
  const { id: seriesId } = await newSeries(site.catalog, { title: 'Stills' });
  const named = await api.post('/episodes', { seriesId, number: 1, still }).expect(201);
  const path = `/episodes/${named.body.id}`;
  const wrong = { seriesId, number: 2, still: UNKNOWN };
  for (const answer of [
    await api.post('/episodes', wrong),
    await api.put('/episodes/external:x', wrong),
    await api.put(path, { seriesId, number: 1, still: UNKNOWN }),
    await api.put(`/series/${seriesId}/episodes/2`, { still: UNKNOWN }),
    await api.patch(path, { still: UNKNOWN }),
  ])
    expect([answer.status, answer.body.errors]).toEqual([422, refusedFor('still')]);
  const { body } = await api.post('/episodes/bulk', { episodes: [wrong, { seriesId, number: 3, still }] });
  expect(body.data).toMatchObject([
    { outcome: 'refused', status: 422, errors: refusedFor('still') },
    { outcome: 'created' },
  ]);
});

test('what names a picture that is no longer kept can be sent back as it was read', async () => {
  const { id } = await newSeries(site.catalog, { title: 'Purged', poster: UNKNOWN });
  const { body } = await api.get(`/series/${id}`).expect(200);
  expect((await api.put(`/series/${id}`, body).expect(200)).body.version).toBe(body.version);
  await api.patch(`/series/${id}`, { ...body, synopsis: 'Edited.' }).expect(200);
  const episode = await newEpisode(site.catalog, id, { still: UNKNOWN });
  const read = await api.get(`/episodes/${episode.id}`).expect(200);
  await api.put(`/episodes/${episode.id}`, { ...read.body, title: 'Edited' }).expect(200);
});

test('a file of the catalog may name pictures that come later, and each row says so', async () => {
  const file = {
    format: 'nipnime-catalog',
    version: 1,
    series: [
      { slug: 'later', title: 'Later', poster: UNKNOWN },
      { slug: 'there', title: 'There', poster },
    ],
    episodes: [{ series: 'later', number: 1, still: UNKNOWN }],
  };
  async function* bytes() {
    yield new TextEncoder().encode(JSON.stringify(file));
  }
  const rows: unknown[] = [];
  const options = { actor: tester, from: 'test.json', now: () => new Date() };
  for await (const some of importCatalog(site.catalog, readCatalogFile(bytes()), options)) rows.push(...some);
  const note = (kind: string) =>
    `Its ${kind} is not on this site: one is drawn until the same picture is uploaded.`;
  expect(rows).toMatchObject([
    { outcome: 'created', notes: [note('poster')] },
    { outcome: 'created', notes: [] },
    { outcome: 'created', notes: [note('still')] },
  ]);
  const { body } = await api.get('/series/slug:later').expect(200);
  expect(body.poster).toBe(UNKNOWN);
});
