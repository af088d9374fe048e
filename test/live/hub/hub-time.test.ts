import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { Present } from '../../../src/live/feed/present';
import { AddressCounts } from '../../../src/live/hub/admission';
import type { Hub, HubOptions } from '../../../src/live/hub/hub';
import type { Delivery, StreamMetrics } from '../../../src/live/hub/stream-metrics';
import { Topics } from '../../../src/live/topics';
import {
  batchOf,
  changed,
  createTestFeed,
  createTestHub,
  createThings,
  logged,
  removed,
  type Things,
  thing,
} from '../../support/live';

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
  get frames(): EventSourceMessage[] {
    const frames: EventSourceMessage[] = [];
    const [, body = ''] = this.text.split('\r\n\r\n');
    createParser({ onEvent: (frame) => frames.push(frame) }).feed(body);
    return frames;
  }
  get events(): string[] {
    return this.frames.map(({ event, data }) => `${event} ${data}`);
  }
}

const feed = createTestFeed();
/** New ones for each test: the connections of the one before may still be closing. */
const newMetrics = () => ({
  opened: jest.fn<void, Parameters<StreamMetrics['opened']>>(),
  closed: jest.fn<void, Parameters<StreamMetrics['closed']>>(),
  refused: jest.fn<void, Parameters<StreamMetrics['refused']>>(),
  reset: jest.fn<void, Parameters<StreamMetrics['reset']>>(),
  delivered: jest.fn<void, [Delivery]>(),
});
let metrics = newMetrics();

function createHub(options: Partial<HubOptions> = {}, things?: Things): Hub {
  return createTestHub({ feed, metrics, ...options }, things);
}

function connect(hub: Hub, reads = true, resumeFrom?: string, topics?: string): FakeSocket {
  const socket = new FakeSocket(reads);
  // The hub uses of a socket what a Duplex has, setTimeout and destroySoon.
  hub.open(socket as unknown as Socket, {
    remoteAddress: '192.0.2.1',
    forwardedFor: undefined,
    requestId: undefined,
    resumeFrom,
    topics,
    tickets: [],
    gzip: false,
    chunked: false,
  });
  return socket;
}

const removal = (seq: number) => batchOf(removed(seq, '5'));
const told = (seq: number) => `remove {"topic":"latest","key":"5","rev":${seq}}`;

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
  for (const client of clients) expect(client.events.at(-1)).toBe('ping {"head":"k3f9.7","digests":{}}');
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
    feed.emit(removal(seq));
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
    feed.emit(removal(8));
    await turns(3);
    feed.emit(removal(9));
    await turns(3);
    feed.emit(removal(10));
    await turns(30);
    for (const client of clients) {
      expect(client.events.slice(1)).toEqual([8, 9, 10].map(told));
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
    feed.emit(removal(8));
    const between = connect(hub);
    feed.emit(removal(9));
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
    feed.emit(removal(8));
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
    feed.emit(removal(8));
    await turns();
    feed.emit(removal(9));
    await turns();
    expect(errors).toHaveLength(1);
    expect(broken.destroyed).toBe(true);
    expect(sound.events).toHaveLength(3);
    hub.close();
  });
});

test('clients that come back together and missed the same are one question to the database', async () => {
  const things = createThings();
  things.present.set('5', thing('5'));
  const recent = (_topic: string, seq: number) => (seq < 7 ? [logged(7, '5')] : []);
  const hub = createHub({ feed: { ...feed, recent } }, things);
  const clients = Array.from({ length: 20 }, () => connect(hub, true, 'k3f9.6'));
  await turns();
  expect(things.readings).toEqual([['5']]);
  for (const client of clients) expect(client.events[1]).toMatch(/^upsert /);

  // What was known then need not be true any more.
  things.present.delete('5');
  const later = connect(hub, true, 'k3f9.6');
  await turns();
  expect(things.readings).toHaveLength(2);
  expect(later.events[1]).toBe('remove {"topic":"latest","key":"5","rev":7}');
  hub.close();
});

