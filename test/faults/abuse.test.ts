import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StreamListener } from '../../src/live/hub/stream-listener';
import { batchOf, createTestFeed, createTestHub, removed } from '../support/live';
import { until } from '../support/until';
import { type FaultFleet, startFleet } from './support/fleet';
import { readUntil, requestStream } from './support/raw-stream';

const CLIENTS = 1_000;
const MAX_BUFFERED_BYTES = 65_536;

test('a client that never reads is cut at the limit, and 1,000 others are served on time', async () => {
  const feed = createTestFeed();
  const hub = createTestHub({ feed, maxBufferedBytes: MAX_BUFFERED_BYTES });
  const server = createServer();
  new StreamListener(hub).listenTo(server);
  server.listen(0);
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;

  const deaf = await requestStream(port);
  deaf.pause();
  const received = new Map<number, number>();
  const others = await Promise.all(
    Array.from({ length: CLIENTS }, async (_, index) => {
      const socket = await requestStream(port);
      received.set(index, 0);
      socket.on('data', (chunk) => received.set(index, (received.get(index) ?? 0) + countEvents(chunk)));
      return socket;
    }),
  );
  await until(() => hub.connections === CLIENTS + 1);

  let seq = 1;
  let slowestMs = 0;
  // What the kernel takes for a client before it says "full" is some megabytes at the most.
  while (hub.connections > CLIENTS && seq < 2_000) {
    seq++;
    const startedMs = performance.now();
    // Padded, so that not too many are needed: an id may be of any length here.
    feed.emit(batchOf(removed(seq, `${seq}`.padEnd(8_192, '0'))));
    await until(() => [...received.values()].every((count) => count >= seq - 1));
    slowestMs = Math.max(slowestMs, performance.now() - startedMs);
  }
  console.info(
    `Cut after ${seq - 1} events of 8 KB; the slowest event took ${Math.round(slowestMs)} ms to reach all ${CLIENTS} others.`,
  );
  expect(hub.connections).toBe(CLIENTS);
  expect(slowestMs).toBeLessThan(3_000);
  for (const socket of [deaf, ...others]) socket.destroy();
  await until(() => hub.connections === 0);
  hub.close();
  server.close();
});

function countEvents(chunk: Buffer): number {
  return chunk.toString('latin1').split('event: remove').length - 1;
}

describe('a node of the site', () => {
  let fleet: FaultFleet;
  let snapshots: string;
  beforeAll(async () => {
    snapshots = await mkdtemp(join(tmpdir(), 'nipnime-heap-'));
    fleet = await startFleet({
      SSE_MAX_CONNECTIONS_PER_IP: '500',
      NODE_OPTIONS: `--heapsnapshot-signal=SIGUSR2 --diagnostic-dir=${snapshots}`,
    });
  });
  afterAll(async () => {
    await fleet?.stop();
    await rm(snapshots, { recursive: true, force: true });
  });

  const node = () => {
    const [first] = fleet.nodes;
    if (!first?.service.pid) throw new Error('The node does not run.');
    return { port: first.port, pid: first.service.pid };
  };

  test('10,000 connects and aborts leave no socket and no memory behind', async () => {
    const { port, pid } = node();
    const churn = async (count: number): Promise<void> => {
      for (let done = 0; done < count; done += 200) {
        const sockets = await Promise.all(Array.from({ length: 200 }, () => requestStream(port)));
        // Some are cut before they are greeted, some after.
        await Promise.all(sockets.slice(100).map((socket) => readUntil(socket, 'event: hello')));
        for (const socket of sockets) socket.destroy();
      }
    };
    const idle = await openDescriptors(pid);
    const settled = (): Promise<void> => until(async () => (await openDescriptors(pid)) <= idle + 5);
    await churn(3_000);
    await settled();
    const before = { descriptors: await openDescriptors(pid), objects: await liveObjects(pid, snapshots) };
    await churn(10_000);
    await settled();
    const after = { descriptors: await openDescriptors(pid), objects: await liveObjects(pid, snapshots) };
    console.info(
      `Soak: ${before.descriptors} descriptors and ${before.objects} objects before, ${after.descriptors} and ${after.objects} after.`,
    );
    // Less than one for each connection.
    expect(after.objects).toBeLessThan(before.objects + 10_000);
  });

  test('one address is held to its limit', async () => {
    const { port } = node();
    const sockets = await Promise.all(Array.from({ length: 600 }, () => requestStream(port)));
    const answers = await Promise.all(sockets.map((socket) => readUntil(socket, 'data: ')));
    expect(answers.filter((answer) => answer.includes('event: hello'))).toHaveLength(500);
    expect(answers.filter((answer) => answer.includes('"reason":"busy"'))).toHaveLength(100);
    for (const socket of sockets) socket.destroy();
  });

  test('a head that comes drop by drop is cut off', async () => {
    const socket = connect(node().port, '127.0.0.1');
    await once(socket, 'connect');
    socket.write('GET /events HTTP/1.1\r\nHost: local');
    socket.resume();
    await once(socket, 'close');
  }, 20_000);

  test('a cursor of 1 MB is refused by the node and by nginx', async () => {
    const cursor = 'x'.repeat(1_048_576);
    const direct = await fetch(`http://127.0.0.1:${node().port}/events?cursor=${cursor}`);
    expect(direct.status).toBe(431);
    const proxied = await fetch(`${fleet.url}/events?cursor=${cursor}`);
    expect(proxied.status).toBe(414);
  });

  test('no token stands in a log', () => {
    expect(fleet.lines.join('\n')).not.toContain(fleet.token);
  });
});

async function openDescriptors(pid: number): Promise<number> {
  return (await readdir(`/proc/${pid}/fd`)).length;
}

/** Objects of the process that something still refers to: a snapshot of its heap comes after all others are collected. */
async function liveObjects(pid: number, folder: string): Promise<number> {
  const former = await readdir(folder);
  process.kill(pid, 'SIGUSR2');
  let count: string | undefined;
  await until(async () => {
    const name = (await readdir(folder)).find((each) => !former.includes(each));
    const head = name === undefined ? '' : (await readFile(join(folder, name), 'latin1')).slice(0, 10_000);
    count = /"node_count":(\d+)/.exec(head)?.[1];
    return count !== undefined;
  }, 60_000);
  return Number(count);
}
