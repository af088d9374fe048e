import { isDeepStrictEqual } from 'node:util';
import { findPublicEpisodes } from '../../src/features/episodes/public';
import { deleteEpisode, updateEpisode } from '../../src/features/episodes/repository';
import { SERIES_FIELDS } from '../../src/features/series/fields';
import { updateSeries } from '../../src/features/series/repository';
import { loadBangumiData, readBangumiSeries } from '../../src/features/transfer/bangumi-data';
import { importBangumi, recentSince } from '../../src/features/transfer/import-bangumi';
import { recordAudit } from '../../src/journal/journal';
import { createLiveLog, readHead } from '../../src/live/log/live-log';
import { pick } from '../../src/web/fields';
import { item, siteMeta } from '../support/bangumi';
import { episodeInput, newSeries, testCatalog, tester } from '../support/catalog';
import { createTestDatabase, type TestDatabase } from '../support/database';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
beforeEach(() =>
  database.db.raw(
    'truncate series, listed_series, episodes, latest_episodes, latest_languages, video_servers, live_log, journal cascade',
  ),
);
afterAll(() => database.drop());

const frieren = {
  title: '葬送のフリーレン',
  titleTranslate: {
    'zh-Hans': ['葬送的芙莉莲'],
    'zh-Hant': ['葬送的芙莉蓮', '葬送のフリーレン'],
    en: ["Frieren: Beyond the Journey's End", "Frieren: Beyond Journey's End"],
  },
  type: 'tv',
  lang: 'ja',
  officialSite: 'https://frieren-anime.jp/',
  begin: '2023-09-29T14:00:00.000Z',
  broadcast: 'R/2023-09-29T14:00:00.000Z/P7D',
  end: '2023-10-13T14:30:00.000Z',
  comment: 'end may be wrong',
  sites: [
    { site: 'bangumi', id: '400602' },
    { site: 'netflix', id: '81726714', begin: '', broadcast: '' },
    { site: 'iqiyi', begin: '', url: 'http://www.iqiyi.com/v_19rrifx03h.html' },
    { site: 'mikan', id: '3141' },
    { site: 'tmdb', id: 'tv/209867' },
  ],
};

function importItems(
  items: readonly unknown[],
  { now = '2026-05-01T00:00:00Z', since }: { now?: string; since?: string } = {},
) {
  return importBangumi({ ...testCatalog(database.db), audit: recordAudit }, tester, {
    now: new Date(now),
    data: { siteMeta, items },
    ...(since !== undefined && { since: new Date(since) }),
  });
}

const seriesRows = () => database.db('series').select('*').orderBy('id');
const episodeRows = () => database.db('episodes').select('*').orderBy(['series_id', 'number']);
const slugs = async () => (await seriesRows()).map(({ slug }) => slug);

/** For each table that an import may touch, a hash of all its rows. */
async function everything(): Promise<unknown> {
  const tables = ['series', 'episodes', 'video_servers', 'live_head', 'live_log', 'journal'];
  const hashes = tables.map((table) =>
    database.db.raw("select md5(string_agg(row::text, ' ' order by row::text)) as hash from ?? as row", [
      table,
    ]),
  );
  return (await Promise.all(hashes)).map(({ rows }, index) => [tables[index], rows[0].hash]);
}

async function episodeId(number: number): Promise<string> {
  const row = await database.db('episodes').select('id').where({ number }).first();
  return row.id;
}

test('a series is there with all that the data set says of it', async () => {
  expect(await importItems([frieren])).toEqual({
    series: { added: 1, updated: 0, known: 0 },
    episodes: { added: 3, moved: 0, takenBack: 0, broughtBack: 0, known: 0 },
    knownUntil: new Date('2023-10-13T14:30:00Z'),
    gone: [],
    skipped: [],
    ambiguous: [],
  });
  expect(await seriesRows()).toEqual([
    expect.objectContaining({
      slug: 'frieren-beyond-the-journeys-end',
      title: "Frieren: Beyond the Journey's End",
      title_language: 'en',
      title_native: '葬送のフリーレン',
      native_language: 'ja',
      synonyms: ['葬送的芙莉莲', '葬送的芙莉蓮', "Frieren: Beyond Journey's End"],
      kind: 'tv',
      season_year: 2023,
      season: 'fall',
      begins_at: new Date('2023-09-29T14:00:00Z'),
      ends_at: new Date('2023-10-13T14:30:00Z'),
      broadcast: 'R/2023-09-29T14:00:00.000Z/P7D',
      note: 'end may be wrong',
      source: 'bangumi:400602',
      links: [
        { title: 'Official site', url: 'https://frieren-anime.jp/', kind: 'official' },
        { title: '番组计划', url: 'https://bangumi.tv/subject/400602', kind: 'info' },
        { title: 'Netflix', url: 'https://www.netflix.com/title/81726714', kind: 'onair' },
        { title: '爱奇艺', url: 'http://www.iqiyi.com/v_19rrifx03h.html', kind: 'onair', regions: ['CN'] },
        // No link to the site for downloads.
        { title: 'The Movie DB', url: 'https://www.themoviedb.org/tv/209867', kind: 'info' },
      ],
    }),
  ]);
});

