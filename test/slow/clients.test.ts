import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import type { Browser } from 'playwright-core';
import { projectRoot } from '../../src/platform/project';
import { createTestApp, type TestApp } from '../support/app';
import { hasBrowser, launchBrowser } from '../support/browser';
import { newEpisode, newSeries } from '../support/catalog';
import { startMutedProxy } from '../support/muted-proxy';
import { listen } from '../support/stream-client';
import { startTcpProxy } from '../support/tcp-proxy';
import { until } from '../support/until';

/** The examples of docs/realtime.md, run as they stand there. */
const FOLDER = join(projectRoot(), 'docs', 'clients');
/** How long a client may take to come back: its longest first wait, and what this machine is busy with. */
const PATIENCE_MS = 25_000;

type Site = {
  readonly app: TestApp;
  readonly server: Awaited<ReturnType<typeof listen>>;
  readonly seriesId: string;
};
type Line = { readonly text: string; readonly atMs: number };
type Running = { readonly lines: readonly Line[]; stop(): Promise<void> | void };
type Given = { readonly url: string; readonly cursor?: string; readonly source: string };

const isInstalled = (program: string, ...args: readonly string[]): boolean =>
  spawnSync(program, args, { stdio: 'ignore' }).status === 0;

/** By name: the file, what is missing on this machine, and how it is started; `source` is the file or a copy of it. */
const CLIENTS = {
  browser: {
    file: 'browser.js',
    missing: hasBrowser() ? undefined : 'Chromium',
    start: startInBrowser,
  },
  node: {
    file: 'node.mjs',
    missing: undefined,
    start: ({ url, cursor, source }: Given) => startProgram(process.execPath, [source, url, cursor ?? '']),
  },
  python: {
    file: 'client.py',
    missing: isInstalled('python3', '--version') ? undefined : 'python3',
    start: ({ url, cursor, source }: Given) => startProgram('python3', [source, url, cursor ?? '']),
  },
  go: {
    file: 'client.go',
    missing: isInstalled('go', 'version') ? undefined : 'Go',
    start: startGo,
  },
  curl: {
    file: 'curl.sh',
    missing: isInstalled('curl', '--version') && isInstalled('bash', '-c', ':') ? undefined : 'curl or bash',
    start: ({ url, cursor, source }: Given) => startProgram('bash', [source, url, cursor ?? '']),
  },
} as const;
type Name = keyof typeof CLIENTS;

const names = Object.keys(CLIENTS) as Name[];
const present = names.filter((name) => CLIENTS[name].missing === undefined || process.env.CI === 'true');
for (const name of names) {
  if (!present.includes(name))
    console.warn(`Skipped: the client for ${name}. It needs ${CLIENTS[name].missing}.`);
}

let workplace: string;
let browser: Browser | undefined;
/** As it comes, and one whose streams beat each second and end within ten. */
let steady: Site;
let hasty: Site;
let lastNumber = 0;
const greetedAfterMs = new Map<Name, number>();
const running = new Set<Running>();
const proxies = new Set<{ close(): Promise<void> }>();

beforeAll(async () => {
  // Within node_modules: from there the copy of an example finds the package that it imports.
  mkdirSync(join(projectRoot(), 'node_modules', '.cache'), { recursive: true });
  workplace = mkdtempSync(join(projectRoot(), 'node_modules', '.cache', 'clients-'));
  if (present.includes('browser')) browser = await launchBrowser();
  steady = await startSite({});
  hasty = await startSite({ SSE_HEARTBEAT_MS: '1000', SSE_TIMEOUT_MS: '10000' });
}, 30_000);
afterEach(async () => {
  for (const client of running) await client.stop();
  running.clear();
  for (const proxy of proxies) await proxy.close();
  proxies.clear();
});
afterAll(async () => {
  const times = [...greetedAfterMs].map(([name, ms]) => `${name} ${Math.round(ms)} ms`);
  console.info(`From the answer to the grid to hello: ${times.join(', ')}`);
  await browser?.close();
  for (const { server, app } of [steady, hasty]) {
    await server.close();
    await app.close();
  }
  rmSync(workplace, { recursive: true, force: true });
});

async function startSite(env: Readonly<Record<string, string>>): Promise<Site> {
  const app = await createTestApp({ SSE_MAX_CONNECTIONS_PER_IP: '200', ...env });
  const server = await listen(app);
  return { app, server, seriesId: (await newSeries(app.catalog, { title: 'Followed' })).id };
}

const post = async ({ app, seriesId }: Site): Promise<string> =>
  (await newEpisode(app.catalog, seriesId, { number: ++lastNumber })).id;

async function start(name: Name, given: Omit<Given, 'source'> & { source?: string }): Promise<Running> {
  const client = await CLIENTS[name].start({ source: join(FOLDER, CLIENTS[name].file), ...given });
  running.add(client);
  return client;
}

