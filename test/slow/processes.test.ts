import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { createApiToken } from '../../src/features/accounts/api-tokens';
import { isAlive, type SeveralProcesses, startTwoProcesses } from '../process/workers/several-processes';
import { openStream, type StreamClient } from '../support/stream-client';
import { until } from '../support/until';

const LIMIT = 12;
/** Three processes start for each of some of these tests. */
jest.setTimeout(30_000);

/** As many streams as are allowed, opened at the same time. */
async function openStreams(url: string, count: number): Promise<StreamClient[]> {
  return Promise.all(Array.from({ length: count }, () => openStream(`${url}/events`)));
}

/** `hello`, or the reason of the `bye` that came instead. */
async function answerOf(stream: StreamClient): Promise<unknown> {
  await until(() => stream.events.length > 0);
  const [first] = stream.events;
  return first?.type === 'bye' ? first.data.reason : first?.type;
}

async function count(streams: readonly StreamClient[], answer: string): Promise<number> {
  const answers = await Promise.all(streams.map(answerOf));
  return answers.filter((each) => each === answer).length;
}

describe('two processes that share a port', () => {
  let site: SeveralProcesses;
  let streams: StreamClient[] = [];
  const open = async (howMany: number): Promise<StreamClient[]> => {
    const opened = await openStreams(site.url, howMany);
    streams.push(...opened);
    return opened;
  };
  const streamsOf = (worker: number) => site.metric(`nipnime_stream_connections{worker="${worker}"}`);

  beforeAll(async () => {
    site = await startTwoProcesses({ SSE_MAX_CONNECTIONS_PER_IP: String(LIMIT) });
  });
  afterEach(async () => {
    for (const stream of streams) stream.close();
    await Promise.all(streams.map((stream) => stream.ended));
    streams = [];
  });
  afterAll(async () => {
    await site.stop();
  });

  test('say once that they are ready, when both listen', () => {
    expect(site.output().match(/nipnime is ready/g)).toHaveLength(1);
    expect(site.workers().size).toBe(2);
    expect(site.output().match(/password {2}\S/g)).toHaveLength(1);
  });

  test('both take streams, and the first process tells the metrics of both', async () => {
    const opened = await open(LIMIT);
    expect(await count(opened, 'hello')).toBe(LIMIT);
    const [first, second] = [await streamsOf(1), await streamsOf(2)];
    expect(first).toBeGreaterThan(0);
    expect(second).toBeGreaterThan(0);
    expect(first + second).toBe(LIMIT);
    expect(await site.metric('nipnime_stream_opened_total{resume="fresh"}')).toBe(LIMIT);
    await until(async () =>
      (await (await fetch(site.metricsUrl)).text()).includes('nipnime_overdue_seconds 0\n'),
    );
    // Of what both tell alike there is one.
    expect(await site.metric('nipnime_ready')).toBe(1);
    expect(await site.metric('nipnime_database_connections_max{pool="feed"}')).toBe(2 * 2);
    const text = await (await fetch(site.metricsUrl)).text();
    expect(text).toMatch(/^nipnime_build_info\{version="[\d.]+",node="[\d.]+"\} 1$/m);
  });

  test('hold the limit by address each for itself', async () => {
    await until(async () => (await streamsOf(1)) + (await streamsOf(2)) === 0);
    // More than both together take, however they are spread.
    const opened = await open(4 * LIMIT);
    const greeted = await count(opened, 'hello');
    expect(greeted).toBeGreaterThan(LIMIT);
    expect(await count(opened, 'busy')).toBe(4 * LIMIT - greeted);
    for (const worker of [1, 2]) expect(await streamsOf(worker)).toBeLessThanOrEqual(LIMIT);
  });

  test('tell each other at once what changed, without Redis', async () => {
    const opened = await open(LIMIT);
    expect(await count(opened, 'hello')).toBe(LIMIT);
    const token = await createApiToken(site.database.db, 'test');
    const series = await site.database.db('series').first<{ id: string }>('id');
    const response = await fetch(`${site.url}/api/v1/episodes`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({
        seriesId: series?.id,
        number: '1',
        status: 'published',
        videoServers: [{ name: 'Main', kind: 'file', url: 'https://video.example/1.mp4' }],
      }),
    });
    expect(response.status).toBe(201);
    await Promise.all(opened.map((stream) => stream.next('upsert')));
    // Counted only where the bus brought the change: what was read from the log has no such stage.
    await until(async () => (await site.metric('nipnime_delivery_seconds_count{stage="bus"}')) === 2);
    expect(await site.metric('nipnime_stream_events_total')).toBe(LIMIT);
  });

  test('count wrong passwords together', async () => {
    const logIn = async (): Promise<number> => {
      const body = new URLSearchParams({ email: 'a@example.com', password: 'wrong' });
      const headers = { Origin: site.url, Connection: 'close' };
      return (await fetch(`${site.url}/admin/login`, { method: 'POST', headers, body })).status;
    };
    const answers: number[] = [];
    for (let attempt = 0; attempt < 11; attempt += 1) answers.push(await logIn());
    expect(answers).toEqual([...Array<number>(10).fill(422), 429]);
  });

  test('a worker that dies is replaced', async () => {
    await until(async () => (await streamsOf(1)) + (await streamsOf(2)) === 0);
    const opened = 'nipnime_stream_opened_total{resume="fresh"}';
    const before = await site.metric(opened);
    expect(await count(await open(LIMIT), 'hello')).toBe(LIMIT);
    const lost = await streamsOf(1);
    expect(lost).toBeGreaterThan(0);
    process.kill(site.workers().get(1) ?? Number.NaN, 'SIGKILL');
    await until(() => site.output().includes('another one takes its place'));
    await until(async () => {
      // One that is starting has nothing to tell yet, but keeps nobody waiting.
      expect((await fetch(site.metricsUrl)).status).toBe(200);
      return site.workers().size === 3;
    });
    expect(site.output()).toMatch(/Worker 1 \(process \d+\) ended by SIGKILL; another one takes its place/);
    expect(await count(await open(lost), 'hello')).toBe(lost);
    expect(await streamsOf(1)).toBe(0);
    expect((await streamsOf(2)) + (await streamsOf(3))).toBe(LIMIT);
    // What the dead one had counted is gone with it.
    expect(await site.metric(opened)).toBeLessThan(before + LIMIT + lost);
    expect(await site.metric(opened)).toBeGreaterThanOrEqual(LIMIT);
  });

  test('the metrics are refused while a process does not answer', async () => {
    const stuck = site.workers().get(2) ?? Number.NaN;
    process.kill(stuck, 'SIGSTOP');
    try {
      expect((await fetch(site.metricsUrl)).status).toBe(503);
    } finally {
      process.kill(stuck, 'SIGCONT');
    }
    await until(async () => (await fetch(site.metricsUrl)).status === 200);
  });
});

