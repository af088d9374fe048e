import { SaxesParser } from 'saxes';
import request from 'supertest';
import { createTestApp, type TestApp } from '../../support/app';
import { newEpisode, newSeries } from '../../support/catalog';

const SITE = 'https://anime.example';

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp({ SITE_URL: SITE });
  const shown = await newSeries(app.catalog, { title: 'Shown', slug: 'shown' });
  await newEpisode(app.catalog, shown.id, { number: '12.50' });
  await newEpisode(app.catalog, shown.id, { number: 1, kind: 'special' });
  await newEpisode(app.catalog, shown.id, { number: 2, status: 'draft' });
  const hidden = await newSeries(app.catalog, { title: 'Hidden', slug: 'hidden', visible: false });
  await newEpisode(app.catalog, hidden.id);
  // Far behind: ids have gaps.
  await app.database.db.raw("select setval(pg_get_serial_sequence('series', 'id'), 45000)");
  await newSeries(app.catalog, { title: 'Later', slug: 'later' });
});
afterAll(() => app.close());

/** The addresses of a file of the sitemap, which a strict parser has to accept. */
async function locationsOf(path: string): Promise<string[]> {
  const { text, headers } = await request(app.app).get(path).buffer(true).expect(200);
  expect(headers['content-type']).toBe('application/xml; charset=utf-8');
  const locations: string[] = [];
  const parser = new SaxesParser({ xmlns: true });
  let isLocation = false;
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', ({ local }) => {
    isLocation = local === 'loc';
  });
  parser.on('text', (location) => {
    if (isLocation) locations.push(location);
    isLocation = false;
  });
  parser.write(text).close();
  return locations;
}

test('the index names the files that have something in them', async () => {
  expect(await locationsOf('/sitemap.xml')).toEqual(
    ['site', 'series-1', 'series-5', 'episodes-1'].map((name) => `${SITE}/sitemaps/${name}.xml`),
  );
});

test('the files have every public page, and no other', async () => {
  expect(await locationsOf('/sitemaps/site.xml')).toContain(`${SITE}/episodes/latest`);
  expect(await locationsOf('/sitemaps/series-1.xml')).toEqual([`${SITE}/series/shown`]);
  expect(await locationsOf('/sitemaps/series-5.xml')).toEqual([`${SITE}/series/later`]);
  const episodes = await locationsOf('/sitemaps/episodes-1.xml');
  expect(episodes).toEqual([`${SITE}/series/shown/episodes/12.5`, `${SITE}/series/shown/specials/1`]);
  for (const url of episodes) await request(app.app).get(url.slice(SITE.length)).expect(200);
});

test.each(['series-2', 'series-0', 'episodes-x', 'episodes-99999999999999999999', 'nothing-1'])(
  'there is no file %s',
  async (name) => {
    await request(app.app).get(`/sitemaps/${name}.xml`).expect(404);
  },
);

test('robots are kept from what changes by the second and from the back office', async () => {
  const { text, headers } = await request(app.app).get('/robots.txt').expect(200);
  expect(headers['content-type']).toMatch(/^text\/plain/);
  expect(text).toContain('Disallow: /admin\n');
  expect(text).toContain('Disallow: /events\n');
  expect(text).toContain(`\nSitemap: ${SITE}/sitemap.xml\n`);
});

test('the manifest and all of its icons are there', async () => {
  const { body, headers } = await request(app.app).get('/icons/site.webmanifest').buffer(true).parse(asJson);
  expect(headers['content-type']).toMatch(/^application\/manifest\+json/);
  expect(body.icons).toContainEqual(expect.objectContaining({ purpose: 'maskable', sizes: '512x512' }));
  for (const { src, type } of body.icons) {
    const { headers } = await request(app.app).get(src).expect(200);
    expect(headers['content-type']).toBe(type);
  }
});

function asJson(response: request.Response, done: (error: Error | null, body: unknown) => void): void {
  let text = '';
  response.on('data', (chunk) => {
    text += chunk;
  });
  response.on('end', () => done(null, JSON.parse(text)));
}
