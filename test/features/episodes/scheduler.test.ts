import { findEpisode } from '../../../src/features/episodes/queries';
import {
  Postponed,
  publishDueEpisodes,
  readOverdue,
  startScheduler,
} from '../../../src/features/episodes/scheduler';
import { createLiveLog, readHead } from '../../../src/live/log/live-log';
import { createDatabase, WORKING } from '../../../src/platform/database';
import { createLogger } from '../../../src/platform/log';
import { newEpisode, newSeries, testCatalog } from '../../support/catalog';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { until } from '../../support/until';

let database: TestDatabase;
beforeEach(async () => {
  database = await createTestDatabase();
});
afterEach(() => database.drop());

const PAST = '2026-01-01T09:30:00.000Z';
const LATER_PAST = '2026-01-02T09:30:00.000Z';

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
  expect(catalog.published).toMatchObject([{ type: 'upsert', isNew: true, key: due.id }]);
  expect(await publishDueEpisodes(catalog)).toEqual({ published: 0, nextLookMs: 2_000 });
});

test('tells how late the oldest of the episodes is that should be published', async () => {
  const catalog = testCatalog(database.db);
  const series = await newSeries(catalog);
  expect(await readOverdue(database.db)).toEqual({ episodes: 0, oldestSeconds: 0 });
  for (const [number, publishAt] of [PAST, LATER_PAST, '2999-01-01T00:00:00Z'].entries())
    await newEpisode(catalog, series.id, { number, status: 'scheduled', publishAt });
  const lateSeconds = (Date.now() - Date.parse(PAST)) / 1_000;
  const { episodes, oldestSeconds } = await readOverdue(database.db);
  expect(episodes).toBe(2);
  expect(Math.abs(oldestSeconds - lateSeconds)).toBeLessThan(60);
  await publishDueEpisodes(catalog);
  expect(await readOverdue(database.db)).toEqual({ episodes: 0, oldestSeconds: 0 });
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
  const node = async (): Promise<number> => {
    const postponed = new Postponed();
    let sum = 0;
    for (;;) {
      const { published, nextLookMs } = await publishDueEpisodes(catalog, postponed);
      sum += published;
      // Until nothing is due and nobody else was in the way.
      if (nextLookMs === 2_000) return sum;
      await new Promise((resolve) => setTimeout(resolve, nextLookMs));
    }
  };
  const counts = await Promise.all([node(), node(), node(), node()]);
  expect(counts.reduce((sum, published) => sum + published, 0)).toBe(10);
  expect(await createLiveLog(database.db).readSince(before.seq, 100)).toHaveLength(10);
});

test('one whose series somebody is just writing holds up none of the others, and follows', async () => {
  const catalog = testCatalog(database.db);
  const locked = await newSeries(catalog);
  const free = await newSeries(catalog);
  // More than are looked at together, and all of them ahead.
  for (let number = 1; number <= 51; number++) {
    await newEpisode(catalog, locked.id, { number, status: 'scheduled', publishAt: PAST });
  }
  const other = await newEpisode(catalog, free.id, { number: 1, status: 'scheduled', publishAt: LATER_PAST });
  const postponed = new Postponed();
  await database.db.transaction(async (somebody) => {
    await somebody('series').where({ id: locked.id }).forUpdate();
    await until(async () => {
      const { nextLookMs } = await publishDueEpisodes(catalog, postponed);
      expect(nextLookMs).toBeLessThanOrEqual(200);
      return catalog.published.length > 0;
    });
    expect(catalog.published).toMatchObject([{ key: other.id }]);
  });
  await until(async () => {
    await publishDueEpisodes(catalog, postponed);
    return catalog.published.length === 52;
  });
  expect(await publishDueEpisodes(catalog, postponed)).toEqual({ published: 0, nextLookMs: 2_000 });
}, 20_000);