describe('the end of several processes', () => {
  let site: SeveralProcesses;
  beforeEach(async () => {
    site = await startTwoProcesses();
  });
  afterEach(async () => {
    await site.stop();
  });
  const noneIsLeft = () => until(() => ![...site.workers().values()].some(isAlive));

  test('SIGTERM ends all of them in order', async () => {
    const streams = await openStreams(site.url, 4);
    expect(await count(streams, 'hello')).toBe(4);
    site.primary.kill('SIGTERM');
    const [code] = await once(site.primary, 'exit');
    expect(code).toBe(0);
    expect([...site.workers().values()].some(isAlive)).toBe(false);
    for (const stream of streams) expect((await stream.next('bye')).data.reason).toBe('drain');
  });

  test('a Ctrl-C, which each of them gets, is one drain as well', async () => {
    const streams = await openStreams(site.url, 4);
    expect(await count(streams, 'hello')).toBe(4);
    const exited = once(site.primary, 'exit');
    process.kill(-(site.primary.pid ?? Number.NaN), 'SIGINT');
    expect((await exited)[0]).toBe(0);
    await noneIsLeft();
    for (const stream of streams) expect((await stream.next('bye')).data.reason).toBe('drain');
    expect(site.output().match(/"Stopping"/g)).toHaveLength(2);
    expect(site.output()).not.toContain('takes its place');
  });

  test('without the primary the workers end, in order', async () => {
    const streams = await openStreams(site.url, 4);
    expect(await count(streams, 'hello')).toBe(4);
    site.primary.kill('SIGKILL');
    await noneIsLeft();
    for (const stream of streams) expect((await stream.next('bye')).data.reason).toBe('drain');
  });
});

test('a worker that cannot start ends the whole, with its error', async () => {
  const blocker = createServer().listen(0, '127.0.0.1');
  await once(blocker, 'listening');
  const { port } = blocker.address() as AddressInfo;
  const site = await startTwoProcesses({ PORT: String(port) });
  try {
    await until(() => site.primary.exitCode !== null);
    expect(site.primary.exitCode).toBe(1);
    expect(site.output()).toMatch(/nipnime could not start: .*EADDRINUSE/);
    expect(site.output().match(/could not start/g)).toHaveLength(1);
    expect(site.output()).not.toContain('nipnime is ready');
  } finally {
    await site.stop();
    blocker.close();
  }
});
