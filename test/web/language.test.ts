import request from 'supertest';
import { createTestApp, type TestApp } from '../support/app';
import { newEpisode, newSeries, playable } from '../support/catalog';

let site: TestApp;
beforeAll(async () => {
  site = await createTestApp();
});
afterAll(() => site.close());

const get = (path: string, headers: Readonly<Record<string, string>> = {}) =>
  request(site.app).get(path).set(headers);

const languageOf = (html: string): string | undefined => /<html lang="([^"]*)"/.exec(html)?.[1];

test.each([
  [{}, 'en'],
  [{ 'Accept-Language': 'ja' }, 'ja'],
  [{ 'Accept-Language': 'de-AT,de;q=0.9,en;q=0.8' }, 'de'],
  [{ 'Accept-Language': 'fr;q=1, en;q=0.2, ja;q=0.7' }, 'ja'],
  [{ 'Accept-Language': 'fr' }, 'en'],
  [{ 'Accept-Language': 'ja;q=0' }, 'en'],
  [{ 'Accept-Language': ';;;,,' }, 'en'],
  [{ 'Accept-Language': 'ja', Cookie: 'language=de' }, 'de'],
  [{ 'Accept-Language': 'ja', Cookie: 'language=nonsense' }, 'ja'],
])('a page for %j is in %s', async (headers, language) => {
  for (const path of ['/episodes/latest', '/about', '/no-such-page'])
    expect(languageOf((await get(path, headers)).text)).toBe(language);
});

test('an address may name its language', async () => {
  for (const path of ['/episodes/latest?language=ja', '/search?q=a&language=ja'])
    expect(languageOf((await get(path, { Cookie: 'language=de' })).text)).toBe('ja');
});

test('pages of different languages are kept apart, and known by different ETags', async () => {
  const read = (language: string) => get('/episodes/latest', { Cookie: `language=${language}` });
  const first = [await read('en'), await read('ja'), await read('de')];
  expect(first.map(({ text }) => languageOf(text))).toEqual(['en', 'ja', 'de']);
  expect(new Set(first.map(({ headers }) => headers.etag)).size).toBe(3);
  expect((await read('ja')).text).toBe(first[1]?.text);
  const known = await read('de').set('If-None-Match', String(first[1]?.headers.etag));
  expect(known.status).toBe(200);
  for (const { headers } of first) {
    expect(headers.vary).toContain('Accept-Language');
    expect(headers.vary).toContain('Cookie');
  }
});

test('a feed is the same for everybody, in the language of its address, to which the pages of that language lead', async () => {
  const { headers, text } = await get('/feed.atom', { 'Accept-Language': 'ja' }).expect(200);
  expect(headers.vary).toBe('Accept-Encoding');
  expect(text).toContain('Latest episodes – nipnime');
  const page = await get('/episodes/latest', { 'Accept-Language': 'ja' });
  const [, href = ''] = /<link rel="alternate" href="([^"]+)" type="application\/atom/.exec(page.text) ?? [];
  const feed = await get(href, { 'Accept-Language': 'de' }).expect(200);
  expect(feed.text).toContain('最新エピソード – nipnime');
  expect(feed.text).toContain('/feed.atom?language=ja"');
  await get('/feed.atom?language=fr').expect(400);
});

test('the switch keeps the choice, and leads back to the page', async () => {
  const page = await get('/series?type=movie');
  const [, href = ''] = /href="([^"]+)" lang="ja" hreflang="ja"/.exec(page.text) ?? [];
  const answer = await get(href.replaceAll('&amp;', '&')).expect(303);
  expect(answer.headers.location).toBe('/series?type=movie');
  const [cookie = ''] = answer.get('Set-Cookie') ?? [];
  expect(cookie).toMatch(/^language=ja; Max-Age=31536000; Path=\/; .*HttpOnly; SameSite=Lax$/);
  const again = await get('/series?type=movie', { Cookie: cookie.split(';')[0] ?? '' });
  expect(languageOf(again.text)).toBe('ja');
  expect(again.text).toMatch(/lang="ja"[^>]* aria-current="true">日本語/);
});