function startProgram(program: string, args: readonly string[]): Running {
  // A group of its own: bash has curl below it.
  const child: ChildProcess = spawn(program, args, { detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const lines: Line[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    if (stream) createInterface(stream).on('line', (text) => lines.push({ text, atMs: performance.now() }));
  }
  return {
    lines,
    stop: () => {
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
    },
  };
}

/** Built first: what compiling takes is not the stream's. Not in this process's time either, in which the sites and the other clients' proxies run. */
async function startGo({ url, cursor, source }: Given): Promise<Running> {
  const binary = join(workplace, `client-${source.length}`);
  const env = { ...process.env, GOCACHE: join(workplace, 'go'), GO111MODULE: 'off' };
  await promisify(execFile)('go', ['build', '-o', binary, source], { env });
  return startProgram(binary, [url, ...(cursor ? [cursor] : [])]);
}

async function startInBrowser({ url, cursor, source }: Given): Promise<Running> {
  if (!browser) throw new Error('This needs Chromium.');
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${url}/about`);
  const lines: Line[] = [];
  page.on('console', (message) => lines.push({ text: message.text(), atMs: performance.now() }));
  const module = readFileSync(source, 'utf8').replace('export function', 'function');
  await page.evaluate(`{ ${module}
    follow(location.origin, (line) => console.log(line), ${JSON.stringify(cursor ?? '')}); }`);
  return { lines, stop: () => context.close() };
}

/** The example with another patience for silence: 40 s are long for a test. */
function withSilenceOf(seconds: number, name: Name): string {
  const { file } = CLIENTS[name];
  const text = readFileSync(join(FOLDER, file), 'utf8');
  const changed = text.replace(/(silence\w*\s*=\s*)40(?=_000|\b)/i, `$1${seconds}`);
  expect(changed).not.toBe(text);
  const path = join(workplace, file);
  writeFileSync(path, changed);
  return path;
}

const count = ({ lines }: Running, start: string): number =>
  lines.filter(({ text }) => text.startsWith(start)).length;

async function untilSaid(client: Running, start: string, times = 1): Promise<Line> {
  await until(() => count(client, start) >= times, PATIENCE_MS).catch(() => {
    throw new Error(`"${start}" was not said, but:\n${client.lines.map(({ text }) => text).join('\n')}`);
  });
  return client.lines.filter(({ text }) => text.startsWith(start)).at(times - 1) as Line;
}

describe.each(present)('the client for %s', (name) => {
  test('is greeted at once, hears of an episode, and of each that was posted while it was cut off, once', async () => {
    const network = await startTcpProxy({ port: steady.server.port });
    proxies.add(network);
    const client = await start(name, { url: `http://127.0.0.1:${network.port}` });
    const read = await untilSaid(client, 'read ');
    const live = await untilSaid(client, 'live ok');
    greetedAfterMs.set(name, live.atMs - read.atMs);
    // What a decoder holds back would come with the first heartbeat, after 6 to 15 s.
    expect(live.atMs - read.atMs).toBeLessThan(3_000);
    const ids = [await post(steady)];
    await untilSaid(client, `upsert ${ids[0]} `);
    network.cut();
    while (ids.length < 6) ids.push(await post(steady));
    network.mend();
    for (const id of ids) await untilSaid(client, `upsert ${id} `);
    await untilSaid(client, 'live ok', 2);
    expect(ids.map((id) => count(client, `upsert ${id} `))).toEqual(ids.map(() => 1));
    expect(count(client, 'read ')).toBe(1);
  }, 60_000);
});

test('each client reads the grid again when it is told to, and goes on from there', async () => {
  const clients = await Promise.all(
    present.map((name) => start(name, { url: steady.server.url, cursor: 'other.1' })),
  );
  for (const client of clients) {
    await untilSaid(client, 'reset epoch');
    await untilSaid(client, 'read ');
    await untilSaid(client, 'live ok');
  }
  const id = await post(steady);
  for (const client of clients) await untilSaid(client, `upsert ${id} `);
}, 60_000);

test('each client gives a stream up that says nothing: in silence, and after 10 s without hello', async () => {
  const times = await Promise.all(
    present.map(async (name) => {
      const proxy = await startMutedProxy({ port: hasty.server.port });
      proxies.add(proxy);
      const client = await start(name, { url: proxy.url, source: withSilenceOf(3, name) });
      await untilSaid(client, 'live ok');
      const stream = async (number: number): Promise<number> => {
        await until(() => proxy.streams() === number, PATIENCE_MS);
        return performance.now();
      };
      proxy.mute();
      const mutedMs = performance.now();
      const secondMs = await stream(2);
      // The second stays mute, the third will not be.
      proxy.unmute();
      const missed = await post(hasty);
      const thirdMs = await stream(3);
      await untilSaid(client, `upsert ${missed} `);
      return { name, afterSilenceMs: secondMs - mutedMs, withoutHelloMs: thirdMs - secondMs };
    }),
  );
  // Each comes back within another three seconds.
  for (const { name, afterSilenceMs, withoutHelloMs } of times) {
    expect([name, afterSilenceMs < 9_000]).toEqual([name, true]);
    expect([name, withoutHelloMs > 10_000 && withoutHelloMs < 19_000]).toEqual([name, true]);
  }
}, 90_000);

test('after a goodbye each client comes back, and has missed nothing', async () => {
  const clients = await Promise.all(present.map((name) => start(name, { url: hasty.server.url })));
  await Promise.all(clients.map((client) => untilSaid(client, 'bye ttl')));
  const missed = await post(hasty);
  for (const client of clients) {
    await untilSaid(client, `upsert ${missed} `);
    expect(count(client, `upsert ${missed} `)).toBe(1);
    expect(count(client, 'read ')).toBe(1);
  }
}, 60_000);
