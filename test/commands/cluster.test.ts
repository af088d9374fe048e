import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nginxHeaderFiles } from '../../scripts/nginx-headers';
import { createApiToken } from '../../src/accounts/api-tokens';
import { startNginx } from '../../src/commands/cluster/nginx';
import { findNginx, findPrograms } from '../../src/commands/cluster/programs';
import { projectRoot } from '../../src/platform/project';
import { securityHeaders } from '../../src/platform/security-headers';
import { newSeries, playable, testCatalog } from '../support/catalog';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { describeWithRedis, freePort } from '../support/redis';
import { listen, openStream } from '../support/stream-client';
import { until } from '../support/until';

const nginx = findNginx(process.env.PATH);

/** `describe`; without nginx the suite is reported as skipped with the reason, or fails where CI asks for it. */
function describeWithNginx(name: string, suite: (program: string) => void): void {
  if (nginx) return describe(name, () => suite(nginx));
  const reason = 'This needs nginx: install it (Debian: apt-get install nginx; macOS: brew install nginx).';
  if (process.env.CI === 'true') {
    test(name, () => {
      throw new Error(reason);
    });
    return;
  }
  console.warn(`Skipped: ${name}. ${reason}`);
  const skipped = describe.skip;
  skipped(name, () => suite(''));
}

type Cluster = {
  readonly url: string;
  readonly process: ChildProcess;
  readonly output: () => string;
  /** Of the program with that name, as it was printed last. */
  readonly pid: (name: string) => number;
};

const NODE_LIMIT = 3;

async function startCluster(database: TestDatabase, dataDir: string): Promise<Cluster> {
  const port = await freePort();
  const child = spawn(
    process.execPath,
    [join(projectRoot(), 'dist/commands/cluster.js'), '--nodes', '2', '--port', String(port)],
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
    if (child.exitCode !== null) throw new Error(`The cluster ended:\n${output}`);
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

      await proxy.reload([Number(new URL(node.url).port)]);
      // The worker that ends closes its idle connections, perhaps while the next request is on its way.
      await until(() =>
        fetch(`http://127.0.0.1:${port}/`).then(
          ({ status }) => status === 200,
          () => false,
        ),
      );
    } finally {
      await proxy.stop();
      await node.close();
    }
  });

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
      await ask(404, get('/metrics'));
      await ask(414, get(`/${'a'.repeat(10_000)}`));
      await ask(400, get('/', `X-A: ${'a'.repeat(10_000)}`));
      await ask(400, 'GET / HTTP/1.1\r\n\r\n');
      await ask(400, 'nonsense\r\n\r\n');
      await ask(413, get('/', 'Content-Length: 2000000').replace('GET', 'POST'));
      await ask(405, get('/').replace('GET', 'TRACE'));

      await proxy.reload([Number(new URL(node.url).port)]);
      await until(async () => (await answerTo(port, get('/'))).includes('from a node'));
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

describeWithRedis('npm run cluster', () => {
  describeWithNginx('with two nodes', () => {
    let database: TestDatabase;
    let dataDir: string;
    let cluster: Cluster;
    let seriesId: string;
    let token: string;

    beforeAll(async () => {
      database = await createTestDatabase();
      // A catalog that is not empty is not filled from bangumi-data.
      seriesId = (await newSeries(testCatalog(database.db))).id;
      token = await createApiToken(database.db, 'cluster');
      dataDir = await mkdtemp(join(tmpdir(), 'nipnime-cluster-test-'));
      cluster = await startCluster(database, dataDir);
    });
    afterAll(async () => {
      if (cluster?.process.exitCode === null) {
        cluster.process.kill('SIGTERM');
        await once(cluster.process, 'exit');
      }
      await rm(dataDir, { recursive: true });
      await database.drop();
    });

    const post = (number: string) =>
      fetch(`${cluster.url}/api/v1/episodes`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
        body: JSON.stringify({ seriesId, number, status: 'published', videoServers: [playable] }),
      });

    test('answers pages from both nodes, under the request id of nginx', async () => {
      for (let index = 0; index < 4; index++) {
        const page = await fetch(`${cluster.url}/episodes/latest`);
        expect(page.status).toBe(200);
        const id = page.headers.get('x-request-id');
        expect(id).toMatch(/^[0-9a-f]{32}$/);
        await until(() => cluster.output().includes(`"requestId":"${id}"`));
      }
      const answered = [...cluster.output().matchAll(/"upstream":"([^"]+)"/g)].map((match) => match[1]);
      expect(new Set(answered).size).toBe(2);
    });

    test('brings an episode to the streams of both nodes, and believes no client about its address', async () => {
      // Streams go to the node with the fewest: these fill the limit of one address on both nodes.
      const streams = await Promise.all(
        Array.from({ length: 2 * NODE_LIMIT }, async (_, index) =>
          openStream(`${cluster.url}/events`, { 'X-Forwarded-For': `198.51.100.${index}` }),
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

      const refused = await openStream(`${cluster.url}/events`, { 'X-Forwarded-For': '203.0.113.9' });
      expect((await refused.next('bye')).data).toMatchObject({ reason: 'busy' });

      const created = await post('1');
      expect(created.status).toBe(201);
      const { id } = (await created.json()) as { id: string };
      const postedMs = performance.now();
      const cards = await Promise.all(streams.map((stream) => stream.next('upsert')));
      expect(performance.now() - postedMs).toBeLessThan(1_000);
      expect(new Set(cards.map((card) => card.data.episodeId))).toEqual(new Set([id]));
      for (const stream of streams) stream.close();
    });

    (process.platform === 'linux' ? test : test.skip)('tells visitors of two addresses apart', async () => {
      await until(async () => {
        const streams = await Promise.all(
          Array.from({ length: 2 * NODE_LIMIT }, () => openStream(`${cluster.url}/events`)),
        );
        const greetings = await Promise.all(
          streams.map((stream) => Promise.race([stream.next('hello'), stream.next('bye')])),
        );
        if (greetings.some((event) => event.type === 'bye')) {
          for (const stream of streams) stream.close();
          return false;
        }
        const other = await getFrom('127.0.0.2', `${cluster.url}/events`);
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
      const killed = cluster.pid('node 1');
      process.kill(killed, 'SIGKILL');
      for (let index = 0; index < 4; index++) {
        expect((await fetch(`${cluster.url}/episodes/latest`)).status).toBe(200);
        expect((await post(String(10 + index))).status).toBe(201);
      }
      await until(() => cluster.output().includes(`node 1 (pid ${killed}) ended by SIGKILL`));
      await until(() => cluster.output().includes('node 1 was started again'));
      expect(cluster.pid('node 1')).not.toBe(killed);
    });

    (process.env.REDIS_URL ? test.skip : test)('lets nobody into Redis without its password', async () => {
      const [, port] = /redis:\/\/127\.0\.0\.1:(\d+) /.exec(cluster.output()) ?? [];
      expect(await answerTo(Number(port), 'PING\r\nQUIT\r\n')).toMatch(/^-NOAUTH/);
    });

    test('ends everything on SIGTERM', async () => {
      const pids = ['nginx', 'node 1', 'node 2', ...(process.env.REDIS_URL ? [] : ['redis'])].map(
        cluster.pid,
      );
      expect(pids.every(isAlive)).toBe(true);
      cluster.process.kill('SIGTERM');
      const [code] = await once(cluster.process, 'exit');
      expect(code).toBe(0);
      expect(pids.filter(isAlive)).toEqual([]);
    });
  });
});