test('every page has the switch, whatever else is on it', async () => {
  const series = await newSeries(site.catalog);
  await newEpisode(site.catalog, series.id, { videoServers: [{ ...playable, audioLanguage: 'ja' }] });
  const path = `/series/${series.slug}`;
  const others = ['/series', '/schedule', '/search', '/following', '/about', '/nothing'];
  for (const url of ['/episodes/latest', path, `${path}/episodes/1`, ...others]) {
    const { text } = await get(url);
    expect([url, text.match(/(?<=class="languages__link" href="\/language\?to=)[a-z]*/g)]).toEqual([
      url,
      ['en', 'ja', 'de'],
    ]);
  }
});

test.each([
  '//evil.example/',
  '/\\evil.example',
  'https://evil.example/',
  'javascript:alert(1)',
  '/%0d%0a',
  '',
])('the switch leads nowhere else: %s', async (back) => {
  const { headers } = await get(`/language?${new URLSearchParams({ to: 'de', back })}`).expect(303);
  expect(headers.location).toMatch(/^\/(?![/\\])/);
  expect(headers.location).not.toContain('evil');
});

test('search engines are told the address of a page in each language', async () => {
  const { text } = await get('/series?type=movie&language=de', { Host: 'anime.example' });
  const links = [
    ...text.matchAll(/<link rel="(canonical|alternate)"(?: hreflang="([^"]+)")? href="(http[^"]+)"/g),
  ];
  expect(links.map(([, rel, language, href]) => [rel, language, href])).toEqual([
    ['canonical', undefined, 'http://anime.example/series?type=movie&amp;language=de'],
    ['alternate', 'x-default', 'http://anime.example/series?type=movie'],
    ['alternate', 'en', 'http://anime.example/series?type=movie'],
    ['alternate', 'ja', 'http://anime.example/series?type=movie&amp;language=ja'],
    ['alternate', 'de', 'http://anime.example/series?type=movie&amp;language=de'],
  ]);
});

test('there is a switch to no other language', async () => {
  await get('/language?to=fr').expect(400);
  await get('/language').expect(400);
});

test('the language of tests is none in production', async () => {
  const production = await createTestApp({
    NODE_ENV: 'production',
    SESSION_SECRET: 'a secret that is only for this test',
  });
  try {
    await request(production.app).get('/language?to=ar-XB').expect(400);
    const { text } = await request(production.app).get('/about?language=ar-XB');
    expect(languageOf(text)).toBe('en');
  } finally {
    await production.close();
  }
  expect(languageOf((await get('/about?language=ar-XB')).text)).toBe('ar-XB');
});

test('what went wrong is told in the language of the page, to scripts in English', async () => {
  const { text } = await get('/series/no-such-series', { 'Accept-Language': 'de' }).expect(404);
  expect(text).toContain('Unter dieser Adresse gibt es keine Serie.');
  // What has no translation gets the words for its status.
  const refused = await get('/series?type=nonsense', { 'Accept-Language': 'de' }).expect(400);
  expect(refused.text).toContain('In der Adresse oder im Formular steht etwas, das hier keinen Sinn ergibt.');
  expect(refused.text).not.toContain('is one of');
});

test('the parts of a page stay in its language, whatever is chosen meanwhile', async () => {
  const series = await newSeries(site.catalog);
  await newEpisode(site.catalog, series.id);
  const paths = [
    '/episodes/latest',
    `/series/${series.slug}`,
    `/series/${series.slug}/episodes/1`,
    '/schedule',
  ];
  const listsOf = (html: string) =>
    [...html.matchAll(/data-topic="([a-z]+[^"]*)" data-order[^>]* data-fragment-url="([^"]*)"/g)].map(
      ([, topic = '', url = '']) => [topic, url.replaceAll('&amp;', '&')] as const,
    );
  for (const language of ['en', 'ja']) {
    for (const path of paths) {
      const { text } = await get(path, { Cookie: `language=${language}` });
      const lists = listsOf(text);
      expect(lists.length).toBeGreaterThan(0);
      for (const [topic, url] of lists) {
        expect(topic.endsWith('.ja')).toBe(language === 'ja');
        const fragment = await get(url, { Cookie: 'language=de' }).expect(200);
        expect(listsOf(fragment.text).map(([name]) => name)).toContain(topic);
      }
    }
  }
});

test('the back office is English', async () => {
  const { text } = await get('/admin/login', { 'Accept-Language': 'ja' }).expect(200);
  expect(text).toContain('lang="en"');
});