test('an item that can not be rendered is told as gone, and what came with it is told as ever', () => {
  const onError = jest.fn();
  const unrenderable = jest.fn();
  const things = createThings(({ key }) => {
    if (key === '2') throw new Error('No such season.');
    return `<li>${key}</li>`;
  });
  const hub = createHub({ onError, metrics: { ...metrics, unrenderable } }, things);
  const socket = connect(hub);
  feed.emit(batchOf(...['1', '2', '3'].map((key, index) => changed(8 + index, thing(key), true))));
  expect(socket.events.slice(1).map((event) => event.replace(/ .*"key":"(\d)".*/, ' $1'))).toEqual([
    'upsert 1',
    'remove 2',
    'upsert 3',
  ]);
  expect(unrenderable).toHaveBeenCalled();
  expect(onError).toHaveBeenCalledWith(expect.any(Error), 'An item of latest could not be rendered');
  hub.close();
});

describe('topics', () => {
  test('each audience hears of its own, and the last frame of a change alone carries the id', async () => {
    const hub = createHub();
    const [latest, both, other] = ['latest', 'series:44,latest', 'series:45'].map((topics) =>
      connect(hub, true, undefined, topics),
    );
    feed.emit(batchOf(changed(8, thing('5', 'five', ['latest', 'series:44']))));
    await turns();
    const heard = (client: FakeSocket | undefined) =>
      client?.frames.slice(1).map(({ event, id, data }) => [event, id, JSON.parse(data).topic]);
    expect(heard(latest)).toEqual([['upsert', 'k3f9.8', 'latest']]);
    expect(heard(both)).toEqual([
      ['upsert', undefined, 'latest'],
      ['upsert', 'k3f9.8', 'series:44'],
    ]);
    expect(heard(other)).toEqual([]);
    hub.close();
  });

  test('an item that has left one of its lists is an upsert here and a remove there', async () => {
    const hub = createHub();
    const both = connect(hub, true, undefined, 'latest,series:44');
    feed.emit(batchOf({ ...changed(8, thing('5', '', ['latest'])), topics: ['latest', 'series:44'] }));
    await turns();
    expect(both.frames.slice(1).map(({ event, data }) => [event, JSON.parse(data).topic])).toEqual([
      ['upsert', 'latest'],
      ['remove', 'series:44'],
    ]);
    hub.close();
  });

  test('a burst of one topic resets that topic alone', async () => {
    const hub = createHub();
    const [latest, quiet, both] = ['latest', 'series:44', 'latest,series:44'].map((topics) =>
      connect(hub, true, undefined, topics),
    );
    const batch = { type: 'changes', cursor: { epoch: 'k3f9', seq: 9 }, previous: 7 } as const;
    feed.emit({ ...batch, changes: [changed(8, thing('5', '', ['series:44']))], resets: ['latest'] });
    await turns();
    const heard = (client: FakeSocket | undefined) => client?.frames.slice(1).map(({ event }) => event);
    expect(heard(latest)).toEqual(['reset']);
    expect(heard(quiet)).toEqual(['upsert']);
    expect(heard(both)).toEqual(['upsert', 'reset']);
    expect(JSON.parse(both?.frames.at(-1)?.data ?? '')).toMatchObject({
      topics: ['latest'],
      reason: 'burst',
    });
    expect(metrics.reset.mock.calls).toEqual([
      ['burst', 1],
      ['burst', 1],
    ]);
    feed.emit({ type: 'reset', cursor: { epoch: 'zzzz', seq: 1 }, reason: 'epoch' });
    expect(metrics.reset.mock.calls.slice(2)).toEqual(Array(3).fill(['epoch', 1]));
    hub.close();
  });

  test('what is told while a greeting is prepared comes after it, once', async () => {
    const things = createThings();
    things.present.set('5', thing('5'));
    let answer: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const log = {
      readTopics: async () => {
        await gate;
        return [logged(7, '5')];
      },
    };
    const hub = createHub({ log }, things);
    const client = connect(hub, true, 'k3f9.6');
    await turns();
    expect(client.text).toBe('');
    feed.emit(batchOf(changed(8, thing('6'))));
    answer();
    await turns();
    expect(client.frames.map(({ event, id }) => [event, id])).toEqual([
      ['hello', 'k3f9.6'],
      ['upsert', 'k3f9.7'],
      ['upsert', 'k3f9.8'],
    ]);
    feed.emit(batchOf(changed(9, thing('6'))));
    await turns();
    expect(client.frames.at(-1)?.id).toBe('k3f9.9');
    expect(client.frames).toHaveLength(4);
    hub.close();
  });

  test('what nobody listens to is forgotten', async () => {
    const hub = createHub();
    connect(hub, true, undefined, 'series:44').destroy();
    const client = connect(hub);
    await turns();
    expect([...hub.connectionsByTopic()]).toEqual([['latest', 1]]);
    client.destroy();
    await turns();
    expect([...hub.connectionsByTopic()]).toEqual([]);
    hub.close();
  });

  test('a whisper has no id, is told to its topic, and again to who comes later', async () => {
    const last = [{ topic: 'series:44', key: 'browsers', value: 3 }];
    const hub = createHub({ lastWhispers: (topics) => (topics.includes('series:44') ? last : []) });
    const [there, elsewhere] = ['series:44', 'latest'].map((topics) => connect(hub, true, undefined, topics));
    hub.whisper('series:44', 'browsers', 4);
    await turns();
    const values = (client: FakeSocket | undefined) =>
      client?.frames.flatMap(({ event, id, data }) =>
        event === 'whisper' ? [[id, JSON.parse(data).value]] : [],
      );
    expect(values(there)).toEqual([
      [undefined, 3],
      [undefined, 4],
    ]);
    expect(values(elsewhere)).toEqual([]);
    hub.close();
  });
});