test('each broadcast is an episode with two video servers, published at that time', async () => {
  await importItems([frieren]);
  const times = ['2023-09-29T14:00:00Z', '2023-10-06T14:00:00Z', '2023-10-13T14:00:00Z'].map(
    (time) => new Date(time),
  );
  expect(await episodeRows()).toEqual(
    times.map((time, index) =>
      expect.objectContaining({
        kind: 'regular',
        number: `${index + 1}.00`,
        title: '',
        status: 'published',
        published_at: time,
        first_public_at: time,
      }),
    ),
  );
  const servers = await database
    .db('video_servers')
    .select('*')
    .where({ episode_id: await episodeId(2) })
    .orderBy('position');
  expect(servers).toEqual([
    expect.objectContaining({
      name: 'Main',
      kind: 'file',
      url: '/media/clip.mp4',
      audio_language: 'ja',
      enabled: true,
    }),
    expect.objectContaining({
      name: 'Mirror',
      kind: 'hls',
      url: '/media/clip/index.m3u8',
      audio_language: 'ja',
      enabled: true,
    }),
  ]);
});

test('a film without an English title keeps its own, and has no episodes', async () => {
  const film = item({
    title: 'となりのトトロ',
    type: 'movie',
    begin: '1988-04-16T16:00:00.000Z',
    end: '',
    broadcast: '',
  });
  expect(await importItems([film])).toMatchObject({ episodes: { added: 0 }, skipped: [] });
  expect(await seriesRows()).toEqual([
    expect.objectContaining({
      title: 'となりのトトロ',
      title_language: 'ja',
      title_native: null,
      native_language: null,
      kind: 'movie',
      ends_at: null,
      broadcast: null,
      season: 'spring',
      season_year: 1988,
    }),
  ]);
});

test('a second import changes nothing', async () => {
  const items = [frieren, item(), item({ end: '' })];
  await importItems(items);
  const before = await everything();
  expect(await importItems(items)).toEqual({
    series: { added: 0, updated: 0, known: 3 },
    episodes: { added: 0, moved: 0, takenBack: 0, broughtBack: 0, known: 9 },
    knownUntil: new Date('2026-04-19T14:15:00Z'),
    gone: [],
    skipped: [],
    ambiguous: [],
  });
  expect(await everything()).toEqual(before);
});

test('a later import adds the broadcasts that have passed since, and announces those of the last day', async () => {
  const items = [
    item({ end: '' }),
    item({ title: 'Film', type: 'movie', begin: '2026-04-20T15:00:00.000Z', broadcast: '' }),
  ];
  await importItems(items, { now: '2026-04-06T00:00:00Z' });
  const head = await readHead(database.db);
  expect(await importItems(items, { now: '2026-04-20T00:00:00Z' })).toMatchObject({
    series: { added: 0, known: 2 },
    episodes: { added: 2, known: 1 },
  });
  const changes = await createLiveLog(database.db).readSince(head.seq, 10);
  expect(changes).toMatchObject([
    { type: 'upsert', isNew: false },
    { type: 'upsert', isNew: true },
  ]);
  const told = await findPublicEpisodes(
    database.db,
    changes.map(({ key }) => key),
  );
  expect(told).toMatchObject([
    { number: '2', publishedAt: '2026-04-12T14:15:00.000Z' },
    { number: '3', publishedAt: '2026-04-19T14:15:00.000Z' },
  ]);
  expect(await database.db('journal').select('action', 'details').orderBy('id')).toEqual([
    { action: 'catalog.import', details: { from: 'bangumi-data', series: 2, episodes: 1 } },
    { action: 'catalog.import', details: { from: 'bangumi-data', series: 0, episodes: 2 } },
  ]);
});

test('what has no end goes on as far as the data knows, however long ago that was', async () => {
  const items = [
    item({ title: 'On air', end: '' }),
    item({
      title: 'Later',
      begin: '2026-04-13T14:15:00.000Z',
      broadcast: 'R/2026-04-13T14:15:00.000Z/P7D',
      end: '',
    }),
  ];
  const result = await importItems(items, { now: '2036-01-01T00:00:00Z' });
  expect(result).toMatchObject({ episodes: { added: 3 }, knownUntil: new Date('2026-04-13T14:15:00Z') });
});

