import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { Redis as RedisClient } from 'ioredis';
import { CHANNEL } from '../../../src/changes/change-bus';
import { formatCursor } from '../../../src/changes/change-event';
import { readHead } from '../../../src/changes/change-log';
import { type FloodResult, runFlood } from '../../../src/commands/flood/run-flood';
import { readDatabaseGrid } from '../../../src/commands/stream/database-truth';
import { differences } from '../../../src/commands/stream/differences';
import { type FollowedEvent, StreamFollower } from '../../../src/commands/stream/stream-follower';
import { createCardRenderer } from '../../../src/http/fragments';
import { projectRoot } from '../../../src/platform/project';
import { until } from '../../support/until';
import type { FaultCluster } from './cluster';

const CLIENTS = 200;
const CHANGES = 500;
/** Changes a second: a fault of ten seconds meets a few hundred of them. */
const RATE = 30;
/** A client that was told to come back, or to read the grid again, does so within seconds; this only ends a failure. */
const PATIENCE_MS = 90_000;

/** What is measured of one fault. */
export type Figures = {
  readonly fault: string;
  readonly changes: number;
  readonly clients: number;
  /** Cards that a client lacked, showed in an old state, or still showed. */
  readonly missed: number;
  /** Cards shown twice, out of order, or not public; and whatever else may never happen. */
  readonly doubled: number;
  readonly leaks: number;
  /** Between the commit of a change and the last client that was told it, at the most. */
  readonly slowestMs: number;
  /** Of a request to the API, and of a page: whatever the answer said. */
  readonly slowestPostMs: number;
  readonly slowestPageMs: number;
  /** After its time, of a scheduled episode. */
  readonly latestMs: number;
  readonly resets: number;
  readonly reconnects: number;
};

export type Fault = {
  readonly name: string;
  /** The longest that an answer may take; 1.5 s. */
  readonly maxAnswerMs?: number;
  /** The longest that a scheduled episode may be late; 3 s. */
  readonly maxLateMs?: number;
  /** Breaks something under load and mends it again. */
  readonly inject: (cluster: FaultCluster, clients: readonly StreamFollower[]) => Promise<void>;
};

/** Lets clients follow a flood of changes while the fault happens, and compares every grid with the database. */
export async function runScenario(cluster: FaultCluster, fault: Fault, seed: number): Promise<Figures> {
  const marker = `canary${randomBytes(8).toString('hex')}`;
  const leaks = new Leaks(marker);
  const arrivals = new Map<number, number>();
  const onEvent = ({ id, event }: FollowedEvent): void => {
    leaks.look('stream', JSON.stringify(event));
    if (id && (event.type === 'upsert' || event.type === 'remove')) arrivals.set(seqOf(id), Date.now());
  };
  const clients = await Promise.all(
    Array.from({ length: CLIENTS }, () => StreamFollower.start({ url: cluster.url, onEvent })),
  );
  await until(() => clients.every((client) => client.isLive));
  const stopEavesdropping = await eavesdrop(cluster, leaks);
  const pages = new Stopwatch();
  const posts = new Stopwatch();
  const stopVisiting = visit(cluster.url, leaks, pages);
  const startedAt = await databaseTime(cluster);
  try {
    const flood = runFlood({
      url: cluster.url,
      token: cluster.token,
      seed,
      changes: CHANGES,
      rate: RATE,
      marker,
      fetch: (...request) => posts.time(fetch(...request)),
    });
    await fault.inject(cluster, clients);
    const result = await flood;
    expectAllCarriedOut(result, cluster);
    await settled(cluster, clients);
    for (const line of cluster.lines) leaks.look('log', line);
    return {
      ...(await figuresOf(cluster, clients, fault.name, result, arrivals)),
      slowestPostMs: posts.slowestMs,
      slowestPageMs: pages.slowestMs,
      latestMs: await latestScheduledMs(cluster, startedAt),
      leaks: leaks.found.length,
    };
  } finally {
    for (const client of clients) client.stop();
    await stopVisiting();
    stopEavesdropping();
    if (leaks.found.length > 0) console.error(leaks.found.slice(0, 5).join('\n'));
  }
}

async function figuresOf(
  cluster: FaultCluster,
  clients: readonly StreamFollower[],
  fault: string,
  flood: FloodResult,
  arrivals: ReadonlyMap<number, number>,
): Promise<Omit<Figures, 'leaks' | 'slowestPostMs' | 'slowestPageMs' | 'latestMs'>> {
  const truth = await readDatabaseGrid(cluster.db, createCardRenderer(join(projectRoot(), 'views')));
  let missed = 0;
  const wrong: string[] = [];
  for (const client of clients) {
    for (const difference of differences(client.grid, truth)) {
      if (difference.kind === 'missing' || difference.kind === 'stale' || difference.kind === 'extra')
        missed++;
      wrong.push(difference.text);
    }
    wrong.push(...client.violations);
  }
  if (wrong.length > 0) console.error(wrong.slice(0, 10).join('\n'));
  const rows: { seq: string; created_at: Date }[] = await cluster
    .db('change_log')
    .select('seq', 'created_at')
    .whereIn('seq', [...arrivals.keys()]);
  const delays = rows.map(({ seq, created_at }) => (arrivals.get(Number(seq)) ?? 0) - created_at.getTime());
  return {
    fault,
    changes: flood.done,
    clients: clients.length,
    missed,
    doubled: wrong.length - missed,
    slowestMs: Math.max(0, ...delays),
    resets: clients.reduce((sum, client) => sum + client.counters.resets, 0),
    reconnects: clients.reduce((sum, client) => sum + client.counters.connects - 1, 0),
  };
}

