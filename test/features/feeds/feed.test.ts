import { parseJsonFeed } from 'feedsmith';
import Parser from 'rss-parser';
import { SaxesParser } from 'saxes';
import request from 'supertest';
import { deleteEpisode } from '../../../src/features/episodes/repository';
import { seriesSchema } from '../../../src/features/series/fields';
import { updateSeries } from '../../../src/features/series/repository';
import { createTestApp, type TestApp } from '../../support/app';
import { newEpisode, newSeries, tester } from '../../support/catalog';

const SITE = 'https://anime.example';

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp({ SITE_URL: SITE });
});
afterAll(() => app.close());

const reader = new Parser();
const get = (path: string) => request(app.app).get(path).buffer(true);
const bodyOf = async (path: string): Promise<string> => (await get(path).expect(200)).text;

/** @throws what a strict parser of XML has to say against it */
function checkXml(xml: string): void {
  const parser = new SaxesParser({ xmlns: true });
  parser.on('error', (error) => {
    throw error;
  });
  parser.write(xml).close();
}

const NASTY = `R&D &amp; <b>"it's"</b> ]]> <![CDATA[ x ]]> 葬送 🎬`;

test('the newest episodes of the site stand in all three formats, whatever is in their titles', async () => {
  const series = await newSeries(app.catalog, { title: NASTY, slug: 'nasty', kind: 'movie' });
  const { id } = await newEpisode(app.catalog, series.id, { number: 12.5, title: NASTY });
  // A row from before such characters were refused.
  await app.database
    .db('episodes')
    .where({ id })
    .update({ title: `${NASTY}\u0001\ufffe` });
  await app.feed.catchUp();
  const title = `${NASTY} – Part 12.5: ${NASTY}`;
  const url = `${SITE}/series/nasty/episodes/12.5`;
  const guid = `tag:anime.example,2026:episode/${id}`;

  const atomText = await bodyOf('/feed.atom');
  checkXml(atomText);
  const atom = await reader.parseString(atomText);
  expect(atom).toMatchObject({ feedUrl: `${SITE}/feed.atom`, link: `${SITE}/episodes/latest` });
  expect(atom.items).toEqual([
    expect.objectContaining({ id: guid, title, link: url, summary: expect.stringContaining(NASTY) }),
  ]);

  const rssText = await bodyOf('/feed.rss');
  checkXml(rssText);
  const rss = await reader.parseString(rssText);
  expect(rss).toMatchObject({ feedUrl: `${SITE}/feed.rss`, link: `${SITE}/episodes/latest` });
  expect(rss.items).toEqual([
    expect.objectContaining({ guid, title, link: url, content: expect.stringContaining('&lt;b&gt;') }),
  ]);

  const json = parseJsonFeed(await bodyOf('/feed.json'));
  expect(json).toMatchObject({
    feed_url: `${SITE}/feed.json`,
    items: [{ id: guid, url, title }],
  });
  expect(json.items?.[0]?.image).toMatch(/^https:\/\/anime\.example\/art\//);
});

test('a type and a series have feeds of their own, which follow what becomes of their episodes', async () => {
  const tv = await newSeries(app.catalog, { title: 'Weekly', slug: 'weekly', kind: 'tv' });
  const first = await newEpisode(app.catalog, tv.id, { number: 1 });
  await newEpisode(app.catalog, tv.id, { number: 2 });
  await app.feed.catchUp();
  const titles = async (path: string) =>
    (parseJsonFeed(await bodyOf(path)).items ?? []).map(({ title }) => title);
  expect(await titles('/feed.json?type=tv')).toEqual(['Weekly – Episode 2', 'Weekly – Episode 1']);
  expect(await titles('/series/weekly/feed.json')).toEqual(['Weekly – Episode 2', 'Weekly – Episode 1']);
  expect(await titles('/feed.json?type=ova')).toEqual([]);
  checkXml(await bodyOf('/feed.atom?type=ova'));

  await deleteEpisode(app.catalog, tester, first.id);
  await app.feed.catchUp();
  expect(await titles('/series/weekly/feed.json')).toEqual(['Weekly – Episode 2']);

  const renamed = seriesSchema.parse({ title: 'Renamed', slug: 'renamed', kind: 'tv' });
  await updateSeries(app.catalog, tester, tv.id, renamed, tv.version);
  await app.feed.catchUp();
  const { headers } = await get('/series/weekly/feed.json').expect(301);
  expect(headers.location).toBe('/series/renamed/feed.json');
  expect(await titles('/series/renamed/feed.json')).toEqual(['Renamed – Episode 2']);
});

test.each(['/feed.atom', '/series/kept/feed.rss'])('%s is answered from memory, and by 304', async (path) => {
  if (path.includes('kept')) {
    const kept = await newSeries(app.catalog, { title: 'Kept', slug: 'kept' });
    await newEpisode(app.catalog, kept.id);
  }
  await app.feed.catchUp();
  const { headers } = await get(path).expect(200);
  expect(headers['content-type']).toMatch(/^application\/(atom|rss)\+xml; charset=utf-8$/);
  let queries = 0;
  const count = () => queries++;
  app.database.db.on('query', count);
  await get(path).set('If-None-Match', String(headers.etag)).expect(304);
  await get(path).set('Accept-Encoding', 'identity').expect(200);
  app.database.db.off('query', count);
  expect(queries).toBe(0);
});

test('without a fixed address nobody gets a feed that was made for another host', async () => {
  const open = await createTestApp();
  try {
    const series = await newSeries(open.catalog, { title: 'Shared' });
    await newEpisode(open.catalog, series.id);
    for (const host of ['evil.example', 'anime.example:8080']) {
      const { text } = await request(open.app).get('/feed.json').set('Host', host).buffer(true).expect(200);
      expect(JSON.parse(text)).toMatchObject({ feed_url: `http://${host}/feed.json` });
    }
    await request(open.app).get('/feed.json').set('Host', 'a b').expect(400);
  } finally {
    await open.close();
  }
});

test.each([
  ['/feed.txt', 404],
  ['/feed.atom?type=opera', 400],
  ['/feed.atom?kind=tv', 400],
  ['/series/nothing/feed.atom', 404],
])('%s is refused: %d', async (path, status) => {
  await get(path).expect(status);
});

test('a page names its feeds in its head, and links them', async () => {
  const series = await newSeries(app.catalog, { title: 'A "quoted" <title>', slug: 'quoted' });
  const page = (await request(app.app).get(`/series/${series.slug}`).expect(200)).text;
  const [head = '', body = ''] = page.split('</head>');
  expect(head).toContain(
    '<link rel="alternate" href="/series/quoted/feed.atom" type="application/atom+xml" title="A &#34;quoted&#34; &lt;title&gt;">',
  );
  expect(head).toContain('<link rel="alternate" href="/feed.json" type="application/feed+json"');
  for (const href of ['/series/quoted/feed.rss', '/feed.rss']) expect(body).toContain(`<a href="${href}"`);
  const movies = (await request(app.app).get('/episodes/latest?type=movie').expect(200)).text;
  expect(movies).toContain('href="/feed.atom?type=movie" type="application/atom+xml"');
});
