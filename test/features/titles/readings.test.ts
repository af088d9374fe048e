import { giveReadSlugs } from '../../../src/features/series/read-slugs';
import { updateSeries } from '../../../src/features/series/repository';
import { searchSeries } from '../../../src/features/titles/public';
import { findUnreadTitles, keepReadings } from '../../../src/features/titles/readings';
import { newSeries, testCatalog, tester } from '../../support/catalog';
import { createTestDatabase, type TestDatabase } from '../../support/database';

let database: TestDatabase;
let catalog: ReturnType<typeof testCatalog>;
beforeAll(async () => {
  database = await createTestDatabase();
  catalog = testCatalog(database.db);
});
afterAll(() => database.drop());

const slugOf = async (id: string): Promise<string> =>
  (await database.db('series').select('slug').where({ id }).first()).slug;
const firstFor = async (text: string) => (await searchSeries(database.db, text, { limit: 3 }))[0];

test('a title that is read is found by romaji, and by hiragana, until it is another one', async () => {
  const series = await newSeries(catalog, {
    title: '葬送',
    slug: 'read',
    titleLanguage: 'ja',
    synonyms: ['Known'],
  });
  expect(await findUnreadTitles(database.db, 10)).toEqual(['葬送']);
  expect(await firstFor('sousou')).toBeUndefined();
  await keepReadings(database.db, new Map([['葬送', 'sousou']]));
  expect(await findUnreadTitles(database.db, 10)).toEqual([]);
  for (const text of ['sousou', 'Sōsō', 'そうそう', 'ｿｳｿｳ'])
    expect(await firstFor(text)).toMatchObject({ seriesId: series.id, title: 'sousou', isReading: true });
  const input = { ...series, title: '日常', titleLanguage: 'ja' };
  const { id: _1, version, createdAt: _2, updatedAt: _3, ...fields } = input;
  await updateSeries(catalog, tester, series.id, fields, version);
  expect(await firstFor('sousou')).toBeUndefined();
});

test('titles are asked for in Japanese alone, each once', async () => {
  await newSeries(catalog, {
    title: 'Unread',
    titleNative: '薬屋',
    nativeLanguage: 'ja',
    synonyms: ['药屋少女', 'くすりや', 'Kusuriya'],
  });
  await newSeries(catalog, { title: 'Unread 2', titleNative: '薬屋', nativeLanguage: 'ja' });
  await newSeries(catalog, { title: '药屋', titleLanguage: 'zh', slug: 'chinese' });
  const unread = await findUnreadTitles(database.db, 10);
  expect([...unread].sort()).toEqual(['くすりや', '日常', '薬屋'].sort());
  expect(await findUnreadTitles(database.db, 1)).toHaveLength(1);
});

test('a slug that was made before the title was read follows the reading, one that was chosen stays', async () => {
  const title = '葬送のフリーレン';
  const made = await newSeries(catalog, { title, titleLanguage: 'ja' });
  const chosen = await newSeries(catalog, { title, titleLanguage: 'ja', slug: 'frieren' });
  const second = await newSeries(catalog, { title, titleLanguage: 'ja' });
  const old = await newSeries(catalog, { title, titleLanguage: 'ja' });
  await database
    .db('series')
    .where({ id: old.id })
    .update({ created_at: new Date('2020-01-01T00:00:00Z') });
  expect([made.slug, second.slug]).toEqual(['zangsongnofuriren', 'zangsongnofuriren-2']);
  await keepReadings(database.db, new Map([[title, 'sousou no furiren']]));

  expect(await giveReadSlugs(catalog, tester, { all: false })).toBe(2);
  expect(await slugOf(made.id)).toBe('sousou-no-furiren');
  expect(await slugOf(second.id)).toBe('sousou-no-furiren-2');
  expect(await slugOf(chosen.id)).toBe('frieren');
  expect(await slugOf(old.id)).toBe('zangsongnofuriren-3');
  expect(await giveReadSlugs(catalog, tester, { all: false })).toBe(0);
  expect(await giveReadSlugs(catalog, tester, { all: true })).toBe(1);
  expect(await slugOf(old.id)).toBe('sousou-no-furiren-3');

  const known = await newSeries(catalog, { title, titleLanguage: 'ja' });
  expect(known.slug).toBe('sousou-no-furiren-4');
});