/** Every client has all that is in the log; of the scheduled episodes only those of another day are left. */
async function settled(cluster: FaultCluster, clients: readonly StreamFollower[]): Promise<void> {
  const soon = new Date(Date.now() + 3_600_000);
  const due = () =>
    cluster
      .db('episodes')
      .where({ status: 'scheduled' })
      .whereNull('deleted_at')
      .where('publish_at', '<', soon)
      .first('id');
  await patiently(async () => (await due()) === undefined);
  const head = formatCursor(await readHead(cluster.db));
  const behind = () => clients.filter((client) => !client.hasReached(head) || !client.isLive);
  await patiently(() => behind().length === 0).catch((error: unknown) => {
    const states = behind().map(
      ({ lastId, isLive, counters }) => `${lastId} of ${head}, live: ${isLive}, ${JSON.stringify(counters)}`,
    );
    throw new Error(`${states.length} clients stayed behind:\n${states.slice(0, 5).join('\n')}`, {
      cause: error,
    });
  });
}

async function patiently(condition: () => boolean | Promise<boolean>): Promise<void> {
  await until(condition, PATIENCE_MS);
}

function expectAllCarriedOut(flood: FloodResult, { lines }: FaultCluster): void {
  if (flood.errors.length === 0) return;
  const refusals = flood.errors.map(({ kind, message }) => `${kind}: ${message}`);
  const failures = lines.filter((line) => line.includes('"A request failed"'));
  const reasons = new Set(
    failures.map((line) => /"err":\{"type":"[^"]*","message":"([^"]*)"/.exec(line)?.[1]),
  );
  throw new Error(`Changes were refused:\n${[...refusals.slice(0, 5), ...reasons].join('\n')}`);
}

/** Knows how long the slowest of its promises took. */
class Stopwatch {
  #slowestMs = 0;

  get slowestMs(): number {
    return Math.round(this.#slowestMs);
  }

  async time<T>(work: Promise<T>): Promise<T> {
    const startedMs = performance.now();
    try {
      return await work;
    } finally {
      this.#slowestMs = Math.max(this.#slowestMs, performance.now() - startedMs);
    }
  }
}

async function databaseTime({ db }: FaultCluster): Promise<Date> {
  const { rows } = await db.raw<{ rows: { now: Date }[] }>('select now()');
  if (!rows[0]) throw new Error('The database does not know the time.');
  return rows[0].now;
}

/** By how much the scheduler was late with the episode that it was latest with. */
async function latestScheduledMs({ db }: FaultCluster, since: Date): Promise<number> {
  const { rows } = await db.raw<{ rows: { ms: number | null }[] }>(
    `select max(extract(epoch from a.at - e.publish_at) * 1000)::float8 as ms
     from audit_log a join episodes e on e.id = a.subject_id
     where a.action = 'episode.publish' and a.at >= ?`,
    [since],
  );
  return Math.round(rows[0]?.ms ?? 0);
}

/** Looks for the marker of what is private wherever the public can look. */
class Leaks {
  readonly found: string[] = [];
  readonly #marker: string;

  constructor(marker: string) {
    this.#marker = marker;
  }

  look(where: string, text: string): void {
    const index = text.indexOf(this.#marker);
    if (index >= 0) this.found.push(`${where}: …${text.slice(Math.max(0, index - 120), index + 60)}…`);
  }
}

/** Listens to what goes over Redis; connects again when that was broken. */
async function eavesdrop(cluster: FaultCluster, leaks: Leaks): Promise<() => void> {
  const client = new RedisClient(cluster.redis.url);
  client.on('error', () => undefined);
  client.on('message', (_channel, message: string) => leaks.look('Redis', message));
  await client.subscribe(CHANNEL);
  return () => client.disconnect();
}

/** Reads the public pages again and again, as an anonymous visitor. */
function visit(url: string, leaks: Leaks, pages: Stopwatch): () => Promise<void> {
  let stopped = false;
  const visiting = (async () => {
    const seen = new Set<string>();
    while (!stopped) {
      const read = (address: string): Promise<string> => pages.time(readPage(address));
      const page = await read(`${url}/episodes/latest`);
      leaks.look('page', page);
      leaks.look('fragment', await read(`${url}/episodes/latest/grid`));
      for (const [, path = ''] of page.matchAll(/href="(\/series\/[^"]+)"/g)) {
        if (stopped || seen.has(path)) continue;
        seen.add(path);
        leaks.look(path, await read(`${url}${path}`));
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  })();
  return async () => {
    stopped = true;
    await visiting;
  };
}

/** A page that can't be had while something is broken has nothing to leak but its error. */
async function readPage(url: string): Promise<string> {
  return fetch(url)
    .then((response) => response.text())
    .catch(() => '');
}

function seqOf(id: string): number {
  return Number(id.slice(id.lastIndexOf('.') + 1));
}
