import request from 'supertest';
import { deleteEpisode } from '../../../src/features/episodes/repository';
import { createTestApp, type TestApp } from '../../support/app';
import { newEpisode, newSeries, playable, tester } from '../../support/catalog';

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
  expect(third.text).toContain(`data-key="${id}"`);
  expect(third.headers.etag).not.toBe(first.headers.etag);
  await get(path).set('If-None-Match', String(first.headers.etag)).expect(200);
  await get(path).set('If-None-Match', String(third.headers.etag)).expect(304);
  expect(pageReads).toBe(2);
});

test('what was published through the site is on the next page that is asked for', async () => {
  const series = await newSeries(app.catalog, { title: 'Read your writes' });
  for (let number = 1; number <= 10; number++) {
    const { id } = await newEpisode(app.catalog, series.id, { number });
    expect((await get(GRID)).text).toContain(`data-key="${id}"`);
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

describe('pages and languages', () => {
  const titlesOf = (html: string) => [...html.matchAll(/data-key="(\d+)"/g)].map(([, key]) => key);
  const href = (html: string, rel: string) =>
    new RegExp(`href="([^"]*)" rel="${rel}"`).exec(html)?.[1]?.replaceAll('&amp;', '&');
  const server = (audioLanguage: string | null, subtitleLanguage: string | null, enabled = true) => ({
    ...playable,
    audioLanguage,
    subtitleLanguage,
    enabled,
  });

  test('lead to older and to newer ones by the same addresses', async () => {
    const series = await newSeries(app.catalog, { title: 'Many', kind: 'web' });
    for (let number = 1; number <= 60; number++) await newEpisode(app.catalog, series.id, { number });
    // A day apart, so that they are no drop.
    await app.database
      .db('episodes')
      .where({ series_id: series.id })
      .update({ published_at: app.database.db.raw(`now() - number * interval '1 day'`) });
    await app.feed.catchUp();
    const pages: string[] = [];
    const seen: (string | undefined)[] = [];
    for (let path: string | undefined = `${PAGE}?type=web`; path !== undefined; ) {
      const { text }: { text: string } = await get(path).expect(200);
      pages.push(path);
      seen.push(...titlesOf(text));
      path = href(text, 'next');
    }
    expect([pages.length, new Set(seen).size, seen.length]).toEqual([3, 60, 60]);
    const back: string[] = [];
    for (let path = pages.at(-1); path !== undefined; path = href((await get(path)).text, 'prev'))
      back.unshift(path);
    expect(back).toEqual(pages);
    const end = (await get(`${PAGE}?type=web&before=1-1`).expect(200)).text;
    expect(end).toContain('No older episodes');
    expect(href(end, 'prev')).toMatch(/^\/episodes\/latest\?type=web&before=\d+-\d+$/);
  });

  test('show what was posted together as one, and do not flood those that follow', async () => {
    const drop = await newSeries(app.catalog, {
      title: 'Drop <all>',
      kind: 'web',
      seasonYear: 1990,
      season: 'fall',
    });
    const other = await newSeries(app.catalog, {
      title: 'Steady',
      kind: 'web',
      seasonYear: 1990,
      season: 'fall',
    });
    const { db } = app.database;
    const insert = async (seriesId: string, count: number, at: (index: number) => string) => {
      const rows = Array.from({ length: count }, (_, index) => ({
        ...{ series_id: seriesId, kind: 'regular', number: index + 1, status: 'published' },
        published_at: at(index),
      }));
      const ids: { id: string }[] = await db('episodes').insert(rows).returning('id');
      const { name, kind, url } = playable;
      await db('video_servers').insert(
        ids.map(({ id }) => ({ episode_id: id, position: 0, name, kind, url, audio_language: 'ja' })),
      );
      return ids.map(({ id }) => id);
    };
    const dropIds = await insert(drop.id, 300, (index) =>
      new Date(Date.UTC(1990, 9, 5, 9, index / 10)).toISOString(),
    );
    const steadyIds = await insert(other.id, 30, (index) =>
      new Date(Date.UTC(1990, 9, 4 - index)).toISOString(),
    );
    for (const filter of ['season=1990-fall', 'season=1990-fall&audio=ja', 'type=web&season=1990-fall']) {
      const first = (await get(`${PAGE}?${filter}`).expect(200)).text;
      expect(titlesOf(first)).toEqual(dropIds.slice(-24).reverse());
      expect(first.match(/data-page-drop="1"/g)).toHaveLength(23);
      expect(first).toContain('<span class="drop__count">300 new episodes</span>');
      expect(first).toContain('<span lang="en" dir="auto">Drop &lt;all&gt;</span>');
      // The rest of it has no page of its own.
      const second = (await get(href(first, 'next') ?? '').expect(200)).text;
      expect(titlesOf(second)).toEqual(steadyIds.slice(0, 24));
      expect(second).not.toContain('data-page-drop');
      expect(href(second, 'prev')).toBe(href(first, 'next')?.replace(/&before=.*/, ''));
      const third = (await get(href(second, 'next') ?? '').expect(200)).text;
      expect(titlesOf(third)).toEqual(steadyIds.slice(24));
    }
  });

  test('a drop on a later page leads what stands behind it, as far as the page goes', async () => {
    const season = { kind: 'web', seasonYear: 1991, season: 'fall' };
    const [newer, drop, between] = [
      await newSeries(app.catalog, { title: 'Newer', ...season }),
      await newSeries(app.catalog, { title: 'Later drop', ...season }),
      await newSeries(app.catalog, { title: 'In between', ...season }),
    ];
    const post = async (series: { id: string }, number: number, at: Date) => {
      const { id } = await newEpisode(app.catalog, series.id, { number });
      await app.database.db('episodes').where({ id }).update({ published_at: at });
      return id;
    };
    for (let day = 1; day <= 24; day++) await post(newer, day, new Date(Date.UTC(1991, 10, day)));
    const ids: string[] = [];
    for (let hour = 1; hour <= 6; hour++)
      ids.unshift(await post(drop, hour, new Date(Date.UTC(1991, 9, 5, hour))));
    const inner = await post(between, 1, new Date(Date.UTC(1991, 9, 5, 3, 30)));
    await app.feed.catchUp();
    const first = (await get(`${PAGE}?season=1991-fall`).expect(200)).text;
    const { text } = await get(href(first, 'next') ?? '').expect(200);
    expect(titlesOf(text)).toEqual([...ids.slice(0, 3), inner, ...ids.slice(3)]);
    const folded = [...text.matchAll(/<li data-page-drop="1"[^>]*data-key="(\d+)"/g)].map(([, key]) => key);
    expect(folded).toEqual(ids.slice(1));
    expect(text).toMatch(/data-size="31"/);
    expect(text).toContain('6 new episodes');
  });

  test('filter by what can be heard and read, and stay live', async () => {
    const series = await newSeries(app.catalog, { title: 'Spoken', kind: 'ova' });
    const post = async (number: number, ...videoServers: object[]) =>
      (await newEpisode(app.catalog, series.id, { number, videoServers })).id;
    const dubbed = await post(1, server('ja', 'en'), server('de', null));
    const read = await post(2, server('ja', 'pt-BR'), server('ja', 'en'));
    const off = await post(3, server('ja', null), server('fr', 'fr', false));
    await app.feed.catchUp();
    const shown = async (query: string) => titlesOf((await get(`${PAGE}?${query}`).expect(200)).text);
    expect(await shown('audio=de')).toEqual([dubbed]);
    expect(await shown('audio=ja&type=ova')).toEqual([off, read, dubbed]);
    expect(await shown('subtitles=en&type=ova')).toEqual([read, dubbed]);
    expect(await shown('audio=ja&subtitles=pt-br')).toEqual([read]);
    expect(await shown('audio=de&type=tv')).toEqual([]);
    expect(await shown('subtitles=fr')).toEqual([]);
    const { text } = await get(`${PAGE}?subtitles=pt-BR`).expect(200);
    expect(text).toContain('data-where-subtitles="pt-BR"');
    expect(text).toContain('data-audio="ja" data-subtitles="en pt-BR"');
    expect(text).toContain('<option value="pt-BR" selected>Brazilian Portuguese subtitles</option>');
    expect(text).toContain('<option value="de">German audio</option>');
    expect(text).not.toContain('<option value="fr">');
    await deleteEpisode(app.catalog, tester, dubbed);
    await app.feed.catchUp();
    expect(await shown('audio=de')).toEqual([]);
    await get(`${PAGE}?audio=not a tag`).expect(400);
  });

  test('show what a device follows, with the other filters, on every page, and live', async () => {
    const followed = [
      await newSeries(app.catalog, { title: 'Followed one', kind: 'web' }),
      await newSeries(app.catalog, { title: 'Followed two', kind: 'ova' }),
    ];
    const other = await newSeries(app.catalog, { title: 'Not followed', kind: 'web' });
    const [one = '', two = ''] = followed.map(({ id }) => id);
    for (let number = 1; number <= 30; number++)
      for (const { id } of [...followed, other]) await newEpisode(app.catalog, id, { number });
    await app.database
      .db('episodes')
      .whereIn('series_id', [one, two, other.id])
      .update({ published_at: app.database.db.raw(`now() - number * interval '1 day'`) });
    await app.feed.catchUp();
    const seriesOf = (html: string) =>
      [...html.matchAll(/data-series="(\d+)" data-kind/g)].map(([, id]) => id);
    const all: (string | undefined)[] = [];
    for (let path: string | undefined = `${PAGE}?followed=${two},${one},${two}`; path !== undefined; ) {
      const { text }: { text: string } = await get(path).expect(200);
      expect(text).toContain(`data-where-series="${one} ${two}"`);
      all.push(...seriesOf(text));
      path = href(text, 'next');
      if (path) expect(path).toContain(`?followed=${one},${two}&before=`);
      else expect(href(text, 'prev')).toContain(`?followed=${one},${two}&before=`);
    }
    expect(all).toEqual(Array.from({ length: 30 }, () => [two, one]).flat());

    const { text } = await get(`${PAGE}?type=ova&followed=${one},${two}`).expect(200);
    expect(new Set(seriesOf(text))).toEqual(new Set([two]));
    expect(text).toContain(`<input type="hidden" name="followed" value="${one},${two}">`);
    expect(text).toContain('href="/episodes/latest?type=ova" aria-current="true">Following</a>');
    expect((await get(`${PAGE}?audio=ja&followed=${one}`).expect(200)).text).not.toContain('data-key="');
    expect((await get(`${GRID}?followed=${one}`).expect(200)).text).toContain('data-size="24"');
    // What a script has not named yet lets nothing in.
    const unnamed = (await get(`${PAGE}?type=ova&followed=mine`).expect(200)).text;
    expect(unnamed).toContain('data-where-series="mine"');
    expect(unnamed).not.toContain('data-key="');
    expect((await get(`${PAGE}?type=ova`)).text).toContain(
      'href="/episodes/latest?type=ova&amp;followed=mine"',
    );
    for (const wrong of ['a', '1,,2', '0', Array(301).fill('1').join()])
      await get(`${PAGE}?followed=${wrong}`).expect(400);
  });

  test('a movie is no episode 1, nor is it in the schedule', async () => {
    const movie = await newSeries(app.catalog, { title: 'Akira', kind: 'movie' });
    await newEpisode(app.catalog, movie.id);
    await newEpisode(app.catalog, movie.id, { number: 2 });
    await app.feed.catchUp();
    for (const path of [`${PAGE}?type=movie`, '/schedule', '/series/akira']) {
      const { text } = await get(path).expect(200);
      expect(text).toMatch(/data-item-title>Movie</);
      expect(text).toMatch(/data-item-title>Part 2</);
    }
    expect((await get('/series/akira/episodes/1').expect(200)).text).toContain(
      '<title lang="en">Akira – Movie –',
    );
  });
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
  expect(kept.headers).toMatchObject({
    'cache-control': 'no-cache',
    vary: 'Accept-Language, Cookie, Accept-Encoding',
  });
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