test('the back catalog is not announced as new', async () => {
  const head = await readHead(database.db);
  await importItems([item()], { now: '2026-04-05T15:00:00Z' });
  expect(await createLiveLog(database.db).readSince(head.seq, 10)).toMatchObject([
    { type: 'upsert', isNew: false },
  ]);
});

test("an admin's edits and deletions stay", async () => {
  const catalog = testCatalog(database.db);
  const items = [item({ title: 'Old title' })];
  await importItems(items);
  const [series] = await seriesRows();
  await updateSeries(
    catalog,
    tester,
    series.id,
    (current) => ({ ...pick(SERIES_FIELDS, current), title: 'New title', slug: 'new-slug' }),
    1,
  );
  await updateEpisode(catalog, tester, await episodeId(1), () =>
    episodeInput({ number: '1', title: 'Pilot' }),
  );
  // A recap between two episodes: the number 2 is free again, the broadcast is not.
  await updateEpisode(catalog, tester, await episodeId(2), () => episodeInput({ number: '1.5' }));
  await deleteEpisode(catalog, tester, await episodeId(3));
  const before = await everything();
  expect(await importItems(items)).toMatchObject({ series: { added: 0 }, episodes: { added: 0, known: 3 } });
  expect(await everything()).toEqual(before);
});

test('what can not be imported is listed with its reason, and the rest goes on', async () => {
  const { series, episodes, skipped } = await importItems([
    item({ title: 'No such type', type: 'radio' }),
    null,
    item({ title: 'No such day', begin: '2026-02-30T00:00:00.000Z' }),
    item({ title: 'Odd rule', broadcast: 'R/2026-04-05T14:15:00.000Z/PT1H' }),
    item({ title: 'Odd end', broadcast: 'R/2027-04-05T14:15:00.000Z/P7D' }),
    item({ title: 'Odd links', officialSite: 'ttp://odd.example/', sites: [{ site: 'nowhere', id: '1' }] }),
    item({ title: 'Daily since 1990', broadcast: 'R/1990-01-01T00:00:00.000Z/P1D' }),
    item({ title: 'Fine' }),
  ]);
  expect({ series: series.added, episodes: episodes.added }).toEqual({ series: 5, episodes: 3 + 5_000 + 3 });
  expect(skipped).toEqual([
    { title: 'No such type', reason: 'type: Must be tv, movie, ova or web.' },
    { title: 'Item 2 of the data set', reason: expect.stringContaining('item: ') },
    { title: 'No such day', reason: expect.stringContaining('begin: ') },
    {
      title: 'Odd rule',
      reason: "No episodes: the broadcast rule R/2026-04-05T14:15:00.000Z/PT1H can't be read.",
    },
    {
      title: 'Odd end',
      reason:
        'No episodes: the broadcast rule R/2027-04-05T14:15:00.000Z/P7D starts after the end, 2026-04-19T14:15:00.000Z.',
    },
    {
      title: 'Odd links',
      reason: 'Without the link to Official site: "ttp://odd.example/" is no web address.',
    },
    {
      title: 'Odd links',
      reason: 'Without the link to nowhere: the data set does not say what site that is.',
    },
    { title: 'Daily since 1990', reason: 'Only the first 5000 broadcasts became episodes.' },
  ]);
});

test('series of one title get addresses with their year, the earliest the plain one', async () => {
  const named = (begin: string) => item({ title: 'Twin', begin, broadcast: '' });
  await newSeries(testCatalog(database.db), { title: 'Solo' });
  await importItems([
    named('2024-04-05T00:00:00.000Z'),
    named('2020-04-05T00:00:00.000Z'),
    named('2024-07-05T00:00:00.000Z'),
    item({ title: 'Solo', broadcast: '' }),
  ]);
  expect(await slugs()).toEqual(['solo', 'twin', 'twin-2024', 'twin-2024-2', 'solo-2026']);
});

test('addresses do not depend on what was imported first', async () => {
  const items = ['2020', '2024', '2026'].map((year) =>
    item({ title: 'Again', begin: `${year}-04-05T00:00:00.000Z`, broadcast: '' }),
  );
  await importItems(items, { since: '2025-01-01T00:00:00Z' });
  expect(await slugs()).toEqual(['again-2026']);
  await importItems(items);
  expect(await slugs()).toEqual(['again-2026', 'again', 'again-2024']);
});