test('of several nodes one waits for the series, so that they make the queue no longer', async () => {
  const catalog = testCatalog(database.db);
  const series = await newSeries(catalog);
  await newEpisode(catalog, series.id, { status: 'scheduled', publishAt: PAST });
  const waiting = async (): Promise<number> => {
    const { rows } = await database.db.raw<{ rows: unknown[] }>(
      "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
    );
    return rows.length;
  };
  const [first, second] = [new Postponed(), new Postponed()];
  await database.db.transaction(async (somebody) => {
    await somebody('series').where({ id: series.id }).forUpdate();
    await publishDueEpisodes(catalog, first);
    await until(async () => (await waiting()) === 1);
    await publishDueEpisodes(catalog, second);
    await second.queuesOver();
    expect(await waiting()).toBe(1);
    expect(second.waitMs(performance.now())).toBeLessThanOrEqual(200);
  });
  await first.queuesOver();
  expect(catalog.published).toHaveLength(1);
});

test('one that can not be published at all is told, tried less and less often, and holds up none of the others', async () => {
  const catalog = testCatalog(database.db);
  const series = await newSeries(catalog);
  const bad = await newEpisode(catalog, series.id, { number: 1, status: 'scheduled', publishAt: PAST });
  const good = await newEpisode(catalog, series.id, {
    number: 2,
    status: 'scheduled',
    publishAt: LATER_PAST,
  });
  const failing = {
    ...catalog,
    audit: async (_trx: unknown, { subjectId }: { readonly subjectId: string | null }) => {
      if (subjectId === bad.id) throw new Error('This one fails.');
    },
  };
  const failures: string[] = [];
  const postponed = new Postponed();
  const look = () => publishDueEpisodes(failing, postponed, (_error, episodeId) => failures.push(episodeId));
  const { published, nextLookMs } = await look();
  expect({ published, failures }).toEqual({ published: 1, failures: [bad.id] });
  expect(nextLookMs).toBeLessThanOrEqual(1_000);
  expect(catalog.published).toMatchObject([{ key: good.id }]);
  await look();
  expect(failures).toHaveLength(1);
  await until(async () => {
    await look();
    return failures.length === 2;
  });
  expect((await look()).nextLookMs).toBeGreaterThan(1_000);
});

test.each([
  { writers: 4, holdMs: 20 },
  // A queue of half a second and more, as on a machine that is busy with other things.
  { writers: 8, holdMs: 70 },
])(
  'those of a series that $writers always want to write have their turn, all together',
  async ({ writers, holdMs }) => {
    const catalog = testCatalog(database.db);
    const series = await newSeries(catalog);
    let isOver = false;
    let written = 0;
    // There is always somebody who waits for the lock.
    const others = createDatabase(database.url, { maxConnections: writers, limits: WORKING });
    const writing = Array.from({ length: writers }, async () => {
      while (!isOver) {
        await others.transaction(async (trx) => {
          await trx('series').where({ id: series.id }).forUpdate();
          await trx.raw('select pg_sleep(?)', [holdMs / 1_000]);
        });
        written++;
      }
    });
    try {
      for (const number of [1, 2, 3])
        await newEpisode(catalog, series.id, { number, status: 'scheduled', publishAt: PAST });
      await until(() => written >= writers);
      const before = written;
      const postponed = new Postponed();
      await until(async () => {
        await publishDueEpisodes(catalog, postponed);
        return catalog.published.length === 3;
      });
      // Those who stood before it, and no second round; some more may have come in before it asked.
      expect(written - before).toBeLessThanOrEqual(2 * writers);
    } finally {
      isOver = true;
      await Promise.all(writing);
      await others.destroy();
    }
  },
);

test('one that the database has no time for is tried again at once, however often', async () => {
  const catalog = testCatalog(database.db);
  const series = await newSeries(catalog);
  const due = await newEpisode(catalog, series.id, { status: 'scheduled', publishAt: PAST });
  let failures = 0;
  const busy = {
    ...catalog,
    audit: async () => {
      if (failures < 5)
        throw Object.assign(new Error('canceling statement due to lock timeout'), { code: '55P03' });
    },
  };
  const postponed = new Postponed();
  await until(async () => {
    const { published, nextLookMs } = await publishDueEpisodes(busy, postponed, () => failures++);
    if (published === 0) expect(nextLookMs).toBeLessThanOrEqual(200);
    return published === 1;
  });
  expect(failures).toBe(5);
  expect(await findEpisode(database.db, due.id)).toMatchObject({ status: 'published' });
});
