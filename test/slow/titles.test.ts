import { searchSeries } from '../../src/features/titles/public';
import { readTitlesInProcess } from '../../src/features/titles/reader-process';
import { newSeries, testCatalog } from '../support/catalog';
import { createTestDatabase, type TestDatabase } from '../support/database';

jest.setTimeout(60_000);

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

test('another process reads the titles, and gives new series the addresses that follow from it', async () => {
  const { db, url } = database;
  const { id, slug } = await newSeries(testCatalog(db), { title: '葬送のフリーレン', titleLanguage: 'ja' });
  expect(slug).toBe('zangsongnofuriren');
  await readTitlesInProcess(db, url);
  expect((await searchSeries(db, 'sousou no furiren', { limit: 1 }))[0]?.seriesId).toBe(id);
  expect(await db('series').select('slug').where({ id }).first()).toEqual({ slug: 'sousou-no-furiren' });
  expect(await db('former_slugs').select('slug')).toEqual([{ slug: 'zangsongnofuriren' }]);
  const [entry] = await db('journal').select('action', 'actor_name').orderBy('id', 'desc').limit(1);
  expect(entry).toEqual({ action: 'series.update', actor_name: 'titles' });
  // Nothing to read: no process.
  const startMs = performance.now();
  await readTitlesInProcess(db, url);
  expect(performance.now() - startMs).toBeLessThan(200);
});

test('what goes wrong in it is said', async () => {
  await newSeries(testCatalog(database.db), { title: '日常', titleLanguage: 'ja' });
  const url = new URL(database.url);
  url.password = 'wrong';
  await expect(readTitlesInProcess(database.db, url.href)).rejects.toThrow(
    /Titles were not read: the process ended with 1\. .*password/s,
  );
});
