import { findEpisode } from '../../src/catalog/episode-queries';
import { publishDueEpisodes, startScheduler } from '../../src/catalog/scheduler';
import { readChangesSince, readHead } from '../../src/changes/change-log';
import { createLogger } from '../../src/platform/log';
import { newEpisode, newSeries, testCatalog } from '../support/catalog';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { until } from '../support/until';

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

  expect(await publishDueEpisodes(catalog)).toMatchObject({ published: 1 });
  expect(await findEpisode(database.db, due.id)).toMatchObject({
    status: 'published',
    publishedAt: new Date(PAST),
  });
  expect(await findEpisode(database.db, later.id)).toMatchObject({ status: 'scheduled' });
  expect(catalog.published).toMatchObject([{ type: 'upsert', isNew: true, episode: { episodeId: due.id } }]);
  expect(await publishDueEpisodes(catalog)).toEqual({ published: 0, nextLookMs: 2_000 });
});

test('looks again at once when there are more than it takes at a time, else when the next one is due', async () => {
  const catalog = testCatalog(database.db);
  const series = await newSeries(catalog);
  for (let number = 1; number <= 52; number++) {
    await newEpisode(catalog, series.id, { number, status: 'scheduled', publishAt: PAST });
  }
  expect(await publishDueEpisodes(catalog)).toEqual({ published: 50, nextLookMs: 0 });
  expect(await publishDueEpisodes(catalog)).toEqual({ published: 2, nextLookMs: 2_000 });

  const publishAtMs = Date.now() + 1_900;
  const publishAt = new Date(publishAtMs).toISOString();
  await newEpisode(catalog, series.id, { number: 53, status: 'scheduled', publishAt });
  const { nextLookMs } = await publishDueEpisodes(catalog);
  expect(nextLookMs).toBeLessThanOrEqual(1_900 + 51);
  expect(Date.now() + nextLookMs).toBeGreaterThanOrEqual(publishAtMs);
});

test('for ever, each at its time', async () => {
  const catalog = testCatalog(database.db);
  const series = await newSeries(catalog);
  const publishAtMs = Date.now() + 400;
  await newEpisode(catalog, series.id, {
    number: 1,
    status: 'scheduled',
    publishAt: new Date(publishAtMs).toISOString(),
  });
  const stop = startScheduler(catalog, createLogger('silent'));
  try {
    await until(() => catalog.published.length === 1);
    expect(Date.now()).toBeGreaterThanOrEqual(publishAtMs);
  } finally {
    await stop();
  }
});

test('several nodes at once publish each episode exactly once', async () => {
  const catalog = testCatalog(database.db);
  const series = await newSeries(catalog);
  for (let number = 1; number <= 10; number++) {
    await newEpisode(catalog, series.id, { number, status: 'scheduled', publishAt: PAST });
  }
  const before = await readHead(database.db);
  const counts = await Promise.all(Array.from({ length: 4 }, () => publishDueEpisodes(catalog)));
  expect(counts.reduce((sum, { published }) => sum + published, 0)).toBe(10);
  expect(await readChangesSince(database.db, before.epoch, before.seq, 100)).toHaveLength(10);
});
