import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createDatabase, WORKING } from '../platform/database';
import { loadConfig } from '../process/config';
import { createLists } from '../process/lists';
import { positiveNumber, readSiteUrl } from './stream/arguments';
import { compareWithTruth } from './stream/compare';
import { readDatabaseList } from './stream/database-truth';
import type { ListState } from './stream/differences';
import { eventLine } from './stream/event-line';
import { fetchReason } from './stream/fetch-reason';
import { readList } from './stream/read-list';
import { StreamFollower } from './stream/stream-follower';
import { runCommand, UsageError } from './support/run-command';

const HELP = `Keeps the list of the latest episodes from the stream alone, as a browser does, prints every event, and at the
end what differs from the truth.

  npm run watch:stream -- URL [options]

  URL               Where the site is: http://localhost:3000
  --check SECONDS   Compares that often while it runs, too.
  --for SECONDS     Ends after that long; without it, when it is interrupted.
  --help            Prints this.

The truth is the database, where DATABASE_URL is set (it is only read); else the list that the site serves. The status
is 1 when anything differs, or when the stream did what it must not.
`;

/** A client that is connected has 3 s; one that was told to read the list again, or to come back, takes longer. */
const PATIENCE_MS = 20_000;

type Truth = { readonly name: string; read(): Promise<ListState>; close(): Promise<void> };

runCommand(HELP, async (args) => {
  const { url, checkMs, forMs } = readOptions(args);
  const end = new AbortController();
  let interruptions = 0;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      end.abort();
      // A terminal and npm signal both; only a third one is somebody who won't wait for the comparison.
      if (++interruptions > 2) process.exit(130);
    });
  }
  const truth = openTruth(url);
  const follower = await StreamFollower.start({
    url,
    onEvent: (followed) => print(eventLine(followed)),
    onNote: (note) => print(`– ${note}`),
  });
  print(`– following ${url} from ${follower.lastId}, ${follower.list.items.length} cards`);
  try {
    const equal = await watch(follower, truth, { checkMs, forMs, signal: end.signal });
    if (!equal) process.exitCode = 1;
  } finally {
    follower.stop();
    await truth.close();
  }
});

async function watch(
  follower: StreamFollower,
  truth: Truth,
  options: { readonly checkMs: number | undefined; readonly forMs: number; readonly signal: AbortSignal },
): Promise<boolean> {
  const { checkMs, forMs, signal } = options;
  const endMs = performance.now() + forMs;
  let equal = true;
  while (!signal.aborted && performance.now() < endMs) {
    const restMs = endMs - performance.now();
    await pause(Math.min(restMs, checkMs ?? restMs), signal);
    equal = (await compare(follower, truth)) && equal;
  }
  for (const violation of follower.violations) print(`✗ ${violation}`);
  const { connects, losses, byes, resets, events, proofs } = follower.counters;
  print(
    `– ${events} events, ${connects} connections, ${losses} lost, ${byes} goodbyes, ${resets} resets, ${proofs} digests equal`,
  );
  return equal && follower.violations.length === 0;
}

async function compare(follower: StreamFollower, truth: Truth): Promise<boolean> {
  const found = await compareWithTruth(follower, () => truth.read(), PATIENCE_MS).catch((error: unknown) => [
    `${truth.name} can't be read: ${fetchReason(error)}`,
  ]);
  for (const text of found) print(`✗ ${text}`);
  if (found.length === 0) print(`✓ ${follower.list.items.length} cards, the same as in ${truth.name}`);
  return found.length === 0;
}

function openTruth(url: string): Truth {
  const { databaseUrl } = loadConfig(process.env);
  if (!databaseUrl)
    return { name: 'the list of the site', read: () => readSiteList(url), close: async () => undefined };
  const db = createDatabase(databaseUrl, { maxConnections: 1, limits: WORKING });
  const { latest } = createLists();
  return {
    name: 'the database',
    read: () => readDatabaseList(db, latest),
    close: () => db.destroy(),
  };
}

async function readSiteList(url: string): Promise<ListState> {
  const { rules, items } = await readList(url);
  return { cursor: rules.cursor, items, end: rules.hasMore ? items.at(-1)?.position : undefined };
}

function readOptions(args: string[]) {
  const value = { type: 'string' } as const;
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { check: value, for: value },
  });
  if (positionals.length > 1) throw new UsageError(`One URL, not ${positionals.length}.`);
  const checkSeconds = positiveNumber('--check', values.check);
  const forSeconds = positiveNumber('--for', values.for);
  return {
    url: readSiteUrl('URL', positionals[0]),
    checkMs: checkSeconds && checkSeconds * 1_000,
    forMs: forSeconds === undefined ? Number.POSITIVE_INFINITY : forSeconds * 1_000,
  };
}

/** Ends early when it is interrupted. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  // The longest that a timer can wait is about 24 days.
  await sleep(Math.min(ms, 2 ** 31 - 1), undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
