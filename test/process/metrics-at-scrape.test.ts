import { createRegistry } from '../../src/platform/metrics';
import { measureServing, measureSite } from '../../src/process/metrics-at-scrape';

type Needs = Parameters<typeof measureServing>[1];

/** The values of a process that has told change 7 to its streams, by the names of the metrics. */
async function scrape(needs: Partial<Needs>): Promise<ReadonlyMap<string, number>> {
  const registry = createRegistry();
  measureServing(registry, {
    version: '1.2.3',
    isDraining: () => false,
    whyUnready: async () => undefined,
    feed: { cursor: { epoch: 'k3f9', seq: 7 }, unseenMs: 1_500 },
    readHead: async () => ({ epoch: 'k3f9', seq: 7 }),
    pools: {},
    ...needs,
  });
  const text = await registry.metrics();
  return new Map(
    [...text.matchAll(/^(nipnime_\w+) (\S+)$/gm)].map(([, name = '', value]) => [name, Number(value)]),
  );
}

test('tell how far the streams are behind the database', async () => {
  const values = await scrape({ readHead: async () => ({ epoch: 'k3f9', seq: 9 }) });
  expect(values.get('nipnime_feed_change')).toBe(7);
  expect(values.get('nipnime_feed_lag_changes')).toBe(2);
  expect(values.get('nipnime_feed_unseen_seconds')).toBe(1.5);
});

test('are not behind because a change came while the head was read', async () => {
  const values = await scrape({ readHead: async () => ({ epoch: 'k3f9', seq: 6 }) });
  expect(values.get('nipnime_feed_lag_changes')).toBe(0);
});

test('say whether requests should come', async () => {
  const draining = await scrape({ isDraining: () => true, whyUnready: async () => 'draining' });
  expect([draining.get('nipnime_ready'), draining.get('nipnime_draining')]).toEqual([0, 1]);
  const ready = await scrape({});
  expect([ready.get('nipnime_ready'), ready.get('nipnime_draining')]).toEqual([1, 0]);
});

test('leave out what the database does not tell in time, and tell the rest', async () => {
  jest.useFakeTimers();
  const never = new Promise<never>(() => undefined);
  const scraping = scrape({ whyUnready: () => never, readHead: () => never });
  await jest.advanceTimersByTimeAsync(2_000);
  const values = await scraping;
  jest.useRealTimers();
  expect(values.get('nipnime_ready')).toBe(0);
  expect(values.has('nipnime_feed_lag_changes')).toBe(false);
  expect(values.get('nipnime_feed_change')).toBe(7);
});

test('tell of the whole site what is overdue, and how its jobs are', async () => {
  const registry = createRegistry();
  let isAway = false;
  const readOverdue = async () => {
    if (isAway) throw new Error('Postgres is away.');
    return { episodes: 2, oldestSeconds: 90.5 };
  };
  const countJobs = async () => {
    if (isAway) throw new Error('Postgres is away.');
    return { waiting: 3, failed: 1 };
  };
  measureSite(registry, { readOverdue, countJobs });
  const lines = async () =>
    (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  expect(await lines()).toEqual([
    'nipnime_overdue_episodes 2',
    'nipnime_overdue_seconds 90.5',
    'nipnime_jobs{state="waiting"} 3',
    'nipnime_jobs{state="failed"} 1',
  ]);
  isAway = true;
  expect(await lines()).toEqual([]);
});
