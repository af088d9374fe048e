import request from 'supertest';
import { createTestApp, type TestApp } from '../../support/app';
import { newEpisode, newSeries, playable } from '../../support/catalog';

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
  [...html.matchAll(/episode-row__link"[^>]*><span data-item-title>([^<]*)</g)].map(([, label]) => label);
const link = (html: string, name: string): string | undefined =>
  [...html.matchAll(/<a class="button" href="([^"#]*)#episodes"[^>]*>(.*?)<\/a>/g)]
    .find(([, , text]) => text?.includes(name))?.[1]
    ?.replaceAll('&amp;', '&');

const ALL = [
  ...Array.from({ length: EPISODES }, (_, index) => `Episode ${index + 1}`),
  ...Array.from({ length: SPECIALS }, (_, index) => `Special ${index + 1}`),
];

test('a long series is shown a hundred episodes at a time, forwards to its end', async () => {
  const seen: (string | undefined)[] = [];
  const pages: number[] = [];
  for (let path: string | undefined = '/series/long?order=oldest'; path !== undefined; ) {
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
  const first = (await get('/series/long?order=oldest')).text;
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

const NEWEST_FIRST = [...ALL.slice(0, EPISODES).reverse(), ...ALL.slice(EPISODES).reverse()];

test('unless it is asked otherwise the newest come first, then the specials, in both directions', async () => {
  const seen: (string | undefined)[] = [];
  for (let path: string | undefined = '/series/long'; path !== undefined; ) {
    const { text }: { text: string } = await get(path).expect(200);
    seen.push(...labels(text));
    path = link(text, 'Next');
  }
  expect(seen).toEqual(NEWEST_FIRST);
  const back: (string | undefined)[] = [];
  for (let path: string | undefined = '/series/long?before=end'; path !== undefined; ) {
    const { text }: { text: string } = await get(path).expect(200);
    back.unshift(...labels(text));
    path = link(text, 'Previous');
  }
  expect(back).toEqual(NEWEST_FIRST);
});

test.each([
  ['from=171', 'Episode 171', 'Episode 170'],
  ['from=Ep 12', 'Episode 12', 'Episode 11'],
  ['order=oldest&from=171', 'Episode 171', 'Episode 172'],
  ['from=special 7', 'Special 7', 'Special 6'],
  ['from=SP7&order=oldest', 'Special 7', 'Special 8'],
  ['from=１２', 'Episode 12', 'Episode 11'],
])('somebody who knows the number gets there: %s', async (query, first, second) => {
  const { text } = await get(`/series/long?${encodeURI(query)}`).expect(200);
  expect(labels(text).slice(0, 2)).toEqual([first, second]);
  expect(text).not.toContain('is not here');
});

test('a number that no episode has is said, and the list begins with the next one', async () => {
  const { text } = await get('/series/long?from=100.5').expect(200);
  expect(text).toContain('Episode 100.5 is not here.');
  expect(labels(text)[0]).toBe('Episode 100');
  const { text: refused } = await get('/series/long?from=twelve').expect(400);
  expect(refused).toContain('Type one such as 12, 12.5 or special 2.');
});

test('each order is a list of its own, which says where its page begins', async () => {
  const id = (await app.database.db('series').where({ slug: 'long' }).first('id')).id;
  const listOf = async (query: string) =>
    /<div id="episode-list"[^>]*>/.exec((await get(`/series/long${query}`)).text)?.[0];
  expect(await listOf('')).toContain(`data-topic="newest:${id}"`);
  expect(await listOf('?order=oldest')).toContain(`data-topic="series:${id}"`);
  expect(await listOf('?after=regular-151')).toContain('data-after="0--151"');
  expect(await listOf('?from=151')).toContain('data-after="0--151.001"');
  // As a live page writes it when its last episode has moved to the next one.
  expect(labels((await get('/series/long?after=0--151')).text)[0]).toBe('Episode 150');
});

test('what is to come is said, the first episode is one press away, and nothing has a hole', async () => {
  const airing = await newSeries(app.catalog, { title: 'Airing' });
  const weekly = new Date(Date.now() - 86_400_000).toISOString().replace(/\.[0-9]+Z/, '.000Z');
  await app.database
    .db('series')
    .where({ id: airing.id })
    .update({ broadcast: `R/${weekly}/P7D`, begins_at: weekly });
  const { text } = await get('/series/airing').expect(200);
  const next = new Date(Date.parse(weekly) + 7 * 86_400_000).toISOString();
  expect(text).toContain('Next broadcast');
  expect(text).toContain(`data-countdown="${next}"`);
  expect(text).toContain(`<time datetime="${weekly}" data-local-day>`);
  expect(text).not.toContain('class="synopsis"');
  const publishAt = new Date(Date.now() + 3_600_000);
  const announced = { status: 'scheduled', publishAt: publishAt.toISOString(), announced: true };
  await newEpisode(app.catalog, airing.id, { number: 2, ...announced });
  await newEpisode(app.catalog, airing.id, { number: 1 });
  const later = (await get('/series/airing').expect(200)).text;
  // The broadcast waits, out of sight.
  expect(later).toMatch(/data-live-empty hidden>\s*<li class="series__next" data-until=/);
  const alone = (await get('/series/airing/next').expect(200)).text;
  expect(later).toContain(alone.trim().slice(0, 120));
  expect(alone).toContain('Episode 2 here');
  await get('/series/nowhere/next').expect(404);
  expect(later).toContain('Episode 2 here');
  expect(later).toContain(`data-countdown="${publishAt.toISOString()}"`);
  expect(later).toContain(
    '<a class="button button--primary" href="/series/airing/episodes/1">Watch episode 1</a>',
  );
});

test('a page in the middle leads to both ends, and says what is on it', async () => {
  const { text } = await get('/series/long?order=oldest&after=regular-200').expect(200);
  expect(text).toContain('Episode 201 to Special 20');
  expect(link(text, 'First')).toBe('/series/long?order=oldest');
  expect(link(text, 'Previous')).toBe('/series/long?order=oldest&before=regular-201');
});

test('a key need not be an episode any more', async () => {
  const { text } = await get('/series/long?order=oldest&after=regular-100.5').expect(200);
  expect(labels(text)[0]).toBe('Episode 101');
  const beyond = (await get('/series/long?order=oldest&after=special-99').expect(200)).text;
  expect(labels(beyond)).toEqual([]);
  expect(beyond).toContain('href="/series/long?order=oldest"');
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
