import { seriesSchema } from '../../../src/features/series/fields';
import { updateSeries } from '../../../src/features/series/repository';
import { foldChangedTitles, searchSeries } from '../../../src/features/titles/public';
import { newSeries, testCatalog, tester } from '../../support/catalog';
import { createTestDatabase, type TestDatabase } from '../../support/database';

const FRIEREN = {
  title: 'Frieren: Beyond Journey’s End',
  titleNative: '葬送のフリーレン',
  synonyms: ['葬送的芙莉莲'],
  slug: 'frieren',
};

let database: TestDatabase;
let catalog: ReturnType<typeof testCatalog>;
beforeAll(async () => {
  database = await createTestDatabase();
  catalog = testCatalog(database.db);
  await newSeries(catalog, FRIEREN);
  await newSeries(catalog, { title: '日常', slug: 'nichijou', synonyms: ['Nichijou - My Ordinary Life'] });
  await newSeries(catalog, { title: 'HUNTER×HUNTER', slug: 'hunter' });
  await newSeries(catalog, { title: 'ウィッチウォッチ', slug: 'witch', titleLanguage: 'ja' });
  await newSeries(catalog, { title: '〜Ordinary Émigré〜 100%', slug: 'emigre' });
  await newSeries(catalog, { title: '소드 아트 온라인', slug: 'sao' });
  await newSeries(catalog, { title: 'K', slug: 'k' });
  await newSeries(catalog, { title: 'Hidden Journey', slug: 'hidden', visible: false });
});
afterAll(() => database.drop());

async function find(text: string, withHidden = false): Promise<readonly string[]> {
  const found = await searchSeries(database.db, text, { limit: 10, withHidden });
  const rows: { id: string; slug: string }[] = await database.db('series').select('id', 'slug');
  const slugs = new Map(rows.map(({ id, slug }) => [id, slug]));
  return found.map(({ seriesId }) => slugs.get(seriesId) ?? '');
}

test.each([
  ['the title', 'Frieren: Beyond Journey’s End', 'frieren'],
  ['the original title', '葬送のフリーレン', 'frieren'],
  ['another title', '葬送的芙莉莲', 'frieren'],
  ['a beginning', 'frie', 'frieren'],
  ['the middle of a title', 'のフリー', 'frieren'],
  ['one character of a title', '葬', 'frieren'],
  ['words in another order', 'end journeys beyond', 'frieren'],
  ['words and a typo', 'beyond jurney', 'frieren'],
  ['a letter too few', 'Friren', 'frieren'],
  ['a letter too many', 'frierren', 'frieren'],
  ['another letter', 'friezen', 'frieren'],
  ['two swapped letters', 'freiren', 'frieren'],
  ['another kana', '葬送のフリーレソ', 'frieren'],
  ['hiragana', 'ふりーれん', 'frieren'],
  ['romaji of kana', 'furiiren', 'frieren'],
  ['half-width kana', 'ｳｨｯﾁｳｫｯﾁ', 'witch'],
  ['romaji', 'wicchi wocchi', 'witch'],
  ['an x for a cross', 'hunter x hunter', 'hunter'],
  ['no marks', 'ordinary emigre', 'emigre'],
  ['full width', 'Ｎｉｃｈｉｊｏｕ', 'nichijou'],
  ['a macron for two vowels', 'nichijō', 'nichijou'],
  ['Hangul', '아트 온라인', 'sao'],
  ['a single letter', 'k', 'k'],
])('finds %s first', async (_, text, slug) => {
  expect((await find(text))[0]).toBe(slug);
});

test.each(['', ' ', '★☆', '…', 'Wuthering Heights', 'zzzz'])('finds nothing for %j', async (text) => {
  expect(await find(text)).toEqual([]);
});

test('a hidden series is found by those alone who may see it', async () => {
  expect(await find('hidden journey')).not.toContain('hidden');
  expect((await find('hidden journey', true))[0]).toBe('hidden');
});

test('a title that was changed is found by what it is now, in the same transaction', async () => {
  const series = await newSeries(catalog, { title: 'Before', slug: 'renamed', synonyms: ['Kept'] });
  const input = seriesSchema.parse({ title: 'Afterwards', slug: 'renamed', synonyms: ['Kept'] });
  await updateSeries(catalog, tester, series.id, input, series.version);
  expect(await find('before')).not.toContain('renamed');
  expect(await find('afterwards')).toEqual(['renamed']);
  expect(await find('kept')).toEqual(['renamed']);
});

test('what somebody wrote who does not fold is folded later, once', async () => {
  await database.db('series').insert({ slug: 'by-hand', title: 'Ｂｙ Ｈａｎｄ', kind: 'tv' });
  expect(await find('by hand')).toEqual([]);
  await foldChangedTitles(database.db);
  expect(await find('by hand')).toEqual(['by-hand']);
  const { rows } = await database.db.raw('select xmin::text as written_by from series_titles order by 1');
  await foldChangedTitles(database.db);
  expect(
    (await database.db.raw('select xmin::text as written_by from series_titles order by 1')).rows,
  ).toEqual(rows);
  await database.db('series').where({ slug: 'by-hand' }).delete();
  expect(await find('by hand')).toEqual([]);
});

test('long and odd text is answered at once', async () => {
  const startMs = performance.now();
  for (const text of [
    'x'.repeat(300),
    '%_\\',
    "'; drop table series; --",
    '葬'.repeat(300),
    'a '.repeat(150),
  ])
    await find(text);
  expect(performance.now() - startMs).toBeLessThan(5_000);
});
