import {
  createEpisode,
  deleteEpisode,
  restoreEpisode,
  updateEpisode,
} from '../../../src/features/episodes/repository';
import { seriesSchema } from '../../../src/features/series/fields';
import { updateSeries } from '../../../src/features/series/repository';
import { importBangumi } from '../../../src/features/transfer/import-bangumi';
import { recordAudit } from '../../../src/journal/journal';
import { createLiveLog, readHead } from '../../../src/live/log/live-log';
import { item, siteMeta } from '../../support/bangumi';
import { episodeInput, testCatalog, tester } from '../../support/catalog';
import { createTestDatabase, type TestDatabase } from '../../support/database';

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

/** Says that the data is of May, whatever else is in it. */
const may = item({
  title: 'Film of May',
  type: 'movie',
  begin: '2026-05-20T15:00:00.000Z',
  broadcast: '',
  end: '',
});
const sites = [{ site: 'bangumi', id: '400602' }];
const series = (overrides: Record<string, unknown> = {}) => item({ title: 'Series', sites, ...overrides });

function importItems(
  items: readonly unknown[],
  { now = '2026-06-01T00:00:00Z', since }: { now?: string; since?: string } = {},
) {
  return importBangumi({ ...testCatalog(database.db), audit: recordAudit }, tester, {
    now: new Date(now),
    data: { siteMeta, items: [may, ...items] },
    ...(since !== undefined && { since: new Date(since) }),
  });
}

const rows = () => database.db('series').select('*').whereNot({ title: 'Film of May' }).orderBy('id');

async function row() {
  const [first, ...others] = await rows();
  expect(others).toEqual([]);
  return first;
}

/** Number and day of the month of each episode that is not deleted, in the order of the numbers. */
async function episodes(): Promise<string[]> {
  const all = await database
    .db('episodes')
    .select('number', 'published_at')
    .whereNull('deleted_at')
    .orderBy('number');
  return all.map(({ number, published_at: time }) => `${Number(number)} ${time.toISOString().slice(5, 16)}`);
}

async function episode(number: number): Promise<string> {
  const found = await database.db('episodes').select('id').where({ number }).first();
  return found.id;
}

/** For each table that an import may touch, a hash of all its rows. */
async function everything(): Promise<unknown> {
  const tables = ['series', 'episodes', 'video_servers', 'live_head', 'live_log', 'journal'];
  const hashes = tables.map((table) =>
    database.db.raw("select md5(string_agg(row::text, ' ' order by row::text)) as hash from ?? as row", [
      table,
    ]),
  );
  return (await Promise.all(hashes)).map(({ rows: [row] }, index) => [tables[index], row.hash]);
}

const open = series({ end: '' });
const ended = series({ end: '2026-04-26T14:15:00.000Z' });

test('what nobody has edited follows the data, and the address stays', async () => {
  await importItems([series({ comment: 'old', officialSite: 'https://old.example/' })]);
  const newer = series({
    title: 'シリーズ',
    titleTranslate: { en: ['Another Title'], 'zh-Hans': ['系列'] },
    type: 'web',
    end: '2026-04-12T14:15:00.000Z',
    comment: '',
    sites: [...sites, { site: 'netflix', id: '1' }],
  });
  expect(await importItems([newer])).toMatchObject({ series: { added: 0, updated: 1, known: 2 }, gone: [] });
  expect(await row()).toMatchObject({
    slug: 'series',
    title: 'Another Title',
    title_language: 'en',
    title_native: 'シリーズ',
    native_language: 'ja',
    synonyms: ['系列'],
    kind: 'web',
    ends_at: new Date('2026-04-12T14:15:00Z'),
    note: '',
    version: 2,
  });
  const before = await everything();
  expect(await importItems([newer])).toMatchObject({ series: { updated: 0 } });
  expect(await everything()).toEqual(before);
});

test('a title that changes is told to those who look at its cards', async () => {
  await importItems([series()]);
  const head = await readHead(database.db);
  await importItems([series({ title: 'Renamed' })]);
  expect(await createLiveLog(database.db).readSince(head.seq, 10)).toMatchObject(
    await Promise.all(
      [1, 2, 3].map(async (number) => ({ type: 'upsert', isNew: false, key: await episode(number) })),
    ),
  );
});

