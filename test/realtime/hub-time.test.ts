import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { createParser } from 'eventsource-parser';
import type { ChangeEvent, Cursor } from '../../src/changes/change-event';
import type { FeedBatch } from '../../src/changes/change-feed';
import { AddressCounts } from '../../src/realtime/admission';
import { Hub, type HubOptions } from '../../src/realtime/hub';
import type { Delivery, StreamMetrics } from '../../src/realtime/stream-metrics';
import { publicEpisode } from '../support/catalog';

/** A socket whose client reads only what `reads` allows. */
class FakeSocket extends Duplex {
  text = '';
  constructor(readonly reads = true) {
    super({ decodeStrings: false });
  }
  override _read(): void {}
  override _write(chunk: Buffer | string, _encoding: string, done: () => void): void {
    this.text += String(chunk);
    if (this.reads) done();
  }
  setTimeout(): this {
    return this;
  }
  destroySoon(): void {
    this.end(() => this.destroy());
  }
  get events(): string[] {
    const names: string[] = [];
    const [, body = ''] = this.text.split('\r\n\r\n');
    createParser({ onEvent: ({ event, data }) => names.push(`${event} ${data}`) }).feed(body);
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
/** New ones for each test: the connections of the one before may still be closing. */
const newMetrics = () => ({
  opened: jest.fn<void, Parameters<StreamMetrics['opened']>>(),
  closed: jest.fn<void, Parameters<StreamMetrics['closed']>>(),
  refused: jest.fn<void, Parameters<StreamMetrics['refused']>>(),
  delivered: jest.fn<void, [Delivery]>(),
});
let metrics = newMetrics();

function createHub(options: Partial<HubOptions> = {}): Hub {
  return new Hub({
    feed,
    renderCard: () => ({ title: '', url: '', html: '' }),
    findPublicIds: async () => new Set(),
    clientAddress: (remoteAddress) => remoteAddress,
    addressLimit: new AddressCounts(10_000),
    metrics,
    onError: (error) => {
      throw error;
    },
    heartbeatMs: 15_000,
    timeoutMs: 1_800_000,
    maxConnections: 10_000,
    maxBufferedBytes: 65_536,
    ...options,
  });
}

function connect(hub: Hub, reads = true, resumeFrom?: string): FakeSocket {
  const socket = new FakeSocket(reads);
  // The hub uses of a socket what a Duplex has, setTimeout and destroySoon.
  hub.open(socket as unknown as Socket, {
    remoteAddress: '192.0.2.1',
    forwardedFor: undefined,
    resumeFrom,
    gzip: false,
    chunked: false,
  });
  return socket;
}

const removal = (seq: number): FeedBatch => ({
  type: 'changes',
  cursor: { epoch: 'k3f9', seq },
  events: [{ epoch: 'k3f9', seq, type: 'remove', episodeId: '5' }],
});

/** Until what was put into the event loop's queues is done. */
const turns = async (count = 3): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
};

beforeEach(() => {
  metrics = newMetrics();
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
});
afterEach(() => {
  jest.useRealTimers();
});

test('a silent connection hears a heartbeat in time', () => {
  const hub = createHub();
  const clients = Array.from({ length: 30 }, () => connect(hub));
  jest.advanceTimersByTime(18_750);
  for (const client of clients) expect(client.events.at(-1)).toBe('ping {"head":"k3f9.7"}');
  jest.advanceTimersByTime(60_000);
  const pings = clients.map((client) => client.events.filter((event) => event.startsWith('ping')).length);
  expect(Math.min(...pings)).toBeGreaterThanOrEqual(5);
  expect(Math.max(...pings)).toBeLessThanOrEqual(6);
  hub.close();
});

test('heartbeats come spread over their time, not all at once', () => {
  const hub = createHub();
  const clients = Array.from({ length: 150 }, () => connect(hub));
  jest.advanceTimersByTime(20_000);
  const pinged = (): number => clients.filter((client) => client.events.at(-1)?.startsWith('ping')).length;
  expect(pinged()).toBe(150);
  for (const client of clients) client.text = '';
  jest.advanceTimersByTime(1_000);
  const texts = clients.filter((client) => client.text !== '');
  expect(texts).toHaveLength(10);
  hub.close();
});

test('a connection that was just told something hears no heartbeat on top, and is not forgotten for that', async () => {
  const hub = createHub();
  const clients = Array.from({ length: 30 }, () => connect(hub));
  jest.advanceTimersByTime(60_000);
  for (const client of clients) client.text = '\r\n\r\n';
  listener(removal(8));
  await turns();
  jest.advanceTimersByTime(3_000);
  for (const client of clients) expect(client.events).toEqual(['remove {"episodeId":"5","rev":8}']);
  jest.advanceTimersByTime(15_750);
  for (const client of clients) expect(client.events).toHaveLength(2);
  hub.close();
});

test('a connection ends in the orderly way after 80 to 100 % of its time', async () => {
  const hub = createHub();
  const clients = Array.from({ length: 50 }, () => connect(hub));
  jest.advanceTimersByTime(0.8 * 1_800_000 - 1_000);
  expect(hub.connections).toBe(50);
  jest.advanceTimersByTime(0.2 * 1_800_000 + 2_000);
  await turns();
  expect(hub.connections).toBe(0);
  expect(metrics.closed.mock.calls).toEqual(Array(50).fill(['ttl']));
  for (const client of clients) {
    expect(client.events.at(-1)).toMatch(/^bye \{"reason":"ttl","retryMs":\d+\}$/);
    expect(client.writableEnded).toBe(true);
  }
  hub.close();
});

test('a drain closes the connections spread over its time, and takes no new ones', async () => {
  const hub = createHub();
  const clients = Array.from({ length: 100 }, () => connect(hub));
  const drained = hub.drain(25_000);
  await jest.advanceTimersByTimeAsync(12_500);
  const gone = clients.filter((client) => client.writableEnded).length;
  expect(gone).toBeGreaterThan(40);
  expect(gone).toBeLessThan(60);
  expect(connect(hub).events).toEqual([expect.stringContaining('"reason":"drain"')]);
  await jest.advanceTimersByTimeAsync(13_000);
  await drained;
  for (const client of clients) expect(client.events.at(-1)).toContain('"reason":"drain"');
  hub.close();
});

test('a client that does not read is cut at the limit, and everybody else is served', async () => {
  const hub = createHub({ maxBufferedBytes: 4_096 });
  const [deaf, listening] = [connect(hub, false), connect(hub)];
  for (let seq = 8; seq < 300; seq++) {
    listener(removal(seq));
    await turns(1);
  }
  expect(metrics.closed.mock.calls).toEqual([['slow']]);
  expect(deaf.destroyed).toBe(true);
  expect(deaf.writableLength).toBeLessThan(4_096 + 500);
  expect(listening.events).toHaveLength(1 + 292);
  expect(hub.connections).toBe(1);
  hub.close();
});

test('a connection that was lost leaves nothing behind', async () => {
  const hub = createHub({ addressLimit: new AddressCounts(1) });
  for (let round = 0; round < 100; round++) {
    const client = connect(hub);
    expect(hub.connections).toBe(1);
    client.destroy();
    await turns(1);
  }
  expect(hub.connections).toBe(0);
  hub.close();
  expect(jest.getTimerCount()).toBe(0);
});

describe('rounds', () => {
  test('what comes while a round is written joins it where it stands, to each client once and in order', async () => {
    const hub = createHub();
    const clients = Array.from({ length: 2_500 }, () => connect(hub));
    const writes = clients.map((client) => jest.spyOn(client, 'write'));
    listener(removal(8));
    await turns(3);
    listener(removal(9));
    await turns(3);
    listener(removal(10));
    await turns(30);
    for (const client of clients) {
      expect(client.events.slice(1)).toEqual(
        [8, 9, 10].map((rev) => `remove {"episodeId":"5","rev":${rev}}`),
      );
    }
    const counts = writes.map((write) => write.mock.calls.length);
    // Who was passed before each of them came, and who was not reached before all of them were there.
    expect(counts[0]).toBe(2);
    expect(counts.at(-1)).toBe(1);
    expect(metrics.delivered.mock.calls.map(([{ events, connections }]) => [events, connections])).toEqual([
      [1, 2_500],
      [1, 2_500],
      [1, 2_500],
    ]);
    hub.close();
  });

  test('a client that comes during a round gets what comes after its greeting, and nothing twice', async () => {
    const hub = createHub();
    const early = Array.from({ length: 2_500 }, () => connect(hub));
    listener(removal(8));
    const between = connect(hub);
    listener(removal(9));
    const late = connect(hub);
    await turns(30);
    const heard = (client: FakeSocket | undefined) => client?.events.slice(1);
    expect(heard(early.at(-1))).toEqual([expect.stringContaining('8'), expect.stringContaining('9')]);
    expect(heard(between)).toEqual([expect.stringContaining('9')]);
    expect(heard(late)).toEqual([]);
    hub.close();
  });

  test('a connection that breaks does not stop a round', async () => {
    const hub = createHub();
    const clients = Array.from({ length: 5 }, () => connect(hub));
    clients[2]?.destroy();
    listener(removal(8));
    await turns();
    expect(clients.map((client) => client.events.length)).toEqual([2, 2, 1, 2, 2]);
    hub.close();
  });

  test('a connection that can not be written is cut, and nobody else is left out', async () => {
    const errors: unknown[] = [];
    const hub = createHub({ onError: (error) => errors.push(error) });
    const [broken, sound] = [connect(hub), connect(hub)];
    jest.spyOn(broken, 'write').mockImplementationOnce(() => {
      throw new Error('broken');
    });
    listener(removal(8));
    await turns();
    listener(removal(9));
    await turns();
    expect(errors).toHaveLength(1);
    expect(broken.destroyed).toBe(true);
    expect(sound.events).toHaveLength(3);
    hub.close();
  });
});

describe('a limit that answers later', () => {
  test('lets in, or refuses; who has gone meanwhile gives the place back', async () => {
    const answers: ((isFree: boolean) => void)[] = [];
    const leave = jest.fn();
    const enter = () => new Promise<boolean>((resolve) => answers.push(resolve));
    const hub = createHub({ addressLimit: { enter, leave } });
    const [welcome, refused, gone] = [connect(hub), connect(hub), connect(hub)];
    gone.destroy();
    await turns();
    for (const [index, answer] of answers.entries()) answer(index !== 1);
    await turns();
    expect(welcome.events[0]).toContain('hello');
    expect(refused.events[0]).toContain('busy');
    expect(leave.mock.calls).toEqual([['192.0.2.1']]);
    expect(hub.connections).toBe(1);
    hub.close();
  });

  test('that fails refuses', async () => {
    const errors: unknown[] = [];
    const hub = createHub({
      addressLimit: { enter: () => Promise.reject(new Error('gone')), leave: () => undefined },
      onError: (error) => errors.push(error),
    });
    const client = connect(hub);
    await turns();
    expect(client.events[0]).toContain('busy');
    expect(errors).toHaveLength(1);
    hub.close();
  });
});

test('clients that come back together and missed the same are one question to the database', async () => {
  const missed: ChangeEvent = {
    epoch: 'k3f9',
    seq: 7,
    type: 'upsert',
    isNew: true,
    episode: publicEpisode('5'),
  };
  let answer: (ids: ReadonlySet<string>) => void = () => undefined;
  const findPublicIds = jest.fn(
    () =>
      new Promise<ReadonlySet<string>>((resolve) => {
        answer = resolve;
      }),
  );
  const since = ({ seq }: Cursor) => ({ events: seq < 7 ? [missed] : [] });
  const hub = createHub({ feed: { ...feed, since }, findPublicIds });
  const clients = Array.from({ length: 20 }, () => connect(hub, true, 'k3f9.6'));
  await turns();
  expect(findPublicIds.mock.calls).toEqual([[['5']]]);
  answer(new Set(['5']));
  await turns();
  for (const client of clients) expect(client.events[1]).toMatch(/^upsert /);

  // What was known then need not be true any more.
  connect(hub, true, 'k3f9.6');
  await turns();
  expect(findPublicIds).toHaveBeenCalledTimes(2);
  hub.close();
});

test('a card that can not be rendered is told as gone, and what came with it is told as ever', () => {
  const onError = jest.fn();
  const unrenderable = jest.fn();
  const hub = createHub({
    onError,
    metrics: { ...metrics, unrenderable },
    renderCard: ({ episode }) => {
      if (episode.episodeId === '2') throw new Error('No such season.');
      return { title: '', url: '', html: episode.episodeId };
    },
  });
  const socket = connect(hub);
  const events = ['1', '2', '3'].map(
    (id, index): ChangeEvent => ({
      epoch: 'k3f9',
      seq: 8 + index,
      type: 'upsert',
      episode: publicEpisode(id),
      isNew: true,
    }),
  );
  listener({ type: 'changes', cursor: { epoch: 'k3f9', seq: 10 }, events });
  expect(socket.events.slice(1).map((event) => event.replace(/ .*"episodeId":"(\d)".*/, ' $1'))).toEqual([
    'upsert 1',
    'remove 2',
    'upsert 3',
  ]);
  expect(unrenderable).toHaveBeenCalledTimes(1);
  expect(onError).toHaveBeenCalledWith(expect.any(Error), 'The card of episode 2 could not be rendered');
  hub.close();
});

test('while another node is better off, clients are sent there, and new ones are not answered', () => {
  let isElsewhereBetter = false;
  const hub = createHub({ isElsewhereBetter: () => isElsewhereBetter });
  const before = connect(hub);
  jest.advanceTimersByTime(5_000);
  expect(before.events.some((event) => event.startsWith('bye'))).toBe(false);
  isElsewhereBetter = true;
  const turnedAway = connect(hub);
  expect(turnedAway.destroyed).toBe(true);
  expect(turnedAway.text).toBe('');
  jest.advanceTimersByTime(1_000);
  expect(before.events.at(-1)).toMatch(/^bye \{"reason":"unsure","retryMs":\d+\}$/);
  expect(metrics.refused).toHaveBeenCalledWith('unsure');

  isElsewhereBetter = false;
  const after = connect(hub);
  expect(after.events).toHaveLength(1);
  hub.close();
});

test('a connection that can not be written to is cut, and the others get their heartbeat', () => {
  const onError = jest.fn();
  const hub = createHub({ onError });
  const [broken, whole] = [connect(hub), connect(hub)];
  broken.write = () => {
    throw new Error('This socket is broken.');
  };
  jest.advanceTimersByTime(40_000);
  expect(broken.destroyed).toBe(true);
  expect(whole.events.some((event) => event.startsWith('ping'))).toBe(true);
  expect(onError).toHaveBeenCalledWith(expect.any(Error), 'A stream could not be written');
  hub.close();
});
