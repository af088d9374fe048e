import request from 'supertest';
import { createTestApp, type TestApp } from '../support/app';
import { newSeries, playable } from '../support/catalog';

let app: TestApp;
const EPISODES = 250;
const SPECIALS = 20;
beforeAll(async () => {
  app = await createTestApp();
  const series = await newSeries(app.catalog, { title: 'Long' });
  const rows = [
    ...Array.from({ length: EPISODES }, (_, index) => ({ kind: 'regular', number: index + 1 })),
    ...Array.from({ length: SPECIALS }, (_, index) => ({ kind: 'special', number: index + 1 })),
  ].map((row) => ({ ...row, series_id: series.id, status: 'published', published_at: new Date() }));
  const ids: { id: string }[] = await app.database.db('episodes').insert(rows).returning('id');
  const { name, kind, url } = playable;
  await app.database
    .db('video_servers')
    .insert(ids.map(({ id }) => ({ episode_id: id, position: 0, name, kind, url })));
}, 30_000);
afterAll(() => app.close());

const get = (path: string) => request(app.app).get(path);
const labels = (html: string) =>
  [...html.matchAll(/episode-row__link"[^>]*>([^<]*)</g)].map(([, label]) => label);
const link = (html: string, name: string): string | undefined =>
  [...html.matchAll(/<a class="button" href="([^"#]*)#episodes"[^>]*>(.*?)<\/a>/g)].find(([, , text]) =>
    text?.includes(name),
  )?.[1];

const ALL = [
  ...Array.from({ length: EPISODES }, (_, index) => `Episode ${index + 1}`),
  ...Array.from({ length: SPECIALS }, (_, index) => `Special ${index + 1}`),
];

test('a long series is shown a hundred episodes at a time, forwards to its end', async () => {
  const seen: (string | undefined)[] = [];
  const pages: number[] = [];
  for (let path: string | undefined = '/series/long'; path !== undefined; ) {
    const { text }: { text: string } = await get(path).expect(200);
    pages.push(labels(text).length);
    seen.push(...labels(text));
    path = link(text, 'Next');
  }
  expect(pages).toEqual([100, 100, 70]);
  expect(seen).toEqual(ALL);
});

test('and backwards from its last ones', async () => {
  const seen: (string | undefined)[] = [];
  const first = (await get('/series/long')).text;
  expect(link(first, 'Previous')).toBeUndefined();
  expect(link(first, 'First')).toBeUndefined();
  let last = true;
  for (let path = link(first, 'Last'); path !== undefined; ) {
    const { text }: { text: string } = await get(path).expect(200);
    seen.unshift(...labels(text));
    expect(link(text, 'Next') === undefined).toBe(last);
    last = false;
    path = link(text, 'Previous');
  }
  expect(seen).toEqual(ALL);
});

test('a page in the middle leads to both ends, and says what is on it', async () => {
  const { text } = await get('/series/long?after=regular-200').expect(200);
  expect(text).toContain('Episode 201 to Special 20');
  expect(link(text, 'First')).toBe('/series/long');
  expect(link(text, 'Previous')).toBe('/series/long?before=regular-201');
});

test('a key need not be an episode any more', async () => {
  const { text } = await get('/series/long?after=regular-100.5').expect(200);
  expect(labels(text)[0]).toBe('Episode 101');
  const beyond = (await get('/series/long?after=special-99').expect(200)).text;
  expect(labels(beyond)).toEqual([]);
  expect(beyond).toContain('href="/series/long"');
});

test.each([
  'after=x',
  'after=regular',
  'after=regular-1-2',
  'before=other-1',
  'before=regular-x',
  'after=',
  'after=regular-1&after=regular-2',
])('a damaged link says so: %s', async (query) => {
  await get(`/series/long?${query}`).expect(400);
});

test('a short series has no pages', async () => {
  const short = await newSeries(app.catalog, { title: 'Short' });
  const { text } = await get(`/series/${short.slug}`).expect(200);
  expect(text).not.toContain('episode-pager');
});