test('a field that somebody has edited stays, and the others follow the data', async () => {
  await importItems([open]);
  const { id } = await row();
  await updateSeries(
    testCatalog(database.db),
    tester,
    id,
    seriesSchema.parse({ title: 'Mine', seasonYear: 2026, season: 'spring' }),
    1,
  );
  const newer = series({ title: 'Renamed', titleTranslate: { 'zh-Hans': ['系列'] } });
  await importItems([newer]);
  expect(await row()).toMatchObject({
    title: 'Mine',
    synonyms: ['系列'],
    ends_at: new Date('2026-04-19T14:15:00Z'),
  });
  await importItems([series({ title: 'Renamed again' })]);
  expect(await row()).toMatchObject({ title: 'Mine', synonyms: [] });
});

test('an end that somebody has set stays, and decides what is broadcast', async () => {
  await importItems([open]);
  await database.db('series').where({ slug: 'series' }).update({ ends_at: '2026-04-12T14:15:00Z' });
  await importItems([ended]);
  expect(await row()).toMatchObject({ ends_at: new Date('2026-04-12T14:15:00Z') });
  expect(await episodes()).toEqual(['1 04-05T14:15', '2 04-12T14:15']);
});

test('episodes after an end that was not known are taken back, on every screen', async () => {
  await importItems([open]);
  expect(await episodes()).toHaveLength(7);
  const head = await readHead(database.db);
  expect(await importItems([ended])).toMatchObject({ episodes: { added: 0, takenBack: 3, known: 4 } });
  expect(await episodes()).toEqual(['1 04-05T14:15', '2 04-12T14:15', '3 04-19T14:15', '4 04-26T14:15']);
  expect(await createLiveLog(database.db).readSince(head.seq, 10)).toMatchObject(
    await Promise.all([5, 6, 7].map(async (number) => ({ type: 'remove', key: await episode(number) }))),
  );
  const [entry] = await database.db('journal').select('details').orderBy('id', 'desc').limit(1);
  expect(entry.details).toMatchObject({ takenBack: await Promise.all([5, 6, 7].map(episode)) });
});

test('episodes after the end that somebody has touched stay', async () => {
  const catalog = testCatalog(database.db);
  await importItems([open]);
  await updateEpisode(catalog, tester, await episode(5), () =>
    episodeInput({ number: '5', title: 'Special' }),
  );
  await updateEpisode(catalog, tester, await episode(6), () =>
    episodeInput({ number: '6', status: 'hidden' }),
  );
  await createEpisode(catalog, tester, (await row()).id, episodeInput({ number: '8' }));
  expect(await importItems([ended])).toMatchObject({ episodes: { takenBack: 1 } });
  expect((await episodes()).map((line) => line.split(' ')[0])).toEqual(['1', '2', '3', '4', '5', '6', '8']);
});

test('an episode that was taken back and then restored by somebody stays', async () => {
  await importItems([open]);
  await importItems([ended]);
  await restoreEpisode(testCatalog(database.db), tester, await episode(5));
  expect(await importItems([ended])).toMatchObject({ episodes: { takenBack: 0 } });
  expect(await episodes()).toHaveLength(5);
});

test('an episode that was taken back is there again when the series went on after all; a deleted one is not', async () => {
  await importItems([open]);
  await importItems([ended]);
  await deleteEpisode(testCatalog(database.db), tester, await episode(4));
  const head = await readHead(database.db);
  const result = await importItems([series({ end: '2026-05-03T14:15:00.000Z' })]);
  expect(result).toMatchObject({ episodes: { added: 0, broughtBack: 1, known: 4 } });
  expect((await episodes()).map((line) => line.split(' ')[0])).toEqual(['1', '2', '3', '5']);
  expect(await createLiveLog(database.db).readSince(head.seq, 10)).toMatchObject([
    { type: 'upsert', isNew: false, key: await episode(5) },
  ]);
});

test('a number that somebody gave to another episode is not taken from it', async () => {
  const catalog = testCatalog(database.db);
  await importItems([open]);
  await importItems([ended]);
  await createEpisode(catalog, tester, (await row()).id, episodeInput({ number: '5', title: 'Mine' }));
  expect(await importItems([open])).toMatchObject({ episodes: { added: 0, broughtBack: 2 } });
  expect(await database.db('episodes').select('title').where({ number: 5 }).whereNull('deleted_at')).toEqual([
    { title: 'Mine' },
  ]);
});

