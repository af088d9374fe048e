import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { freePort } from '../src/commands/fleet/ports';
import { Service } from '../src/commands/fleet/service';
import { positiveNumber } from '../src/commands/stream/arguments';
import { runCommand } from '../src/commands/support/run-command';
import { writeCatalog } from '../src/features/episodes/write';
import { projectRoot } from '../src/platform/project';
import { createLists } from '../src/process/lists';
import { openCatalog } from './catalog/catalogs';
import { openBenchServer } from './catalog/databases';
import { cpuNs, rssKiB } from './machine/process-figures';

const HELP = `Measures what many topics with few listeners each cost one process of the built site.

  npm run bench:topics -- [--topics N] [--listeners N]

  --topics N      series that somebody listens to (default: 2000)
  --listeners N   streams for each of them (default: 5)

What a stream takes, heartbeats with their digests, and a change that the listeners of one series hear. The same numbers
with as many streams of one topic stand beside them. Linux only. It needs no services.
`;

/** So many has a generated catalog for each of its series that has any. */
const EPISODES_FOR_A_TOPIC = 20;
const IDLE_MS = 45_000;
const CHANGES = 200;
const BENCH = { kind: 'system', id: null, name: 'bench', via: 'command' } as const;

runCommand(HELP, async (args) => {
  const value = { type: 'string' } as const;
  const { values } = parseArgs({ args, options: { topics: value, listeners: value } });
  const topics = positiveNumber('--topics', values.topics) ?? 2_000;
  const listeners = positiveNumber('--listeners', values.listeners) ?? 5;
  const database = await openBenchServer(undefined);
  const dataDir = await mkdtemp(join(tmpdir(), 'nipnime-topics-'));
  try {
    const episodes = Math.max(12_000, topics * EPISODES_FOR_A_TOPIC);
    const url = await database.create(episodes);
    const { db, close } = await openCatalog(url, episodes);
    const rows: { id: string; series_id: string }[] = await db('public_episodes')
      .distinctOn('series_id')
      .select('episode_id as id', 'series_id')
      .orderBy('series_id')
      .limit(topics);
    const own = rows.map(({ series_id }) => `series:${series_id}`);
    for (const [name, topicOf] of [
      [`${own.length} topics`, (index: number) => own[index % own.length] ?? 'latest'],
      ['1 topic', () => 'latest'],
    ] as const) {
      await measure(name, url, dataDir, own.length * listeners, topicOf, async (turn) => {
        const episode = rows[turn % rows.length];
        if (!episode) throw new Error('The generated catalog is empty.');
        const scope = { seriesIds: [episode.series_id], episodeIds: [episode.id] };
        await writeCatalog(
          { db, lists: createLists().all, publish: () => undefined, audit: async () => undefined },
          BENCH,
          scope,
          async ({ trx }) => {
            await trx('episodes')
              .where({ id: episode.id })
              .update({ title: `${name} ${turn}` });
          },
        );
      });
    }
    await close();
  } finally {
    await database.close();
    await rm(dataDir, { recursive: true, force: true });
  }
});

async function measure(
  name: string,
  url: string,
  dataDir: string,
  streams: number,
  topicOf: (index: number) => string,
  change: (turn: number) => Promise<void>,
): Promise<void> {
  const port = await freePort();
  const site = new Service(
    { name: 'site' },
    {
      file: process.execPath,
      args: ['--max-semi-space-size=4', 'dist/server.js'],
      cwd: projectRoot(),
      env: {
        PATH: process.env.PATH,
        NODE_ENV: 'production',
        PORT: String(port),
        WEB_CONCURRENCY: '1',
        DATABASE_URL: url,
        DATA_DIR: dataDir,
        SESSION_SECRET: 'a secret that is only for this bench',
        SSE_MAX_CONNECTIONS_PER_IP: '1000000',
        LOG_LEVEL: 'warn',
      },
    },
  );
  await site.untilReady(async () =>
    fetch(`http://127.0.0.1:${port}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    ),
  );
  const { pid } = site;
  if (pid === undefined) throw new Error('The site does not run.');
  const before = { cpu: cpuNs(pid), kiB: rssKiB(pid) };
  const sockets: Socket[] = [];
  for (let index = 0; index < streams; index++) {
    sockets.push(await openStream(port, topicOf(index)));
  }
  const connected = { cpu: cpuNs(pid), kiB: rssKiB(pid) };
  await sleep(IDLE_MS);
  const idle = cpuNs(pid);
  for (let turn = 0; turn < CHANGES; turn++) await change(turn);
  // They are found by a look at the log, every two seconds.
  await sleep(5_000);
  const changed = cpuNs(pid);
  const perSecond = (idle - connected.cpu) / (IDLE_MS / 1_000);
  const ofChanges = changed - idle - perSecond * 5;
  process.stdout.write(
    `${name}, ${streams} streams: ${((connected.cpu - before.cpu) / streams / 1_000).toFixed(0)} µs a connect, ` +
      `${((connected.kiB - before.kiB) / streams).toFixed(1)} KiB a stream, ` +
      `${(perSecond / 1e7).toFixed(1)} % of a core at rest, ${(ofChanges / CHANGES / 1e6).toFixed(2)} ms a change\n`,
  );
  for (const socket of sockets) socket.destroy();
  await site.stop('SIGINT');
}

async function openStream(port: number, topic: string): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write(`GET /events?topics=${topic} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  await once(socket, 'data');
  socket.resume();
  return socket;
}
