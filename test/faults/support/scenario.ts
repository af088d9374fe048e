import { randomBytes } from 'node:crypto';
import { Redis as RedisClient } from 'ioredis';
import { type FloodResult, runFlood } from '../../../src/commands/flood/run-flood';
import { readDatabaseList } from '../../../src/commands/stream/database-truth';
import { CHANNEL } from '../../../src/live/feed/bus';
import { formatCursor } from '../../../src/live/log/change';
import { readHead } from '../../../src/live/log/live-log';
import { createLists } from '../../../src/process/lists';
import { until } from '../../support/until';
import { Crowd } from './crowd';
import type { CrowdReport } from './crowd-process';
import type { FaultFleet } from './fleet';
import { Leaks } from './leaks';

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
  readonly inject: (fleet: FaultFleet, crowd: Crowd) => Promise<void>;
};

/** Lets clients follow a flood of changes while the fault happens, and compares every grid with the database. */
export async function runScenario(fleet: FaultFleet, fault: Fault, seed: number): Promise<Figures> {
  const marker = `canary${randomBytes(8).toString('hex')}`;
  const leaks = new Leaks(marker);
  const crowd = await Crowd.start({ url: fleet.url, clients: CLIENTS, marker });
  const stopEavesdropping = await eavesdrop(fleet, leaks);
  const pages = new Stopwatch();
  const posts = new Stopwatch();
  const stopVisiting = visit(fleet.url, leaks, pages);
  const startedAt = await databaseTime(fleet);
  try {
    const flood = runFlood({
      url: fleet.url,
      token: fleet.token,
      seed,
      changes: CHANGES,
      rate: RATE,
      marker,
      fetch: (...request) => posts.time(fetch(...request)),
    });
    await fault.inject(fleet, crowd);
    const result = await flood;
    expectAllCarriedOut(result, fleet);
    await settled(fleet, crowd);
    for (const line of fleet.lines) leaks.look('log', line);
    const seen = await crowd.report(await readDatabaseList(fleet.db, createLists().latest));
    if (seen.wrong.length > 0) console.error(seen.wrong.slice(0, 10).join('\n'));
    leaks.found.push(...seen.leaks);
    return {
      fault: fault.name,
      changes: result.done,
      clients: CLIENTS,
      missed: seen.missed,
      doubled: seen.wrong.length - seen.missed,
      leaks: leaks.found.length,
      slowestMs: await slowestMs(fleet, seen.arrivals),
      slowestPostMs: posts.slowestMs,
      slowestPageMs: pages.slowestMs,
      latestMs: await latestScheduledMs(fleet, startedAt),
      resets: seen.resets,
      reconnects: seen.reconnects,
    };
  } finally {
    crowd.stop();
    await stopVisiting();
    stopEavesdropping();
    if (leaks.found.length > 0) console.error(leaks.found.slice(0, 5).join('\n'));
  }
}

/** Between the commit of a change and the last client that was told it, at the most. */
async function slowestMs({ db }: FaultFleet, arrivals: CrowdReport['arrivals']): Promise<number> {
  const rows: { seq: string; created_at: Date }[] = await db('live_log')
    .select('seq', 'created_at')
    .whereIn('seq', [...arrivals.keys()]);
  const delays = rows.map(({ seq, created_at }) => (arrivals.get(Number(seq)) ?? 0) - created_at.getTime());
  return Math.max(0, ...delays);
}

/** Every client has all that is in the log; of the scheduled episodes only those of another day are left. */
async function settled(fleet: FaultFleet, crowd: Crowd): Promise<void> {
  const soon = new Date(Date.now() + 3_600_000);
  const due = () =>
    fleet
      .db('episodes')
      .where({ status: 'scheduled' })
      .whereNull('deleted_at')
      .where('publish_at', '<', soon)
      .first('id');
  await patiently(async () => (await due()) === undefined);
  const head = formatCursor(await readHead(fleet.db));
  let behind: readonly string[] = [];
  await patiently(async () => {
    behind = await crowd.behind(head);
    return behind.length === 0;
  }).catch((error: unknown) => {
    throw new Error(`${behind.length} clients stayed behind:\n${behind.slice(0, 5).join('\n')}`, {
      cause: error,
    });
  });
}

async function patiently(condition: () => boolean | Promise<boolean>): Promise<void> {
  await until(condition, PATIENCE_MS);
}

function expectAllCarriedOut(flood: FloodResult, { lines }: FaultFleet): void {
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

async function databaseTime({ db }: FaultFleet): Promise<Date> {
  const { rows } = await db.raw<{ rows: { now: Date }[] }>('select now()');
  if (!rows[0]) throw new Error('The database does not know the time.');
  return rows[0].now;
}

/** By how much the scheduler was late with the episode that it was latest with. */
async function latestScheduledMs({ db }: FaultFleet, since: Date): Promise<number> {
  const { rows } = await db.raw<{ rows: { ms: number | null }[] }>(
    `select max(extract(epoch from a.at - e.publish_at) * 1000)::float8 as ms
     from journal a join episodes e on e.id = a.subject_id
     where a.action = 'episode.publish' and a.at >= ?`,
    [since],
  );
  return Math.round(rows[0]?.ms ?? 0);
}

/** Listens to what goes over Redis; connects again when that was broken. */
async function eavesdrop(fleet: FaultFleet, leaks: Leaks): Promise<() => void> {
  const client = new RedisClient(fleet.redis.url);
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