test('a broadcast at another time moves its episode, unless somebody has touched it', async () => {
  await importItems([series()]);
  await updateEpisode(testCatalog(database.db), tester, await episode(2), () =>
    episodeInput({ number: '2', title: 'Mine' }),
  );
  const later = { begin: '2026-04-05T15:00:00.000Z', broadcast: 'R/2026-04-05T15:00:00.000Z/P7D' };
  const result = await importItems([series({ ...later, end: '2026-04-19T15:00:00.000Z' })]);
  expect(result).toMatchObject({ episodes: { added: 0, moved: 2, takenBack: 0 } });
  expect(await episodes()).toEqual(['1 04-05T15:00', '2 04-12T14:15', '3 04-19T15:00']);
});

test('a broadcast that somebody gave another number is not added again when its time changes', async () => {
  await importItems([series()]);
  await updateEpisode(testCatalog(database.db), tester, await episode(2), () =>
    episodeInput({ number: '1.5' }),
  );
  const later = { begin: '2026-04-05T15:00:00.000Z', broadcast: 'R/2026-04-05T15:00:00.000Z/P7D' };
  await importItems([series({ ...later, end: '2026-04-19T15:00:00.000Z' })]);
  expect((await episodes()).map((line) => line.split(' ')[0])).toEqual(['1', '1.5', '3']);
});

test('a series that was put off has the episodes of its new dates only', async () => {
  await importItems([series()]);
  const later = { begin: '2026-05-10T14:15:00.000Z', broadcast: 'R/2026-05-10T14:15:00.000Z/P7D' };
  await importItems([series({ ...later, end: '2026-05-17T14:15:00.000Z' })]);
  expect(await episodes()).toEqual(['1 05-10T14:15', '2 05-17T14:15']);
});

test('a rule that is no longer told takes nothing away, and neither does a set that is older', async () => {
  await importItems([open]);
  expect(await importItems([series({ end: '', broadcast: '' })])).toMatchObject({
    episodes: { takenBack: 0 },
  });
  expect(await episodes()).toHaveLength(7);
  // Known until 6 April only.
  const older = {
    siteMeta,
    items: [open, item({ begin: '2026-04-06T00:00:00.000Z', broadcast: '', end: '' })],
  };
  await importBangumi(testCatalog(database.db), tester, {
    now: new Date('2026-06-01T00:00:00Z'),
    data: older,
  });
  expect(await episodes()).toHaveLength(7);
});

test('a long series that gets another slot keeps what was broadcast before, and its numbers go on', async () => {
  const long = { begin: '2026-04-05T14:15:00.000Z', end: '' };
  await importItems([series({ ...long })], { now: '2026-04-20T00:00:00Z' });
  const moved = series({ ...long, broadcast: 'R/2026-04-25T01:00:00.000Z/P7D' });
  await importItems([moved], { now: '2026-05-10T00:00:00Z' });
  expect(await episodes()).toEqual([
    '1 04-05T14:15',
    '2 04-12T14:15',
    '3 04-19T14:15',
    '4 04-25T01:00',
    '5 05-02T01:00',
    '6 05-09T01:00',
  ]);
  const before = await everything();
  await importItems([moved], { now: '2026-05-10T00:00:00Z' });
  expect(await everything()).toEqual(before);
});

test.each([
  ['its id', { title: 'Renamed', begin: '2026-04-06T00:00:00.000Z' }],
  ['its title and begin', { sites: [] }],
  ['its title and begin, under another id', { sites: [{ site: 'bangumi', id: '999' }] }],
  [
    'an id elsewhere',
    { title: 'Renamed', begin: '2026-07-05T14:15:00.000Z', sites: [{ site: 'anidb', id: '7' }] },
  ],
  ['a link', { title: 'Renamed', sites: [{ site: 'netflix', id: '8' }] }],
  ['its official site', { title: 'Renamed', begin: '2026-04-12T14:15:00.000Z', sites: [] }],
])('a series is recognised by %s, and still is when everything else comes back', async (_by, change) => {
  const known = series({
    officialSite: 'https://series.example/',
    sites: [...sites, { site: 'anidb', id: '7' }, { site: 'netflix', id: '8' }],
  });
  await importItems([known]);
  const { id } = await row();
  const result = await importItems([{ ...known, ...change }]);
  expect(result).toMatchObject({ series: { added: 0 }, gone: [], ambiguous: [] });
  expect(await row()).toMatchObject({ id, slug: 'series' });
  expect(await importItems([known])).toMatchObject({ series: { added: 0 }, gone: [] });
  expect(await row()).toMatchObject({ id, slug: 'series', title: 'Series' });
});

