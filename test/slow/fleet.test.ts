import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nginxHeaderFiles } from '../../scripts/nginx-headers';
import { type Nginx, startNginx } from '../../src/commands/fleet/nginx';
import { findNginx, findPrograms } from '../../src/commands/fleet/programs';
import { createApiToken } from '../../src/features/accounts/api-tokens';
import { projectRoot } from '../../src/platform/project';
import { securityHeaders } from '../../src/platform/security-headers';
import { newSeries, playable, testCatalog } from '../support/catalog';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { describeWithPrograms } from '../support/programs';
import { describeWithRedis, freePort } from '../support/redis';
import { listen, openStream } from '../support/stream-client';
import { until } from '../support/until';

const nginx = findNginx(process.env.PATH);

/** `describe`, where there is an nginx. */
const describeWithNginx = (name: string, suite: (program: string) => void): void =>
  describeWithPrograms(['nginx'], name, () => suite(nginx ?? ''));

type Fleet = {
  readonly url: string;
  readonly process: ChildProcess;
  readonly output: () => string;
  /** Of the program with that name, as it was printed last. */
  readonly pid: (name: string) => number;
};

const NODE_LIMIT = 3;

async function startFleet(database: TestDatabase, dataDir: string): Promise<Fleet> {
  const port = await freePort();
  const child = spawn(
    process.execPath,
    [join(projectRoot(), 'dist/commands/fleet.js'), '--nodes', '2', '--port', String(port)],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env.PATH ?? '',
        DATABASE_URL: database.url,
        DATA_DIR: dataDir,
        SSE_MAX_CONNECTIONS_PER_IP: String(NODE_LIMIT),
      },
    },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += String(chunk);
    });
  }
  const url = `http://localhost:${port}`;
  await until(() => {
    if (child.exitCode !== null) throw new Error(`The fleet ended:\n${output}`);
    return output.includes(`nipnime is ready: ${url}\n`);
  });
  return {
    url: `http://127.0.0.1:${port}`,
    process: child,
    output: () => output,
    pid: (name) => {
      const last = [...output.matchAll(new RegExp(`${name}\\b.*? pid (\\d+)`, 'g'))].at(-1);
      if (!last) throw new Error(`No pid of ${name} in:\n${output}`);
      return Number(last[1]);
    },
  };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Like a visitor of another address: all of 127/8 is this machine, on Linux. */
async function getFrom(localAddress: string, url: string): Promise<IncomingMessage> {
  const sent = request(url, { localAddress }).end();
  const [response]: IncomingMessage[] = await once(sent, 'response');
  if (!response) throw new Error('No response.');
  return response;
}

/** What a proxy says to these bytes, up to the end of the connection. */
async function answerTo(port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1').setEncoding('utf8');
  socket.on('error', () => undefined).write(bytes);
  let answer = '';
  socket.on('data', (chunk) => {
    answer += chunk;
  });
  await new Promise((resolve) => socket.once('close', resolve));
  return answer;
}

/** The workers of before go on accepting connections for a moment, and know the nodes of before. */
async function reloadFully({ service, reload }: Nginx, ports: readonly number[]): Promise<void> {
  const workers = async (): Promise<readonly string[]> =>
    (await readFile(`/proc/${service.pid}/task/${service.pid}/children`, 'utf8')).split(' ').filter(Boolean);
  const former = await workers();
  await reload(ports);
  await until(async () => {
    const present = await workers();
    return present.length > 0 && !present.some((pid) => former.includes(pid));
  });
}

test('what is missing is named together with the command that installs it', () => {
  expect(() => findPrograms('/nowhere', { redis: true }, [])).toThrow(
    /nginx +Debian: apt-get install nginx .*\n.*redis-server +Debian: apt-get install redis-server/,
  );
  expect(() => findPrograms('/nowhere', { redis: false }, [])).toThrow(/nginx/);
  expect(() => findPrograms('/nowhere', { redis: false }, [])).not.toThrow(/redis/);
});

