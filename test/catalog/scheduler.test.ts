import { findEpisode } from '../../src/catalog/episode-queries';
import { publishDueEpisodes } from '../../src/catalog/scheduler';
import { readChangesSince, readHead } from '../../src/changes/change-log';
import { newEpisode, newSeries, testCatalog } from '../support/catalog';
import { createTestDatabase, type TestDatabase } from '../support/database';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const PAST = '2026-01-01T09:30:00.000Z';

test('publishes what is due, at the time that was announced, and leaves the rest', async () => {
  const catalog = testCatalog(database.db);
  const series = await newSeries(catalog);
  const due = await newEpisode(catalog, series.id, { number: 1, status: 'scheduled', publishAt: PAST });
  const later = await newEpisode(catalog, series.id, {
    number: 2,
    status: 'scheduled',
    publishAt: '2999-01-01T00:00:00Z',
  });
  expect(catalog.published).toEqual([]);

  expect(await publishDueEpisodes(catalog)).toBe(1);
  expect(await findEpisode(database.db, due.id)).toMatchObject({
    status: 'published',
    publishedAt: new Date(PAST),
  });
  expect(await findEpisode(database.db, later.id)).toMatchObject({ status: 'scheduled' });
  expect(catalog.published).toMatchObject([{ type: 'upsert', isNew: true, episode: { episodeId: due.id } }]);
  expect(await publishDueEpisodes(catalog)).toBe(0);
});

test('several nodes at once publish each episode exactly once', async () => {
  const catalog = testCatalog(database.db);
  const series = await newSeries(catalog);
  for (let number = 1; number <= 10; number++) {
    await newEpisode(catalog, series.id, { number, status: 'scheduled', publishAt: PAST });
  }
  const before = await readHead(database.db);
  const counts = await Promise.all(Array.from({ length: 4 }, () => publishDueEpisodes(catalog)));
  expect(counts.reduce((sum, count) => sum + count)).toBe(10);
  expect(await readChangesSince(database.db, before.epoch, before.seq, 100)).toHaveLength(10);
});