describe('languages', () => {
  const languages = ['en', 'ja', 'de'];
  const topics = new Topics(
    [{ topic: 'latest', languages }, { topic: 'series:*', languages }, { topic: 'here:*' }],
    'secret',
  );
  const things = createThings(({ text }, language) => `<li lang="${language}">${text}</li>`);
  const namesOf = (client: FakeSocket): unknown => JSON.parse(client.frames[0]?.data ?? '{}').topics;

  test('are part of the name of a list, and of nothing else; a list has one name in each', async () => {
    const hub = createHub({ topics });
    const asked = 'latest,latest.ja,latest.en,latest.fr,latest.,series:44.de,here:7,here:7.ja,latest.ja.de';
    const client = connect(hub, true, undefined, asked);
    await turns();
    expect(namesOf(client)).toEqual(['here:7', 'latest', 'latest.ja', 'series:44.de']);
    hub.close();
  });

  test('each client is told in its own, and whoever has two in both', async () => {
    const hub = createHub({ topics }, things);
    const [japanese, both] = ['latest.ja', 'latest,latest.ja'].map((names) =>
      connect(hub, true, undefined, names),
    );
    await turns();
    feed.emit(batchOf(changed(8, thing('5', 'text'))));
    await turns();
    const told = (client: FakeSocket | undefined) =>
      client?.frames.slice(1).map(({ data, id }) => {
        const { topic, html } = JSON.parse(data);
        return [topic, html, id];
      });
    expect(told(japanese)).toEqual([['latest.ja', '<li lang="ja">text</li>', 'k3f9.8']]);
    expect(told(both)).toEqual([
      ['latest', '<li lang="en">text</li>', undefined],
      ['latest.ja', '<li lang="ja">text</li>', 'k3f9.8'],
    ]);
    hub.close();
  });

  test('what can not be told one by one is a reset of the lists by the names that the client knows', async () => {
    const hub = createHub({ topics }, things);
    const client = connect(hub, true, undefined, 'latest.de,series:44.de');
    const behind = connect(hub, true, 'k3f8.1', 'latest.de');
    await turns();
    feed.emit({
      type: 'changes',
      cursor: { epoch: 'k3f9', seq: 8 },
      previous: 7,
      changes: [],
      resets: ['latest'],
    });
    await turns();
    const resets = (of: FakeSocket): unknown[] =>
      of.frames.flatMap(({ event, data }) => (event === 'reset' ? [JSON.parse(data).topics] : []));
    expect(resets(client)).toEqual([['latest.de']]);
    expect(resets(behind)).toEqual([['latest.de'], ['latest.de']]);
    hub.close();
  });

  test('what was missed is replayed in the language of the client', async () => {
    things.present.set('5', thing('5', 'text'));
    const log = {
      readTopics: async (names: readonly string[]) =>
        names.join() === 'latest' ? [logged(7, '5')] : undefined,
    };
    const hub = createHub({ topics, log, present: new Present(things.lists, Object.create(null)) }, things);
    const client = connect(hub, true, 'k3f9.6', 'latest.ja');
    await turns();
    expect(client.events[1]).toContain('"topic":"latest.ja","key":"5"');
    expect(client.events[1]).toContain('<li lang=\\"ja\\">text</li>');
    hub.close();
  });

  test('what was missed is a reset where it is too long, and counts as one', async () => {
    things.present.set('5', thing('5', 'x'.repeat(300_000)));
    const log = { readTopics: async () => [logged(7, '5')] };
    const hub = createHub({ topics, log, present: new Present(things.lists, Object.create(null)) }, things);
    const client = connect(hub, true, 'k3f9.6', 'latest.ja');
    await turns();
    expect(client.frames.map(({ event }) => event)).toEqual(['hello', 'reset']);
    expect(metrics.opened.mock.calls).toEqual([['reset']]);
    expect(metrics.reset.mock.calls).toEqual([['gap', 1]]);
    hub.close();
  });

  test('a heartbeat names the digest of each', async () => {
    const hub = createHub({ topics }, things);
    const client = connect(hub, true, undefined, 'latest,latest.ja');
    await turns();
    const digests = async (): Promise<Readonly<Record<string, string>>> => {
      await jest.advanceTimersByTimeAsync(30_000);
      const ping = client.frames.findLast(({ event }) => event === 'ping');
      return JSON.parse(ping?.data ?? '{}').digests;
    };
    const empty = await digests();
    expect(Object.keys(empty)).toEqual(['latest', 'latest.ja']);
    expect(empty.latest).toBe(empty['latest.ja']);
    feed.emit(batchOf(changed(8, thing('5', 'text'))));
    Object.assign(feed.cursor, { seq: 8 });
    const { latest, 'latest.ja': japanese } = await digests();
    Object.assign(feed.cursor, { seq: 7 });
    expect(latest).not.toBe(empty.latest);
    expect(japanese).not.toBe(latest);
    hub.close();
  });
});