describeWithNginx('nginx as it is shipped', (program) => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nipnime-nginx-'));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true });
  });

  test('speaks for the nodes while there is none, and finds them when they come', async () => {
    const [port, deadPort] = [await freePort(), await freePort()];
    const proxy = await startNginx({ program, port, upstreamPorts: [deadPort], folder });
    const node = await listen((incoming, response) => response.end(incoming.headers['x-request-id']));
    try {
      const page = await fetch(`http://127.0.0.1:${port}/`);
      expect(page.status).toBe(503);
      expect(page.headers.get('retry-after')).toBe('5');
      expect(await page.text()).toContain(page.headers.get('x-request-id'));

      // Anything but 200 would close a browser's EventSource for good.
      const stream = await openStream(`http://127.0.0.1:${port}/events`);
      const bye = await stream.next('bye');
      expect(bye.data).toEqual({ reason: 'busy', retryMs: stream.retryMs() });
      expect(stream.retryMs()).toBeGreaterThanOrEqual(2_000);
      expect(stream.retryMs()).toBeLessThanOrEqual(8_000);

      await reloadFully(proxy, [Number(new URL(node.url).port)]);
      // A worker that ends closes its idle connections, perhaps only then known to be closed here.
      expect(await answerTo(port, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')).toContain(
        'HTTP/1.1 200 ',
      );
    } finally {
      await proxy.stop();
      await node.close();
    }
  });

  test('finds the assets of a page at the node that has them, while two versions run', async () => {
    const port = await freePort();
    const asked: string[] = [];
    const version = (name: string) =>
      listen((incoming, response) => {
        asked.push(`${name} ${incoming.url}`);
        response.writeHead(incoming.url === `/assets/${name}.css` ? 200 : 404).end(name);
      });
    const nodes = [await version('old'), await version('older'), await version('new')];
    const proxy = await startNginx({
      program,
      port,
      upstreamPorts: nodes.map(({ url }) => Number(new URL(url).port)),
      folder,
    });
    const status = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).status;
    try {
      for (let time = 0; time < 6; time++) {
        expect(await status('/assets/new.css')).toBe(200);
        expect(await status('/assets/old.css')).toBe(200);
      }
      expect(await status('/assets/gone.css')).toBe(404);
      // What no version knows is not looked for elsewhere.
      asked.length = 0;
      expect(await status('/nowhere')).toBe(404);
      expect(asked).toHaveLength(1);
    } finally {
      await proxy.stop();
      await Promise.all(nodes.map((node) => node.close()));
    }
  });

  test('asks once more for what may be asked for twice, and for nothing else', async () => {
    const port = await freePort();
    let requests = 0;
    const node = await listen((incoming) => {
      requests++;
      incoming.socket.destroy();
    });
    const proxy = await startNginx({
      program,
      port,
      upstreamPorts: [Number(new URL(node.url).port)],
      folder,
    });
    const ask = async (method: string) => {
      requests = 0;
      const { status } = await fetch(`http://127.0.0.1:${port}/`, { method });
      return { status, requests };
    };
    try {
      expect(await ask('GET')).toEqual({ status: 503, requests: 2 });
      expect(await ask('HEAD')).toEqual({ status: 503, requests: 2 });
      expect(await ask('POST')).toEqual({ status: 503, requests: 1 });
    } finally {
      await proxy.stop();
      await node.close();
    }
  });

  test('a node that hangs loses its pages within 15 s, and no visitor loses one', async () => {
    const port = await freePort();
    let asked = 0;
    const hanging = await listen(() => void asked++);
    const others = await Promise.all([1, 2].map(() => listen((_incoming, response) => response.end('page'))));
    const proxy = await startNginx({
      program,
      port,
      upstreamPorts: [hanging, ...others].map(({ url }) => Number(new URL(url).port)),
      folder,
    });
    const page = async () => (await fetch(`http://127.0.0.1:${port}/`)).text();
    try {
      const startedMs = performance.now();
      const first = Array.from({ length: 30 }, page);
      expect(new Set(await Promise.all(first))).toEqual(new Set(['page']));
      expect(performance.now() - startedMs).toBeLessThan(15_000);
      expect(asked).toBeGreaterThan(0);
      asked = 0;
      await Promise.all(Array.from({ length: 30 }, page));
      // At most the one that tries whether it is back.
      expect(asked).toBeLessThanOrEqual(1);
    } finally {
      await proxy.stop();
      await Promise.all([hanging, ...others].map((node) => node.close()));
    }
  }, 60_000);

  test('passes on a body that does not fit its buffers, and refuses one beyond a megabyte', async () => {
    const port = await freePort();
    const node = await listen((incoming, response) => {
      let length = 0;
      incoming.on('data', (chunk: Buffer) => {
        length += chunk.length;
      });
      incoming.once('end', () => response.end(String(length)));
    });
    const proxy = await startNginx({
      program,
      port,
      upstreamPorts: [Number(new URL(node.url).port)],
      folder,
    });
    const post = (length: number) =>
      fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: 'a'.repeat(length) });
    try {
      expect(await (await post(1_000_000)).text()).toBe('1000000');
      expect((await post(1_100_000)).status).toBe(413);
    } finally {
      await proxy.stop();
      await node.close();
    }
  });

  test('every answer carries the headers of the site once, its own and those of a node', async () => {
    const [port, deadPort] = [await freePort(), await freePort()];
    const proxy = await startNginx({ program, port, upstreamPorts: [deadPort], folder });
    const node = await listen((incoming, response) => {
      incoming.resume();
      for (const [name, value] of securityHeaders()) response.setHeader(name, value);
      response.setHeader('X-Frame-Options', 'DENY');
      response.writeHead(incoming.url === '/broken' ? 500 : 200).end('from a node');
    });
    const ask = async (status: number, head: string, { frames = 'SAMEORIGIN' } = {}) => {
      const answer = await answerTo(port, head);
      const [first = '', ...lines] = (answer.split('\r\n\r\n')[0] ?? '').toLowerCase().split('\r\n');
      expect(first).toContain(`http/1.1 ${status} `);
      for (const [name, value] of securityHeaders()) {
        const found = lines.filter((line) => line.startsWith(`${name}: `));
        const expected = name === 'x-frame-options' ? frames : value;
        expect([head.slice(0, 40), found]).toEqual([
          head.slice(0, 40),
          [`${name}: ${expected.toLowerCase()}`],
        ]);
      }
    };
    const get = (path: string, ...fields: readonly string[]) =>
      [`GET ${path} HTTP/1.1`, 'Host: a', 'Connection: close', ...fields, '', ''].join('\r\n');
    try {
      await ask(503, get('/'));
      await ask(503, get('/admin').replace('GET', 'POST'));
      await ask(200, get('/events'));
      await ask(414, get(`/${'a'.repeat(10_000)}`));
      await ask(400, get('/', `X-A: ${'a'.repeat(10_000)}`));
      await ask(400, 'GET / HTTP/1.1\r\n\r\n');
      await ask(400, 'nonsense\r\n\r\n');
      await ask(413, get('/', 'Content-Length: 2000000').replace('GET', 'POST'));
      await ask(405, get('/').replace('GET', 'TRACE'));

      await reloadFully(proxy, [Number(new URL(node.url).port)]);
      await ask(200, get('/'), { frames: 'DENY' });
      await ask(500, get('/broken'), { frames: 'DENY' });
    } finally {
      await proxy.stop();
      await node.close();
    }
  }, 30_000);

  test('what it adds to its own answers is what the site says', async () => {
    for (const [name, text] of nginxHeaderFiles(securityHeaders()))
      expect(await readFile(join(projectRoot(), 'deploy', name), 'utf8')).toBe(text);
  });

  test('refuses a cursor of a megabyte', async () => {
    const port = await freePort();
    const proxy = await startNginx({ program, port, upstreamPorts: [await freePort()], folder });
    const huge = 'a'.repeat(1_048_576);
    try {
      // nginx closes the connection at once; whether its answer is read before that is up to the network.
      const status = (url: string, headers = {}) =>
        fetch(url, { headers }).then(
          (response) => response.status,
          () => 'closed',
        );
      expect([414, 'closed']).toContain(await status(`http://127.0.0.1:${port}/events?cursor=${huge}`));
      expect([400, 'closed']).toContain(
        await status(`http://127.0.0.1:${port}/events`, { 'Last-Event-ID': huge }),
      );
      expect(await status(`http://127.0.0.1:${port}/events?cursor=${'a'.repeat(10_000)}`)).toBe(414);
    } finally {
      await proxy.stop();
    }
  });
});

