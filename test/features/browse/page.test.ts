import request from 'supertest';
import { seriesSchema } from '../../../src/features/series/fields';
import { updateSeries } from '../../../src/features/series/repository';
import { createTestApp, type TestApp } from '../../support/app';
import { newEpisode, newSeries, tester } from '../../support/catalog';

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp();
  const fall = { seasonYear: 2026, season: 'fall' };
  const frieren = await newSeries(app.catalog, { title: 'Frieren', ...fall, genres: ['drama', 'Fantasy'] });
  await newEpisode(app.catalog, frieren.id, { number: 12.5 });
  await newEpisode(app.catalog, frieren.id, { number: 2, kind: 'special' });
  const akira = await newSeries(app.catalog, { title: 'Akira', kind: 'movie', genres: ['sci-fi'] });
  await newEpisode(app.catalog, akira.id);
  await newSeries(app.catalog, { title: '86', ...fall, genres: ['drama'] });
  await newSeries(app.catalog, { title: 'とある', slug: 'toaru', seasonYear: 2009, season: 'spring' });
  await newSeries(app.catalog, { title: 'Secret', visible: false, genres: ['kids'] });
});
afterAll(() => app.close());

const get = (path: string) => request(app.app).get(path);
const titles = (html: string) =>
  [...html.matchAll(/poster__link"[^>]*>([^<]*)</g)].map(([, title = '']) => title);
const shown = async (path: string) => titles((await get(path).expect(200)).text);
const href = (html: string, rel: string) =>
  new RegExp(`href="([^"]*)" rel="${rel}"`).exec(html)?.[1]?.replaceAll('&amp;', '&');

test('all series are there in the order of their addresses, hidden ones apart', async () => {
  const { text } = await get('/series').expect(200);
  expect(titles(text)).toEqual(['86', 'Akira', 'Frieren', 'とある']);
  expect(text).toContain('<a class="poster__link" href="/series/toaru" lang="ja" dir="auto">');
  expect(text).toContain('Up to episode 12.5');
  expect(text).toContain('No episodes yet');
  expect(text).not.toContain('episode 1<');
  expect(text).not.toContain('value="kids"');
});

test.each([
  ['type=movie', ['Akira']],
  ['season=2026-fall', ['86', 'Frieren']],
  ['genre=drama', ['86', 'Frieren']],
  ['genre=fantasy&season=2026-fall&type=tv', ['Frieren']],
  ['letter=f', ['Frieren']],
  ['letter=0-9', ['86']],
  ['letter=t&type=', ['とある']],
  ['genre=sci-fi&letter=f', []],
])('of those with %s', async (query, expected) => {
  expect(await shown(`/series?${query}`)).toEqual(expected);
});

test('only letters that lead somewhere are links, and they keep the filter', async () => {
  const { text } = await get('/series?genre=drama').expect(200);
  const links = [...text.matchAll(/<a class="letters__letter" href="([^"]*letter=[^"]*)"/g)].map(
    ([, url]) => url,
  );
  expect(links).toEqual(['/series?genre=drama&amp;letter=0-9', '/series?genre=drama&amp;letter=f']);
});

test('what is chosen and matches nothing says so, and leads back', async () => {
  const { text } = await get('/series?genre=mecha').expect(200);
  expect(text).toContain('No series matches');
  expect(text).toContain('<option value="mecha" selected>');
});

test.each(['type=opera', 'season=2026', 'genre=Drama', 'letter=ä', 'after=No%20slug'])(
  'an address that is wrong says so: %s',
  async (query) => {
    await get(`/series?${query}`).expect(400);
  },
);

test('what is edited is listed where it belongs at once', async () => {
  const wanderer = { title: 'Wanderer', kind: 'ova', genres: ['music'] };
  const { id, version } = await newSeries(app.catalog, wanderer);
  expect(await shown('/series?genre=music')).toEqual(['Wanderer']);
  const save = (change: object, of: number) =>
    updateSeries(app.catalog, tester, id, seriesSchema.parse({ ...wanderer, ...change }), of);
  await save({ genres: ['sports'], slug: 'the-wanderer' }, version);
  expect(await shown('/series?genre=music')).toEqual([]);
  expect(await shown('/series?genre=sports&letter=t&type=ova')).toEqual(['Wanderer']);
  await save({ visible: false }, version + 1);
  expect(await shown('/series?type=ova')).toEqual([]);
});

test('many series are leafed through in both directions', async () => {
  const rows = Array.from({ length: 130 }, (_, index) => ({
    title: `Web ${index}`,
    slug: `web-${String(index).padStart(3, '0')}`,
    kind: 'web',
  }));
  await app.database.db('series').insert(rows);
  const all = rows.map(({ title }) => title);
  const pages: string[] = [];
  const seen: string[] = [];
  let last = '';
  for (let path: string | undefined = '/series?type=web'; path !== undefined; ) {
    const { text }: { text: string } = await get(path).expect(200);
    pages.push(path);
    seen.push(...titles(text));
    last = path;
    path = href(text, 'next');
  }
  expect(seen).toEqual(all);
  expect(pages).toHaveLength(3);
  const back: string[] = [];
  for (let path: string | undefined = last; path !== undefined; ) {
    back.unshift(path);
    path = href((await get(path).expect(200)).text, 'prev');
  }
  expect(back).toEqual(pages);
});

test('behind the last one there is a way back', async () => {
  const { text } = await get('/series?after=zzz').expect(200);
  expect(text).toContain('No further series');
  expect(href(text, 'prev')).toBeDefined();
});

test('a series leads to others of its kind, season and genres', async () => {
  const { text } = await get('/series/frieren').expect(200);
  for (const query of ['type=tv', 'season=2026-fall', 'genre=drama', 'genre=fantasy'])
    expect(text).toContain(`href="/series?${query}"`);
});