test('items that share an id, or even title and begin, are series of their own', async () => {
  const sites = [{ site: 'bangumi', id: '109956' }];
  const items = [
    item({ title: '魔法少女 俺', sites }),
    item({ title: '魔法少女 俺', sites, lang: 'zh-Hans' }),
    item({ title: 'ハットリくん', titleTranslate: { 'zh-Hant': ['第五季'] }, sites: [] }),
    item({ title: 'ハットリくん', titleTranslate: { 'zh-Hant': ['第六季'] }, sites: [] }),
  ];
  expect(await importItems(items)).toMatchObject({ series: { added: 4 } });
  const sources = (await seriesRows()).map(({ source }) => source);
  expect(sources[0]).toBe('bangumi:109956');
  expect(sources.slice(1)).toEqual(Array(3).fill(expect.stringMatching(/^bangumi-data:[0-9a-f]{16}$/)));
  expect(await importItems(items)).toMatchObject({ series: { added: 0, known: 4 } });
});

test('two imports at the same time add everything once', async () => {
  const items = Array.from({ length: 30 }, (_, index) => item({ title: `At once ${index}` }));
  const results = await Promise.all([importItems(items), importItems(items), importItems(items)]);
  expect(results.map(({ skipped }) => skipped)).toEqual([[], [], []]);
  expect(results.reduce((sum, { series }) => sum + series.added, 0)).toBe(30);
  expect(results.reduce((sum, { episodes }) => sum + episodes.added, 0)).toBe(90);
  expect(await episodeRows()).toHaveLength(90);
});

test('an import that is aborted keeps the transactions that are done', async () => {
  const items = Array.from({ length: 300 }, (_, index) => item({ title: `Many ${index}`, broadcast: '' }));
  const controller = new AbortController();
  const reason = new Error('enough');
  const aborted = importBangumi(testCatalog(database.db), tester, {
    now: new Date('2026-05-01T00:00:00Z'),
    data: { siteMeta, items },
    onProgress: (done) => {
      if (done > 0) controller.abort(reason);
    },
    signal: controller.signal,
  });
  await expect(aborted).rejects.toBe(reason);
  expect(await seriesRows()).toHaveLength(250);
});

/** Of the series without an end: how many there are, and how many have more than their first episode after `time`. */
async function openSeries(time: Date): Promise<{ readonly open: number; readonly goingOn: number }> {
  const { rows } = await database.db.raw(
    `select count(*)::int as open, count(*) filter (where later > 1)::int as "goingOn" from (
       select count(e.id) filter (where e.published_at > ?) as later
       from series s left join episodes e on e.series_id = s.id
       where s.ends_at is null and s.broadcast is not null group by s.id) as each_series`,
    [time],
  );
  return rows[0];
}

test('no real series goes on for ever, ten years after its data was published', async () => {
  const { knownUntil } = await importBangumi(testCatalog(database.db), tester, {
    now: new Date('2036-11-25T00:00:00Z'),
    since: new Date('2024-11-25T00:00:00Z'),
  });
  const { open, goingOn } = await openSeries(knownUntil);
  expect(open).toBeGreaterThan(50);
  expect(goingOn).toBe(0);
}, 60_000);

test('every link of the real data is one that the form takes, as it is', async () => {
  const { series } = readBangumiSeries(await loadBangumiData());
  const refused = series.flatMap(({ title, links }) => {
    const parsed = SERIES_FIELDS.links.schema.safeParse(links);
    return parsed.success && isDeepStrictEqual(parsed.data, links) ? [] : title;
  });
  expect([series.length > 5_000, refused]).toEqual([true, []]);
});

test('the real series of two years', async () => {
  const now = new Date('2026-04-15T00:00:00Z');
  const catalog = testCatalog(database.db);
  const options = { now, since: recentSince(now), data: await loadBangumiData() };
  const progress: number[] = [];
  const first = await importBangumi(catalog, tester, {
    ...options,
    onProgress: (done, total) => progress.push(done / total),
  });
  expect(first.series.added).toBeGreaterThan(500);
  expect(first.episodes.added).toBeGreaterThan(5_000);
  expect([progress[0], progress.at(-1)]).toEqual([0, 1]);
  expect(catalog.published.map(({ type }) => type)).toEqual(Array(progress.length - 1).fill('reset'));

  const { rows } = await database.db.raw(
    `
    select count(*)::int as public, count(*) filter (where published_at > ?)::int as future,
           count(*) filter (where season is null)::int as seasonless
    from public_episodes`,
    [now],
  );
  expect(rows).toEqual([{ public: first.episodes.added, future: 0, seasonless: 0 }]);

  expect(await openSeries(first.knownUntil)).toEqual({ open: expect.any(Number), goingOn: 0 });

  const before = await everything();
  expect(await importBangumi(catalog, tester, options)).toMatchObject({
    series: { added: 0, known: first.series.added },
    episodes: { added: 0, known: first.episodes.added },
  });
  expect(await everything()).toEqual(before);
}, 60_000);
