import request from 'supertest';
import { seriesSchema } from '../../../src/features/series/fields';
import { updateSeries } from '../../../src/features/series/repository';
import { createTestApp, type TestApp } from '../../support/app';
import { newEpisode, newSeries, tester } from '../../support/catalog';

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp();
});
afterAll(() => app.close());

const get = (path: string) => request(app.app).get(path);

async function rename(id: string, slug: string, more: Record<string, unknown> = {}): Promise<void> {
  const { version } = await app.database.db('series').select('version').where({ id }).first();
  const input = seriesSchema.parse({ title: 'Renamed', slug, ...more });
  expect(await updateSeries(app.catalog, tester, id, input, version)).toMatchObject({ outcome: 'saved' });
}

test('what was under a former slug is found under the one that the series has now', async () => {
  const { id } = await newSeries(app.catalog, { title: 'Renamed', slug: 'first' });
  await newEpisode(app.catalog, id, { number: 2 });
  await rename(id, 'second');
  await rename(id, 'third');
  for (const slug of ['first', 'second']) {
    const { headers } = await get(`/series/${slug}`).expect(301);
    expect(headers.location).toBe('/series/third');
    expect(headers['cache-control']).toBe('public, max-age=3600');
  }
  for (const path of [
    '/episodes/2',
    '/episodes/2?server=1&x=%2F%3F',
    '/feed.atom',
    '?after=regular-1',
    '/episodes',
  ])
    expect((await get(`/series/first${path}`).expect(301)).headers.location).toBe(`/series/third${path}`);
  await get('/series/third/episodes/2').expect(200);
  await request(app.app).head('/series/first').expect(301);
  await request(app.app).post('/series/first').expect(404);
});

test('a series that is not to be seen gives no slug away, and one without a past is not found', async () => {
  const { id } = await newSeries(app.catalog, { title: 'Renamed', slug: 'seen' });
  await rename(id, 'secret', { visible: false });
  const { text } = await get('/series/seen').expect(404);
  expect(text).not.toContain('secret');
  await get('/series/never').expect(404);
  await get('/series/never%0a/episodes/1').expect(404);
});

test('a slug that was taken back, or given to another series, leads nowhere else', async () => {
  const { id } = await newSeries(app.catalog, { title: 'Renamed', slug: 'there' });
  await rename(id, 'back');
  await rename(id, 'there');
  expect((await get('/series/back').expect(301)).headers.location).toBe('/series/there');
  await get('/series/there').expect(200);
  await newSeries(app.catalog, { title: 'Another', slug: 'back' });
  expect((await get('/series/back').expect(200)).text).toContain('Another');
});

test('a slug that is made is none that leads to another series', async () => {
  const { id } = await newSeries(app.catalog, { title: 'Popular' });
  await rename(id, 'popular-no-more');
  expect((await newSeries(app.catalog, { title: 'Popular' })).slug).toBe('popular-2');
});
