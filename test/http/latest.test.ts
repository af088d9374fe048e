import request from 'supertest';
import { deleteEpisode } from '../../src/catalog/episode-repository';
import { createTestApp, type TestApp } from '../support/app';
import { newEpisode, newSeries, tester } from '../support/catalog';

const PAGE = '/episodes/latest';
const GRID = '/episodes/latest/grid';
const PROXY_ID = '0123456789abcdef0123456789abcdef';

let app: TestApp;
let pageReads = 0;
beforeAll(async () => {
  app = await createTestApp({ TRUST_PROXY: '1' });
  app.database.db.on('query', ({ sql }: { readonly sql: string }) => {
    if (/order by [^)]*published_at/.test(sql)) pageReads++;
  });
  await post('The first');
});
afterAll(() => app.close());
beforeEach(() => {
  pageReads = 0;
});

const get = (path: string) => request(app.app).get(path);

/** Publishes an episode; afterwards the node knows of it. */
async function post(title: string): Promise<string> {
  const series = await newSeries(app.catalog, { title, kind: 'tv', seasonYear: 2026, season: 'fall' });
  const { id } = await newEpisode(app.catalog, series.id);
  await app.feed.catchUp();
  return id;
}

test.each([PAGE, GRID])('%s is read once, until an episode is posted', async (path) => {
  const first = await get(path).expect(200);
  const second = await get(path).expect(200);
  expect(second.text).toBe(first.text);
  expect(second.headers.etag).toBe(first.headers.etag);
  expect(pageReads).toBe(1);

  const id = await post(`Posted after ${path}`);
  const third = await get(path).expect(200);
  expect(third.text).toContain(`data-episode-id="${id}"`);
  expect(third.headers.etag).not.toBe(first.headers.etag);
  await get(path).set('If-None-Match', String(first.headers.etag)).expect(200);
  await get(path).set('If-None-Match', String(third.headers.etag)).expect(304);
  expect(pageReads).toBe(2);
});

test('what was published through the site is on the next page that is asked for', async () => {
  const series = await newSeries(app.catalog, { title: 'Read your writes' });
  for (let number = 1; number <= 10; number++) {
    const { id } = await newEpisode(app.catalog, series.id, { number });
    expect((await get(GRID)).text).toContain(`data-episode-id="${id}"`);
  }
});

test('an episode that was taken back is on no page', async () => {
  const id = await post('Taken back');
  expect((await get(PAGE)).text).toContain('Taken back');
  await deleteEpisode(app.catalog, tester, id);
  await app.feed.catchUp();
  for (const path of [PAGE, GRID, `${PAGE}?type=tv`])
    expect((await get(path).expect(200)).text).not.toContain('Taken back');
});

test('fifty visitors after a change are one read of the database', async () => {
  await post('For fifty');
  const answers = await Promise.all(Array.from({ length: 50 }, () => get(PAGE)));
  for (const { text } of answers) expect(text).toContain('For fifty');
  expect(pageReads).toBe(1);
});

test('each filter has a page of its own, however it is written', async () => {
  await post('Filtered');
  const season = '2026-fall';
  const all = await get(PAGE);
  const filtered = await get(`${PAGE}?type=tv&season=${season}`);
  expect(filtered.text).not.toBe(all.text);
  for (const query of [`season=${season}&type=tv`, `type=tv&season=${season}&utm_source=x`]) {
    expect((await get(`${PAGE}?${query}`)).text).toBe(filtered.text);
  }
  // An empty field of a form filters nothing.
  expect((await get(`${PAGE}?type=&season=`)).text).toBe(all.text);
  expect((await get(`${PAGE}/`)).text).toBe(all.text);
  expect((await get(`${PAGE}?type=movie`)).text).not.toContain('Filtered');
  expect(pageReads).toBe(3);
});

test('the seasons to choose from are those of the episodes that are public', async () => {
  const series = await newSeries(app.catalog, { title: 'Old', seasonYear: 1999, season: 'winter' });
  await app.feed.catchUp();
  expect((await get(PAGE)).text).not.toContain('Winter 1999');
  await newEpisode(app.catalog, series.id);
  await app.feed.catchUp();
  expect((await get(PAGE)).text).toContain('Winter 1999');
});

test('what is wrong with an address is said each time', async () => {
  for (const _ of ['first', 'second']) {
    const { headers } = await get(`${PAGE}?type=opera`).expect(400);
    expect(headers['cache-control']).toBe('no-store');
    expect(headers.etag).not.toContain(app.feed.cursor.epoch);
  }
});

test('other methods are not answered with the page', async () => {
  await get(PAGE);
  await request(app.app).post(PAGE).expect(404);
});

test('a kept page has the headers of all other pages', async () => {
  await get(PAGE);
  const kept = await get(PAGE);
  const other = await get('/about');
  const own = ['content-length', 'transfer-encoding', 'date', 'etag', 'x-request-id'];
  for (const [name, value] of Object.entries(other.headers)) {
    if (!own.includes(name)) expect([name, kept.headers[name]]).toEqual([name, value]);
  }
  expect(kept.headers).toMatchObject({ 'cache-control': 'no-cache', vary: 'Accept-Encoding' });
  expect(kept.headers['content-security-policy']).toContain("default-src 'self'");
});

test('a kept page has the id under which the proxy knows the request, if it comes from one', async () => {
  await get(PAGE);
  const id = async (headers: Record<string, string>) =>
    (await get(PAGE).set(headers)).headers['x-request-id'];
  expect(await id({ 'X-Request-Id': PROXY_ID, 'X-Forwarded-For': '192.0.2.1' })).toBe(PROXY_ID);
  expect(await id({ 'X-Request-Id': 'x y', 'X-Forwarded-For': '192.0.2.1' })).toMatch(/^[0-9a-f-]{36}$/);
  expect(await id({ 'X-Request-Id': PROXY_ID })).toMatch(/^[0-9a-f-]{36}$/);
});

test('nothing is kept while somebody is changing the views', async () => {
  const changing = await createTestApp({ NIPNIME_RELOAD_VIEWS: '1' });
  try {
    let reads = 0;
    changing.database.db.on('query', ({ sql }: { readonly sql: string }) => {
      if (/order by [^)]*published_at/.test(sql)) reads++;
    });
    for (const _ of ['first', 'second']) {
      const { headers } = await request(changing.app).get(PAGE).expect(200);
      expect(headers).not.toHaveProperty('etag');
    }
    expect(reads).toBe(2);
  } finally {
    await changing.close();
  }
});

test('a time that no page could show is refused by the tables', async () => {
  const series = await newSeries(app.catalog, { title: 'Readable times' });
  const episode = await newEpisode(app.catalog, series.id);
  for (const time of ['infinity', '-infinity', '0044-03-15 00:00+00 BC', '10000-01-01 00:00+00']) {
    for (const column of ['published_at', 'publish_at']) {
      const write = app.database
        .db('episodes')
        .where({ id: episode.id })
        .update({ [column]: time });
      await expect(write).rejects.toMatchObject({ constraint: 'episodes_readable_times' });
    }
  }
});