test('an item that takes the id of another is a series of its own, with an address and a source', async () => {
  await importItems([series()]);
  const result = await importItems([
    series({ sites: [{ site: 'bangumi', id: '999' }] }),
    item({ title: 'Other', sites, begin: '2026-01-01T00:00:00.000Z', broadcast: '' }),
  ]);
  expect(result).toMatchObject({
    series: { added: 1, known: 2 },
    gone: [],
    skipped: [],
    ambiguous: [{ title: 'Other', reason: expect.stringContaining('/series/series') }],
  });
  expect((await rows()).map(({ slug }) => slug)).toEqual(['series', 'other']);
});

test('what the data no longer has is told each time, and stays', async () => {
  await importItems([series(), item({ title: 'Stays' })]);
  const before = await everything();
  for (let time = 0; time < 2; time++) {
    expect(await importItems([series()])).toMatchObject({ gone: [{ slug: 'stays', title: 'Stays' }] });
    expect(await everything()).toEqual(before);
  }
});

test('series of an admin are not among those that the data no longer has', async () => {
  await database.db('series').insert({ slug: 'own', title: 'Own', kind: 'tv' });
  expect(await importItems([])).toMatchObject({ gone: [] });
});

test('an import of the recent series also brings those up to date that were imported before', async () => {
  await importItems([open]);
  expect(
    await importItems([ended, item({ title: 'Never imported' })], { since: '2026-05-01T00:00:00Z' }),
  ).toMatchObject({
    series: { added: 0, updated: 1 },
    episodes: { takenBack: 3 },
  });
});

describe('a catalog that was imported before imports kept records', () => {
  /** As it was left by a release that read a missing end as "for ever". */
  async function forgetRecords(): Promise<void> {
    await database.db('series').update({ imported: null });
    await database.db('episodes').update({ imported_as: null, imported_version: null });
  }

  test('follows the data where nobody has edited it', async () => {
    await importItems([open]);
    await forgetRecords();
    expect(await importItems([ended])).toMatchObject({
      series: { added: 0, updated: 1 },
      episodes: { added: 0, takenBack: 3 },
      gone: [],
    });
    const before = await everything();
    await importItems([ended]);
    expect(await everything()).toEqual(before);
  });

  test('keeps what somebody has edited', async () => {
    const catalog = testCatalog(database.db);
    await importItems([open]);
    await updateSeries(catalog, tester, (await row()).id, seriesSchema.parse({ title: 'Mine' }), 1);
    await updateEpisode(catalog, tester, await episode(6), () =>
      episodeInput({ number: '6', title: 'Mine' }),
    );
    await deleteEpisode(catalog, tester, await episode(2));
    await createEpisode(catalog, tester, (await row()).id, episodeInput({ number: '9' }));
    await forgetRecords();
    await importItems([series({ title: 'Renamed', end: '2026-04-26T14:15:00.000Z' })]);
    expect(await row()).toMatchObject({ title: 'Mine', ends_at: new Date('2026-04-26T14:15:00Z') });
    expect((await episodes()).map((line) => line.split(' ')[0])).toEqual(['1', '3', '4', '6', '9']);
  });

  test('loses the episodes that nobody knows of', async () => {
    await importItems(
      [item({ title: 'Later', begin: '2026-08-01T00:00:00.000Z', broadcast: '', end: '' }), open],
      {
        now: '2026-08-01T00:00:00Z',
      },
    );
    expect(await episodes()).toHaveLength(17);
    await forgetRecords();
    expect(await importItems([open], { now: '2026-08-01T00:00:00Z' })).toMatchObject({
      episodes: { takenBack: 10 },
    });
    expect(await episodes()).toHaveLength(7);
  });
});

test('links that somebody has edited stay as they are, and the series is recognised all the same', async () => {
  const stream = { site: 'netflix', id: '1' };
  await importItems([series({ sites: [...sites, stream] })]);
  const { id, version, links } = await row();
  expect(links).toHaveLength(2);
  const own = [{ title: 'Mine', url: 'https://mine.example/', kind: 'official' as const }];
  const catalog = { ...testCatalog(database.db), audit: recordAudit };
  await updateSeries(catalog, tester, id, (current) => ({ ...current, links: own }), version);
  const newer = series({ title: 'シリーズ', sites: [...sites, stream, { site: 'iqiyi', id: '2' }] });
  expect(await importItems([newer])).toMatchObject({ series: { added: 0 } });
  expect(await row()).toMatchObject({ id, title: 'シリーズ', links: own });
});
