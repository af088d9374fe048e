import { cp, mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Nginx, startNginx } from '../../src/commands/fleet/nginx';
import { type NodeProcess, startNodeProcess } from '../../src/commands/fleet/node-process';
import { findPrograms } from '../../src/commands/fleet/programs';
import { type Redis, startRedis } from '../../src/commands/fleet/redis';
import { runFlood } from '../../src/commands/flood/run-flood';
import { readDatabaseList } from '../../src/commands/stream/database-truth';
import type { FollowerCounters } from '../../src/commands/stream/stream-follower';
import { createApiToken } from '../../src/features/accounts/api-tokens';
import { formatCursor } from '../../src/live/log/change';
import { readHead } from '../../src/live/log/live-log';
import { createDatabase, type Database, migrate, WORKING } from '../../src/platform/database';
import { projectRoot } from '../../src/platform/project';
import { createLists } from '../../src/process/lists';
import { freePort } from '../support/redis';
import { until } from '../support/until';
import { type BreakablePostgres, startPostgres } from './support/breakable-postgres';
import { Crowd } from './support/crowd';

const CLIENTS = 500;
/** Each reads a page and its styles, one after the other. */
const VISITORS = 4;
const PAGES_A_SECOND = 50;
const NODES = 2;

let folder: string;
let postgres: BreakablePostgres;
let databaseUrl: string;
let db: Database;
let redis: Redis;
let nginx: Nginx;
let ports: readonly number[];
let url: string;
let token: string;
const lines: string[] = [];
const onLine = (line: string): void => {
  lines.push(line);
};

