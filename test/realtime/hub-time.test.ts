import type { ServerResponse } from 'node:http';
import { Writable } from 'node:stream';
import { createParser } from 'eventsource-parser';
import type { Cursor } from '../../src/changes/change-event';
import type { FeedBatch } from '../../src/changes/change-feed';
import { Hub, type HubOptions } from '../../src/realtime/hub';

/** A response whose client reads only what `reads` allows. */
class FakeResponse extends Writable {
  text = '';
  constructor(readonly reads = true) {
    super({ decodeStrings: false });
  }
  writeHead(): this {
    return this;
  }
  override _write(chunk: Buffer | string, _encoding: string, done: () => void): void {
    this.text += String(chunk);
    if (this.reads) done();
  }
  get events(): string[] {
    const names: string[] = [];
    createParser({ onEvent: ({ event, data }) => names.push(`${event} ${data}`) }).feed(this.text);
    return names;
  }
}

let listener: (batch: FeedBatch) => void = () => undefined;
const cursor: Cursor = { epoch: 'k3f9', seq: 7 };
const feed = {
  cursor,
  since: () => ({ events: [] }),
  catchUp: async () => undefined,
  onBatch: (added: typeof listener) => {
    listener = added;
    return () => undefined;
  },
};

function createHub(options: Partial<HubOptions> = {}): Hub {
  return new Hub({
    feed,
    renderCard: () => ({ title: '', url: '', html: '' }),
    findPublicIds: async () => new Set(),
    onError: (error) => {
      throw error;
    },
    heartbeatMs: 15_000,
    timeoutMs: 1_800_000,
    maxConnections: 1_000,
    maxConnectionsPerAddress: 1_000,
    maxBufferedBytes: 65_536,
    ...options,
  });
}

async function connect(hub: Hub, reads = true): Promise<FakeResponse> {
  const response = new FakeResponse(reads);
  // The hub uses of a ServerResponse what a Writable has, and writeHead.
  await hub.open(response as unknown as ServerResponse, '192.0.2.1', undefined);
  return response;
}

const removal = (seq: number): FeedBatch => ({
  type: 'changes',
  cursor: { epoch: 'k3f9', seq },
  events: [{ epoch: 'k3f9', seq, type: 'remove', episodeId: '5' }],
});

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
});
afterEach(() => {
  jest.useRealTimers();
});

test('a silent connection hears a heartbeat in time; one that was just told something does not', async () => {
  const hub = createHub();
  const client = await connect(hub);
  jest.advanceTimersByTime(10_000);
  listener(removal(8));
  await jest.advanceTimersByTimeAsync(1);
  expect(client.events.slice(1)).toEqual(['remove {"episodeId":"5","rev":8}']);
  jest.advanceTimersByTime(10_000);
  expect(client.events).toHaveLength(2);
  jest.advanceTimersByTime(5_000);
  expect(client.events.at(-1)).toBe('ping {"head":"k3f9.7"}');
  jest.advanceTimersByTime(60_000);
  expect(client.events.filter((event) => event.startsWith('ping'))).toHaveLength(5);
  hub.close();
});

test('a connection ends in the orderly way after 80 to 100 % of its time', async () => {
  const hub = createHub();
  const clients = await Promise.all(Array.from({ length: 50 }, () => connect(hub)));
  jest.advanceTimersByTime(0.8 * 1_800_000 - 1_000);
  expect(hub.connections).toBe(50);
  jest.advanceTimersByTime(0.2 * 1_800_000 + 2_000);
  expect(hub.connections).toBe(0);
  for (const client of clients) {
    expect(client.events.at(-1)).toMatch(/^bye \{"reason":"ttl","retryMs":\d+\}$/);
    expect(client.writableEnded).toBe(true);
  }
  hub.close();
});

test('a drain closes the connections spread over its time, and takes no new ones', async () => {
  const hub = createHub();
  const clients = await Promise.all(Array.from({ length: 100 }, () => connect(hub)));
  const drained = hub.drain(25_000);
  await jest.advanceTimersByTimeAsync(12_500);
  const gone = clients.filter((client) => client.writableEnded).length;
  expect(gone).toBeGreaterThan(40);
  expect(gone).toBeLessThan(60);
  expect((await connect(hub)).events).toEqual([expect.stringContaining('"reason":"drain"')]);
  await jest.advanceTimersByTimeAsync(13_000);
  await drained;
  for (const client of clients) expect(client.events.at(-1)).toContain('"reason":"drain"');
  hub.close();
});

test('a client that does not read is cut at the limit, and everybody else is served', async () => {
  const hub = createHub({ maxBufferedBytes: 4_096 });
  const [deaf, listening] = [await connect(hub, false), await connect(hub)];
  for (let seq = 8; seq < 300; seq++) {
    listener(removal(seq));
    await jest.advanceTimersByTimeAsync(0);
  }
  expect(deaf.destroyed).toBe(true);
  expect(deaf.writableLength).toBeLessThan(4_096 + 200);
  expect(listening.events).toHaveLength(1 + 292);
  expect(hub.connections).toBe(1);
  hub.close();
});

test('a connection that was lost leaves nothing behind', async () => {
  const hub = createHub({ maxConnectionsPerAddress: 1 });
  for (let round = 0; round < 100; round++) {
    const client = await connect(hub);
    expect(hub.connections).toBe(1);
    client.destroy();
    await jest.advanceTimersByTimeAsync(0);
  }
  expect(hub.connections).toBe(0);
  hub.close();
  expect(jest.getTimerCount()).toBe(0);
});
