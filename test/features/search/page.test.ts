import request from 'supertest';
import { createTestApp, type TestApp } from '../../support/app';
import { newSeries } from '../../support/catalog';

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp();
  await newSeries(app.catalog, {
    title: 'Frieren: Beyond Journey’s End',
    titleNative: '葬送のフリーレン',
    synonyms: ['葬送的芙莉莲'],
    slug: 'frieren',
    season: 'fall',
    seasonYear: 2023,
  });
  await newSeries(app.catalog, { title: 'Friends in Secret', slug: 'secret', visible: false });
});
afterAll(() => app.close());

const get = (q: string) => request(app.app).get('/search').query({ q });

test('a search leads to the series, whichever of its titles was typed', async () => {
  for (const q of ['frieren', 'ふりーれん', 'Friren', '葬送的芙莉莲']) {
    const { text } = await get(q).expect(200);
    expect(text).toContain(`<h1>Results for “${q}”</h1>`);
    expect(text).toContain('href="/series/frieren" lang="en">Frieren: Beyond Journey’s End</a>');
    expect(text).toContain('<p class="result__other" lang="ja">葬送のフリーレン</p>');
    expect(text).toContain('Fall 2023');
    expect(text).toContain(`name="q" type="search" value="${q}"`);
    expect(text.includes('Also called <span lang="zh">葬送的芙莉莲</span>')).toBe(q === '葬送的芙莉莲');
  }
});

test('a hidden series is not found', async () => {
  expect((await get('friends in secret')).text).not.toContain('/series/secret');
});

test('what nobody is called is said so', async () => {
  const { text } = await get('Wuthering Heights').expect(200);
  expect(text).toContain('No series is called that');
  expect(text).not.toContain('class="results"');
});

test.each(['/search', '/search?q=', '/search?q=+%E3%80%80'])('%s asks for a title', async (path) => {
  const { text } = await request(app.app).get(path).expect(200);
  expect(text).toContain('Which series?');
  expect(text).toContain('<h1>Search</h1>');
});

test('what nobody can search for is refused on the page, and kept where it can be', async () => {
  const long = 'long '.repeat(40).trim();
  const { text } = await get(long).expect(400);
  expect(text).toContain('Must have at most 100 characters. A part of the title will do.');
  expect(text).toContain(`value="${long}"`);
  expect((await get('a\u0000').expect(400)).text).toContain('a control character');
  expect((await request(app.app).get('/search?q=%ff').expect(400)).text).toContain('Must be UTF-8.');
  expect((await get('x'.repeat(2_000)).expect(400)).text).toContain('This can’t be searched for');
  expect((await request(app.app).get('/search?q=a&q=b').expect(200)).text).toContain('Which series?');
});

test('what was typed is text on the page', async () => {
  const { text } = await get('"><script>alert(1)</script>').expect(200);
  expect(text).not.toContain('<script>alert');
  expect(text).toContain('&lt;script&gt;');
});

test('every page has the form, which needs no script', async () => {
  for (const path of ['/episodes/latest', '/schedule', '/about', '/series/frieren', '/nothing']) {
    const { text } = await request(app.app).get(path);
    expect(text).toContain('<form class="site-search" role="search" action="/search" method="get"');
  }
});

test('while somebody types, the options alone are answered', async () => {
  const suggest = (q: string) => request(app.app).get('/search/suggestions').query({ q });
  const { text, headers } = await suggest('frie').expect(200);
  expect(headers['cache-control']).toBe('public, max-age=30');
  expect(text).toMatch(/^<li [^>]*role="option" aria-selected="false" data-url="\/series\/frieren">/);
  expect(text).not.toContain('secret');
  expect((await suggest('').expect(200)).text.trim()).toBe('');
  expect((await suggest('Wuthering Heights').expect(200)).text.trim()).toBe('');
  await suggest('x'.repeat(101)).expect(400);
});