beforeAll(async () => {
  const programs = findPrograms(process.env.PATH, { redis: true });
  folder = await mkdtemp(join(tmpdir(), 'nipnime-update-'));
  postgres = await startPostgres();
  databaseUrl = (await postgres.openLink()).url;
  db = createDatabase(databaseUrl, { maxConnections: 4, limits: WORKING });
  await migrate(db);
  await db('series').insert({ slug: 'first', title: 'First', kind: 'tv' });
  token = await createApiToken(db, 'update');
  redis = await startRedis({ program: programs.redis ?? '', name: 'redis', onLine });
  ports = await Promise.all(Array.from({ length: 2 * NODES }, freePort));
  const port = await freePort();
  nginx = await startNginx({
    program: programs.nginx,
    port,
    upstreamPorts: ports,
    folder: join(folder, 'nginx'),
  });
  url = `http://127.0.0.1:${port}`;
}, 60_000);
afterAll(async () => {
  await nginx?.stop();
  await redis?.service.stop('SIGKILL');
  await db?.destroy();
  await postgres?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** The site as the next release could be: with a style of another name, and a schema that has more. */
async function buildNextRelease(): Promise<string> {
  const root = join(folder, 'next');
  await mkdir(root);
  for (const name of ['dist', 'public', 'views', 'package.json'])
    await cp(join(projectRoot(), name), join(root, name), { recursive: true });
  await symlink(join(projectRoot(), 'node_modules'), join(root, 'node_modules'));
  const assets = join(root, 'public', 'assets');
  const manifest = JSON.parse(await readFile(join(assets, 'manifest.json'), 'utf8')) as Record<
    string,
    string
  >;
  for (const [source, address] of Object.entries(manifest)) {
    if (!source.endsWith('.css')) continue;
    const next = `next-${basename(address)}`;
    for (const ending of ['', '.gz', '.br'])
      await rename(join(assets, basename(address) + ending), join(assets, next + ending));
    manifest[source] = `/assets/${next}`;
  }
  await writeFile(join(assets, 'manifest.json'), JSON.stringify(manifest));
  return root;
}

async function migrateToNextRelease(): Promise<void> {
  await db.raw('alter table series add column of_next_release text');
  await db('knex_migrations').insert({ name: '9999_of_next_release', batch: 99, migration_time: new Date() });
}

function startNodes(version: string, at: readonly number[], root?: string): Promise<NodeProcess[]> {
  return Promise.all(
    at.map((port, index) =>
      startNodeProcess({
        name: `${version} ${index + 1}`,
        onLine,
        port,
        ...(root !== undefined && { root }),
        databaseUrl,
        redisUrl: redis.url,
        sessionSecret: 'a secret that is only for the fault tests',
        env: { PATH: process.env.PATH, NODE_ENV: 'production', SSE_MAX_CONNECTIONS_PER_IP: '10000' },
      }),
    ),
  );
}

/** Visitors who read a page and its styles again and again. Gives how to end that, and what they were answered. */
function visit(): () => Promise<{ readonly requests: number; readonly failed: readonly string[] }> {
  let stopped = false;
  let requests = 0;
  const failed: string[] = [];
  const get = async (path: string): Promise<string> => {
    requests++;
    try {
      const response = await fetch(url + path);
      if (!response.ok) failed.push(`${path}: ${response.status}`);
      return await response.text();
    } catch (error) {
      failed.push(`${path}: ${String(error)}`);
      return '';
    }
  };
  const visiting = Array.from({ length: VISITORS }, async () => {
    while (!stopped) {
      const nextMs = performance.now() + (1_000 * VISITORS) / PAGES_A_SECOND;
      const page = await get('/episodes/latest');
      for (const [, path = ''] of page.matchAll(/<link rel="stylesheet" href="([^"]+)"/g)) await get(path);
      await sleep(nextMs - performance.now());
    }
  });
  return async () => {
    stopped = true;
    await Promise.all(visiting);
    return { requests, failed };
  };
}

test('an update and the way back, under load: no request fails, and no client connects again more than once each', async () => {
  const nextRelease = await buildNextRelease();
  const [oldPorts, newPorts] = [ports.slice(0, NODES), ports.slice(NODES)];
  const oldNodes = await startNodes('old', oldPorts);
  const crowd = await Crowd.start({ url, clients: CLIENTS, marker: 'no such text' });
  const stopVisiting = visit();
  const ending = new AbortController();
  const flood = runFlood({
    url,
    token,
    seed: 1,
    rate: 3,
    concurrency: 2,
    seconds: 300,
    signal: ending.signal,
  });

  /** The new ones beside the former ones, which then drain. */
  const replace = async (former: readonly NodeProcess[], start: () => Promise<NodeProcess[]>) => {
    const before = await crowd.counters();
    const next = await start();
    let isOver = false;
    const drained = Promise.all(former.map(({ service }) => service.stop('SIGTERM'))).then(() => {
      isOver = true;
    });
    let connects = sum(before.map((client) => client.connects));
    let mostInASecond = 0;
    while (!isOver) {
      await sleep(1_000);
      const now = sum((await crowd.counters()).map((client) => client.connects));
      mostInASecond = Math.max(mostInASecond, now - connects);
      connects = now;
    }
    await drained;
    const since = async () =>
      (await crowd.counters()).map((client, index) => countedSince(client, before[index]));
    await until(async () => (await since()).every(({ connects }) => connects > 0));
    return { next, mostInASecond, again: await since() };
  };

  await migrateToNextRelease();
  const update = await replace(oldNodes, () => startNodes('new', newPorts, nextRelease));
  const rollback = await replace(update.next, () => startNodes('old', oldPorts));
  ending.abort();
  const written = await flood;
  const visits = await stopVisiting();
  try {
    console.info(
      `${visits.requests} requests, ${visits.failed.length} failed; ${written.done} changes, ${written.errors.length} failed, ` +
        `tried again ${JSON.stringify(written.retries)}; of ${CLIENTS} clients ` +
        `${update.mostInASecond} and ${rollback.mostInASecond} connected again in the same second.`,
    );
    expect(visits.failed).toEqual([]);
    expect(visits.requests).toBeGreaterThan(3_000);
    // As nginx tells it, so that a failure says which node answered what.
    const refused = (await readFile(nginx.accessLog, 'utf8'))
      .split('\n')
      .filter((line) => /"status":"5/.test(line));
    expect(refused).toEqual([]);
    expect({ errors: written.errors, retries: written.retries }).toEqual({ errors: [], retries: {} });
    const others = [...update.again, ...rollback.again].filter(
      ({ connects, losses, byes }) => connects !== 1 || losses !== 0 || byes !== 1,
    );
    expect(others).toEqual([]);
    const head = formatCursor(await readHead(db));
    await until(async () => (await crowd.behind(head)).length === 0, 30_000);
    const seen = await crowd.report(await readDatabaseList(db, createLists().latest));
    expect({ missed: seen.missed, wrong: seen.wrong, resets: seen.resets }).toEqual({
      missed: 0,
      wrong: [],
      resets: 0,
    });
    // Each that started on the newer schema has said so; what stands in for the next release knows no more of it.
    expect(lines.filter((line) => line.includes('(9999_of_next_release)'))).toHaveLength(2 * NODES);
  } finally {
    crowd.stop();
    await Promise.all(rollback.next.map(({ service }) => service.stop('SIGINT')));
  }
});

function countedSince(now: FollowerCounters, before: FollowerCounters | undefined) {
  return {
    connects: now.connects - (before?.connects ?? 0),
    losses: now.losses - (before?.losses ?? 0),
    byes: now.byes - (before?.byes ?? 0),
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
