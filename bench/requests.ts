import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, get, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { freePort } from '../src/commands/fleet/ports';
import { Service } from '../src/commands/fleet/service';
import { runCommand } from '../src/commands/support/run-command';
import type { Database } from '../src/platform/database';
import { projectRoot } from '../src/platform/project';
import { openCatalog } from './catalog/catalogs';
import { openBenchServer } from './catalog/databases';
import { cpuNs, rssKiB } from './machine/process-figures';

const HELP = `Measures what requests cost a process of the built site that can't be answered from what it has read before.

  npm run bench:requests -- [--site FOLDER]

  --site FOLDER   a checkout that is built (default: this one), so that two versions can be compared

Three things, on a generated catalog of 12,000 episodes: how much memory the process takes after pages and grids at
32,000 different places; the CPU of a visit, a page with its pictures; and the page of a series of 3,000 episodes.
Linux only. It needs no services.
`;

const PLACES = 32_000;
const CONNECTIONS = 8;
const VISITS = 400;
const SERIES_REQUESTS = 50;
const ENDLESS = 'endless';

type Target = { readonly pid: number; readonly ask: (path: string, encoding?: string) => Promise<Answer> };
type Answer = { readonly bytes: number; readonly text: string };

runCommand(HELP, async (args) => {
  const { site: folder } = parseArgs({ args, options: { site: { type: 'string' } } }).values;
  const database = await openBenchServer(undefined);
  const dataDir = await mkdtemp(join(tmpdir(), 'nipnime-requests-'));
  try {
    const url = await database.create(12_000);
    const catalog = await openCatalog(url, 12_000);
    await addEndlessSeries(catalog.db);
    const [span]: { first: Date; last: Date }[] = await catalog
      .db('latest_episodes')
      .select(catalog.db.raw('min(published_at) as first, max(published_at) as last'));
    await catalog.close();
    if (!span) throw new Error('The generated catalog is empty.');
    const port = await freePort();
    const service = new Service(
      { name: 'site' },
      {
        file: process.execPath,
        args: ['--max-semi-space-size=4', 'dist/server.js'],
        cwd: resolve(folder ?? projectRoot()),
        env: {
          PATH: process.env.PATH,
          NODE_ENV: 'production',
          PORT: String(port),
          WEB_CONCURRENCY: '1',
          DATABASE_URL: url,
          DATA_DIR: dataDir,
          SESSION_SECRET: randomBytes(32).toString('hex'),
          LOG_LEVEL: 'warn',
        },
      },
    );
    try {
      await service.untilReady(async () =>
        fetch(`http://127.0.0.1:${port}/readyz`).then(
          (response) => response.ok,
          () => false,
        ),
      );
      const { pid } = service;
      if (pid === undefined) throw new Error('The site does not run.');
      const site = { pid, ask: asker(port) };
      // First: the others make the heap larger.
      await measurePlaces(site, span.first.getTime(), span.last.getTime());
      await measureVisits(site);
      await measureSeries(site);
    } finally {
      await service.stop('SIGINT');
    }
  } finally {
    await rm(dataDir, { recursive: true, force: true });
    await database.close();
  }
});

async function addEndlessSeries(db: Database): Promise<void> {
  const [series]: { id: string }[] = await db('series')
    .insert({ slug: ENDLESS, title: 'Endless', title_language: 'en', kind: 'tv' })
    .returning('id');
  await db.raw(
    `with added as (
       insert into episodes (series_id, kind, number, title, status, published_at)
       select ?, 'regular', n, 'The title of episode ' || n, 'published', timestamptz '1999-01-01' + n * interval '1 minute'
       from generate_series(1, 3000) as n returning id)
     insert into video_servers (episode_id, position, name, kind, url)
     select id, 0, 'Main', 'file', 'https://video.example/' || id || '.mp4' from added`,
    [series?.id ?? ''],
  );
  await db.raw('vacuum analyze');
}

function asker(port: number): Target['ask'] {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  return (path, encoding = 'br') =>
    new Promise((done, fail) => {
      const headers = { 'Accept-Encoding': encoding };
      get({ port, host: '127.0.0.1', path, agent, headers }, (response: IncomingMessage) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const body = Buffer.concat(chunks);
          if (response.statusCode !== 200) fail(new Error(`${path}: ${response.statusCode}`));
          else done({ bytes: body.length, text: body.toString() });
        });
        response.on('error', fail);
      }).on('error', fail);
    });
}

/** Over and over what one does who opens the page for the first time. */
async function measureVisits({ pid, ask }: Target): Promise<void> {
  const page = '/episodes/latest';
  const { text } = await ask(page, 'identity');
  const pictures = [...text.matchAll(/<img [^<>]*src="(\/art\/[^"]*)"/g)].map(([, path = '']) => path);
  const measureMs = async (visit: () => Promise<unknown>): Promise<number> => {
    for (let index = 0; index < VISITS / 4; index++) await visit();
    const beganNs = cpuNs(pid);
    for (let index = 0; index < VISITS; index++) await visit();
    return (cpuNs(pid) - beganNs) / 1e6 / VISITS;
  };
  const pageMs = await measureMs(() => ask(page));
  const visitMs = await measureMs(() => Promise.all([page, ...pictures].map((path) => ask(path))));
  tell(
    `a visit: the page ${pageMs.toFixed(2)} ms of CPU, with its ${pictures.length} pictures ${visitMs.toFixed(2)} ms`,
  );
}

async function measureSeries({ pid, ask }: Target): Promise<void> {
  for (const encoding of ['identity', 'br']) {
    for (let index = 0; index < 10; index++) await ask(`/series/${ENDLESS}`, encoding);
    const beganNs = cpuNs(pid);
    let bytes = 0;
    for (let index = 0; index < SERIES_REQUESTS; index++)
      bytes = (await ask(`/series/${ENDLESS}`, encoding)).bytes;
    const ms = (cpuNs(pid) - beganNs) / 1e6 / SERIES_REQUESTS;
    tell(
      `a series of 3,000 episodes, ${encoding}: ${ms.toFixed(1)} ms of CPU, ${bytes.toLocaleString('en')} bytes`,
    );
  }
}

/** Half of the places have episodes behind them, half have none. */
async function measurePlaces({ pid, ask }: Target, firstMs: number, lastMs: number): Promise<void> {
  const path = (index: number): string => {
    const isEmpty = index % 2 === 1;
    const ms = isEmpty ? firstMs - 1 - index : firstMs + Math.floor(((lastMs - firstMs) * index) / PLACES);
    return `/episodes/latest${index % 4 < 2 ? '/grid' : ''}?before=${ms}-${index + 1}`;
  };
  const run = async (count: number, from: number): Promise<void> => {
    let next = from;
    await Promise.all(
      Array.from({ length: CONNECTIONS }, async () => {
        while (next < from + count) {
          const index = next++;
          await ask(path(index), index % 3 === 0 ? 'gzip' : 'br');
        }
      }),
    );
  };
  await run(500, PLACES);
  await sleep(2_000);
  const before = rssKiB(pid);
  let peak = before;
  const watching = setInterval(() => {
    peak = Math.max(peak, rssKiB(pid));
  }, 100);
  await run(PLACES, 0);
  clearInterval(watching);
  await sleep(2_000);
  const after = rssKiB(pid);
  const mib = (kib: number): string => `${(kib / 1_024).toFixed(0)} MiB`;
  tell(
    `${PLACES.toLocaleString('en')} places: ${mib(before)} before, ${mib(after)} after (${mib(after - before)} more), at most ${mib(peak)}`,
  );
}

function tell(line: string): void {
  process.stdout.write(`${line}\n`);
}