describe('private topics', () => {
  const topics = new Topics([{ topic: 'latest' }, { topic: 'desk', isPrivate: true }], 'secret');
  const open = (hub: Hub, tickets: readonly string[], names?: string): FakeSocket => {
    const socket = new FakeSocket();
    hub.open(socket as unknown as Socket, {
      remoteAddress: '192.0.2.1',
      forwardedFor: undefined,
      requestId: undefined,
      resumeFrom: undefined,
      topics: names,
      tickets,
      gzip: false,
      chunked: false,
    });
    return socket;
  };

  test('are for who has a ticket, for as long as its session lasts', async () => {
    const sessions = new Set(['session-1']);
    const findOpenSessions = async () => sessions;
    const hub = createHub({ topics, findOpenSessions });
    const ticket = topics.ticket(['desk'], 'session-1');
    const [allowed, guessing, forging] = [
      open(hub, [ticket]),
      open(hub, [], 'desk'),
      open(hub, [`${ticket}x`]),
    ];
    await turns();
    const heard = (client: FakeSocket) => JSON.parse(client.frames[0]?.data ?? '{}').topics;
    expect(heard(allowed)).toEqual(['desk']);
    expect(heard(guessing)).toEqual([]);
    expect(heard(forging)).toEqual(['latest']);

    hub.signOut('session-1');
    expect(allowed.events.at(-1)).toMatch(/^bye \{"reason":"signed-out"/);
    sessions.clear();
    const late = open(hub, [ticket]);
    await turns();
    expect(late.events.at(-1)).toMatch(/^bye \{"reason":"signed-out"/);
    hub.close();
  });

  test('end when a session is found to be over, without anybody saying so', async () => {
    const sessions = new Set(['session-1']);
    const hub = createHub({ topics, findOpenSessions: async () => sessions });
    const client = open(hub, [topics.ticket(['desk'], 'session-1')]);
    await turns();
    jest.advanceTimersByTime(16_000);
    await turns();
    expect(client.events.at(-1)).toMatch(/^ping/);
    sessions.clear();
    jest.advanceTimersByTime(3_000);
    await turns();
    expect(client.events.at(-1)).toMatch(/^bye \{"reason":"signed-out"/);
    hub.close();
  });
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

test('before it drains, it takes nobody who would have to come back at once, and keeps who is here', () => {
  const hub = createHub();
  const before = connect(hub);
  hub.leave();
  const turnedAway = connect(hub);
  expect([turnedAway.destroyed, turnedAway.text]).toEqual([true, '']);
  jest.advanceTimersByTime(20_000);
  expect(before.destroyed).toBe(false);
  expect(before.events.at(-1)).toMatch(/^ping/);
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
