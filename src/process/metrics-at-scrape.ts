import { Gauge, type GaugeConfiguration, type Registry } from 'prom-client';
import type { Cursor } from '../live/log/change';
import { within } from '../platform/deadline';
import type { PoolFigures } from '../platform/pool-figures';

/** How long a scrape waits for a figure of the database: the first of several processes gives each 5 s for all that it tells. */
const FIGURE_MS = 1_500;

type ServingNeeds = {
  readonly version: string;
  readonly isDraining: () => boolean;
  /** Why no requests should come here; undefined where they should. */
  readonly whyUnready: () => Promise<string | undefined>;
  readonly feed: { readonly cursor: Cursor; readonly unseenMs: number };
  readonly readHead: () => Promise<Cursor>;
  /** By name. */
  readonly pools: Readonly<Record<string, () => PoolFigures>>;
};

/** Adds figures of a process that serves, each looked up when it is asked for. Of several processes the worst counts, or the sum. */
export function measureServing(registry: Registry, needs: ServingNeeds): void {
  const registers = [registry];
  new Gauge({
    name: 'nipnime_build_info',
    help: 'Always 1; its labels say which version of the site runs, on which version of Node.',
    labelNames: ['version', 'node'],
    aggregator: 'max',
    registers,
  }).set({ version: needs.version, node: process.versions.node }, 1);
  new Gauge({
    name: 'nipnime_ready',
    help: '1 while /readyz says that requests should come here, 0 while it does not.',
    aggregator: 'min',
    registers,
    async collect() {
      const unready = await within(FIGURE_MS, 'Asking whether it is ready', needs.whyUnready()).catch(String);
      this.set(unready === undefined ? 1 : 0);
    },
  });
  new Gauge({
    name: 'nipnime_draining',
    help: '1 from the moment when a node is told to end.',
    aggregator: 'max',
    registers,
    collect() {
      this.set(needs.isDraining() ? 1 : 0);
    },
  });
  measureFeed(registers, needs);
  measurePools(registers, needs.pools);
}

function measureFeed(
  registers: Registry[],
  { feed, readHead }: Pick<ServingNeeds, 'feed' | 'readHead'>,
): void {
  new Gauge({
    name: 'nipnime_feed_change',
    help: 'Number of the last change that was told to the streams.',
    aggregator: 'min',
    registers,
    collect() {
      this.set(feed.cursor.seq);
    },
  });
  lookUp(
    {
      name: 'nipnime_feed_lag_changes',
      help: 'Changes that are in the database and were not told to the streams yet.',
      aggregator: 'max',
      registers,
    },
    async () => Math.max((await readHead()).seq - feed.cursor.seq, 0),
  );
  new Gauge({
    name: 'nipnime_feed_unseen_seconds',
    help: 'Since the head of the changes was looked at: what is later may be unknown here.',
    aggregator: 'max',
    registers,
    collect() {
      this.set(feed.unseenMs / 1_000);
    },
  });
}

function measurePools(registers: Registry[], pools: ServingNeeds['pools']): void {
  new Gauge({
    name: 'nipnime_database_connections',
    help: 'Connections to Postgres that are open, by pool and state.',
    labelNames: ['pool', 'state'],
    registers,
    collect() {
      for (const [pool, figures] of Object.entries(pools)) {
        const { used, idle } = figures();
        this.set({ pool, state: 'used' }, used);
        this.set({ pool, state: 'idle' }, idle);
      }
    },
  });
  new Gauge({
    name: 'nipnime_database_connections_max',
    help: 'Connections to Postgres that a pool may open.',
    labelNames: ['pool'],
    registers,
    collect() {
      for (const [pool, figures] of Object.entries(pools)) this.set({ pool }, figures().max);
    },
  });
  new Gauge({
    name: 'nipnime_database_waiting',
    help: 'Work that waits for a connection to Postgres.',
    labelNames: ['pool'],
    registers,
    collect() {
      for (const [pool, figures] of Object.entries(pools)) this.set({ pool }, figures().waiting);
    },
  });
}

/**
 * Adds figures of the whole site, which every node tells alike; they are missing while the database does not answer.
 * @param readOverdue of scheduled episodes whose time has come
 * @param countJobs by state
 */
export function measureSite(
  registry: Registry,
  {
    readOverdue,
    countJobs,
  }: {
    readonly readOverdue: () => Promise<{ readonly episodes: number; readonly oldestSeconds: number }>;
    readonly countJobs: () => Promise<Readonly<Record<string, number>>>;
  },
): void {
  const registers = [registry];
  lookUp(
    {
      name: 'nipnime_overdue_episodes',
      help: 'Scheduled episodes whose time has come, and which are not published.',
      registers,
    },
    async () => (await readOverdue()).episodes,
  );
  lookUp(
    {
      name: 'nipnime_overdue_seconds',
      help: 'Since the time of the oldest of these episodes; 0 where there is none.',
      registers,
    },
    async () => (await readOverdue()).oldestSeconds,
  );
  new Gauge({
    name: 'nipnime_jobs',
    help: 'Jobs in the background, by state.',
    labelNames: ['state'],
    registers,
    async collect() {
      this.reset();
      const counts = await within(FIGURE_MS, 'Counting the jobs', countJobs()).catch(() => ({}));
      for (const [state, count] of Object.entries(counts)) this.set({ state }, count);
    },
  });
}

/** Adds a gauge that is missing while `read` fails or takes too long: an old figure would say that all is well. */
function lookUp(
  gauge: Pick<GaugeConfiguration<never>, 'name' | 'help' | 'aggregator' | 'registers'>,
  read: () => Promise<number>,
): void {
  new Gauge({
    ...gauge,
    async collect() {
      this.remove();
      const value = await within(FIGURE_MS, gauge.name, read()).catch(() => undefined);
      if (value !== undefined) this.set(value);
    },
  });
}