describeWithRedis('npm run fleet', () => {
  describeWithNginx('with two nodes', () => {
    let database: TestDatabase;
    let dataDir: string;
    let fleet: Fleet;
    let seriesId: string;
    let token: string;

    beforeAll(async () => {
      database = await createTestDatabase();
      // A catalog that is not empty is not filled from bangumi-data.
      seriesId = (await newSeries(testCatalog(database.db))).id;
      token = await createApiToken(database.db, 'fleet');
      dataDir = await mkdtemp(join(tmpdir(), 'nipnime-fleet-test-'));
      fleet = await startFleet(database, dataDir);
    });
    afterAll(async () => {
      if (fleet?.process.exitCode === null) {
        fleet.process.kill('SIGTERM');
        await once(fleet.process, 'exit');
      }
      await rm(dataDir, { recursive: true });
      await database.drop();
    });

    const post = (number: string) =>
      fetch(`${fleet.url}/api/v1/episodes`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
        body: JSON.stringify({ seriesId, number, status: 'published', videoServers: [playable] }),
      });

    test('answers pages from both nodes, under the request id of nginx', async () => {
      for (let index = 0; index < 4; index++) {
        const page = await fetch(`${fleet.url}/episodes/latest`);
        expect(page.status).toBe(200);
        const id = page.headers.get('x-request-id');
        expect(id).toMatch(/^[0-9a-f]{32}$/);
        await until(() => fleet.output().includes(`"requestId":"${id}"`));
      }
      const answered = [...fleet.output().matchAll(/"upstream":"([^"]+)"/g)].map((match) => match[1]);
      expect(new Set(answered).size).toBe(2);
    });

    test('logs no query of an address: the keys of private lists are in it', async () => {
      const answer = await fetch(`${fleet.url}/following/feed.atom?list=private-key`);
      const id = answer.headers.get('x-request-id');
      await until(() => fleet.output().includes(`"requestId":"${id}"`));
      expect(fleet.output()).toContain('"path":"/following/feed.atom"');
      expect(fleet.output()).not.toContain('private-key');
    });

    test('brings an episode to the streams of both nodes, and believes no client about its address', async () => {
      // Streams go to the node with the fewest: these fill the limit of one address on both nodes.
      const streams = await Promise.all(
        Array.from({ length: 2 * NODE_LIMIT }, async (_, index) =>
          openStream(`${fleet.url}/events`, { 'X-Forwarded-For': `198.51.100.${index}` }),
        ),
      );
      const [first] = streams;
      expect(first?.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
      expect(first?.headers.get('cache-control')).toBe('no-store, no-transform');
      expect(first?.headers.get('x-accel-buffering')).toBe('no');
      expect(first?.headers.get('content-encoding')).toBe('gzip');
      const greetedMs = performance.now();
      await Promise.all(streams.map((stream) => stream.next('hello')));
      expect(performance.now() - greetedMs).toBeLessThan(1_000);

      const refused = await openStream(`${fleet.url}/events`, { 'X-Forwarded-For': '203.0.113.9' });
      expect((await refused.next('bye')).data).toMatchObject({ reason: 'busy' });

      const created = await post('1');
      expect(created.status).toBe(201);
      const { id } = (await created.json()) as { id: string };
      const postedMs = performance.now();
      const cards = await Promise.all(streams.map((stream) => stream.next('upsert')));
      expect(performance.now() - postedMs).toBeLessThan(1_000);
      expect(new Set(cards.map((card) => card.data.key))).toEqual(new Set([id]));
      for (const stream of streams) stream.close();
    });

    (process.platform === 'linux' ? test : test.skip)('tells visitors of two addresses apart', async () => {
      await until(async () => {
        const streams = await Promise.all(
          Array.from({ length: 2 * NODE_LIMIT }, () => openStream(`${fleet.url}/events`)),
        );
        const greetings = await Promise.all(streams.map((stream) => stream.next('hello', 'bye')));
        if (greetings.some((event) => event.type === 'bye')) {
          for (const stream of streams) stream.close();
          return false;
        }
        const other = await getFrom('127.0.0.2', `${fleet.url}/events`);
        other.setEncoding('utf8');
        let text = '';
        for await (const chunk of other) {
          text += chunk;
          if (/event: (hello|bye)/.test(text)) break;
        }
        expect(text).toContain('event: hello');
        for (const stream of streams) stream.close();
        return true;
      });
    });

    test('goes on without a node that was killed, and starts it again', async () => {
      const killed = fleet.pid('node 1');
      process.kill(killed, 'SIGKILL');
      for (let index = 0; index < 4; index++) {
        expect((await fetch(`${fleet.url}/episodes/latest`)).status).toBe(200);
        expect((await post(String(10 + index))).status).toBe(201);
      }
      await until(() => fleet.output().includes(`node 1 (pid ${killed}) ended by SIGKILL`));
      await until(() => fleet.output().includes('node 1 was started again'));
      expect(fleet.pid('node 1')).not.toBe(killed);
    });

    (process.env.REDIS_URL ? test.skip : test)('lets nobody into Redis without its password', async () => {
      const [, port] = /redis:\/\/127\.0\.0\.1:(\d+) /.exec(fleet.output()) ?? [];
      expect(await answerTo(Number(port), 'PING\r\nQUIT\r\n')).toMatch(/^-NOAUTH/);
    });

    test('ends everything on SIGTERM', async () => {
      const pids = ['nginx', 'node 1', 'node 2', ...(process.env.REDIS_URL ? [] : ['redis'])].map(fleet.pid);
      expect(pids.every(isAlive)).toBe(true);
      fleet.process.kill('SIGTERM');
      const [code] = await once(fleet.process, 'exit');
      expect(code).toBe(0);
      expect(pids.filter(isAlive)).toEqual([]);
    });
  });
});
