import { Connection, type ConnectionState } from '../../../src/live/state/connection';
import type { StreamChange, StreamFrame } from '../../../src/live/state/stream-event';
import { FakeSource } from './fake-source';
import { testClock } from './test-clock';

function start(previously: ConnectionState = 'closed') {
  const sources: FakeSource[] = [];
  const cursors: string[] = [];
  const states: ConnectionState[] = [];
  const changes: StreamChange[] = [];
  const asides: StreamFrame[] = [];
  const errors: unknown[] = [];
  const topics: (readonly string[] | undefined)[] = [];
  let signedOut = 0;
  let cursor = 'e.1';
  let isRefused = false;
  const refuse = (isSo: boolean): void => {
    isRefused = isSo;
  };
  const connection = new Connection({
    clock: testClock,
    openSource: (from) => {
      if (isRefused) throw new DOMException('Not here', 'SecurityError');
      const source = new FakeSource();
      sources.push(source);
      cursors.push(from);
      return source;
    },
    cursor: () => cursor,
    previously,
    onHello: (greeting) => topics.push(greeting.topics),
    onChange: (change) => {
      changes.push(change);
      cursor = change.id;
    },
    onAside: (frame) => asides.push(frame),
    onSignedOut: () => signedOut++,
    onState: (state) => states.push(state),
    onError: (error) => errors.push(error),
  });
  connection.open();
  const latest = (): FakeSource => sources.at(-1) ?? new FakeSource();
  return {
    connection,
    sources,
    cursors,
    states,
    changes,
    asides,
    topics,
    errors,
    latest,
    refuse,
    signedOut: () => signedOut,
  };
}

const hello = { resume: 'ok', topics: ['latest'], heartbeatMs: 15_000, ttlMs: 1 };
const remove = (rev: number, topic = 'latest') => ({ topic, key: '1', rev });

beforeEach(() => jest.useFakeTimers());
afterEach(() => {
  jest.useRealTimers();
  jest.restoreAllMocks();
});

test('passes on what it hears, and continues from there after a loss', () => {
  jest.spyOn(Math, 'random').mockReturnValue(0.5);
  const { latest, sources, cursors, states, changes, topics } = start();
  latest().send('hello', hello, 'e.1');
  latest().send('remove', remove(2), 'e.2');
  expect(changes).toEqual([
    { id: 'e.2', frames: [{ type: 'remove', data: '{"topic":"latest","key":"1","rev":2}' }] },
  ]);
  expect(topics).toEqual([['latest']]);
  latest().fail();
  expect(sources).toHaveLength(1);
  jest.advanceTimersByTime(2_000);
  expect(cursors).toEqual(['e.1', 'e.2']);
  latest().send('hello', hello);
  expect(states).toEqual(['connecting', 'live', 'reconnecting', 'live']);
});

test('never gives up, and waits longer and longer, up to a minute', () => {
  jest.spyOn(Math, 'random').mockReturnValue(1);
  const { latest, sources, states } = start();
  const waits: number[] = [];
  for (let failures = 0; failures < 8; failures++) {
    const [before, failedAtMs] = [sources.length, Date.now()];
    latest().fail();
    while (sources.length === before) jest.advanceTimersByTime(500);
    waits.push(Date.now() - failedAtMs);
  }
  expect(waits).toEqual([3_000, 6_000, 12_000, 24_000, 48_000, 60_000, 60_000, 60_000]);
  expect(states).toEqual(['connecting', 'reconnecting']);
});

test('a connection that held for a while is not counted with the failures before it', () => {
  jest.spyOn(Math, 'random').mockReturnValue(1);
  const { latest, sources } = start();
  for (const waitMs of [3_000, 6_000, 12_000, 24_000]) {
    latest().fail();
    jest.advanceTimersByTime(waitMs);
  }
  latest().send('hello', hello);
  jest.advanceTimersByTime(11_000);
  const before = sources.length;
  latest().fail();
  jest.advanceTimersByTime(3_000);
  expect(sources).toHaveLength(before + 1);
});

test('returns when the server said, after its goodbye', () => {
  const { latest, sources, states } = start();
  latest().send('hello', hello);
  latest().send('bye', { reason: 'drain', retryMs: 42_000 });
  expect(latest().readyState).toBe(2);
  jest.advanceTimersByTime(41_999);
  expect(sources).toHaveLength(1);
  jest.advanceTimersByTime(1);
  expect(sources).toHaveLength(2);
  expect(states).toEqual(['connecting', 'live', 'reconnecting']);
});

test('after three mute tries the page has to ask by itself, until the server is heard again', () => {
  const { latest, sources, states } = start();
  latest().send('hello', hello);
  for (let tries = 0; tries < 3; tries++) {
    expect(states.at(-1)).not.toBe('polling');
    jest.advanceTimersByTime(tries === 0 ? 40_000 : 10_000);
    const before = sources.length;
    while (sources.length === before) jest.advanceTimersByTime(1_000);
  }
  expect(states).toEqual(['connecting', 'live', 'reconnecting', 'polling']);
  jest.advanceTimersByTime(200_000);
  expect(sources.length).toBeGreaterThan(5);
  while (latest().readyState === 2) jest.advanceTimersByTime(1_000);
  latest().send('hello', hello);
  expect(states.at(-1)).toBe('live');
});

test.each([
  ['a network that is away does not count as mute', 0, false],
  ['an answer that is no stream does', 2, true],
])('%s', (_name, readyState, asksByItself) => {
  const { latest, sources, states } = start();
  for (let tries = 0; tries < 5; tries++) {
    latest().fail(readyState);
    const before = sources.length;
    while (sources.length === before) jest.advanceTimersByTime(500);
  }
  expect(states.includes('polling')).toBe(asksByItself);
});

test('heartbeats keep it open; opening again trusts a connection that was heard of, and no other', () => {
  const { connection, latest, sources } = start();
  latest().send('hello', hello);
  for (let beats = 0; beats < 10; beats++) {
    jest.advanceTimersByTime(15_000);
    latest().send('ping');
  }
  connection.open();
  expect(sources).toHaveLength(1);
  // The machine slept: no timer ran.
  jest.setSystemTime(Date.now() + 3_600_000);
  connection.open();
  expect(sources).toHaveLength(2);
});

test('ends a wait when it is opened, and everything when it is closed', () => {
  const { connection, latest, sources, states, changes } = start('polling');
  expect(states).toEqual(['polling']);
  latest().fail();
  connection.open();
  expect(sources).toHaveLength(2);
  connection.close();
  latest().send('remove', remove(2), 'e.2');
  jest.advanceTimersByTime(600_000);
  expect(changes).toEqual([]);
  expect(sources).toHaveLength(2);
  expect(states.at(-1)).toBe('closed');
  expect(jest.getTimerCount()).toBe(0);
});

test('a connection without a greeting is given up after ten seconds, whatever else it says', () => {
  jest.spyOn(Math, 'random').mockReturnValue(0.5);
  const { latest, sources, states } = start();
  jest.advanceTimersByTime(9_000);
  latest().send('ping');
  latest().sendText('hello', '<h1>Please log in to this network</h1>');
  expect(states).toEqual(['connecting']);
  jest.advanceTimersByTime(1_000);
  expect(sources[0]?.readyState).toBe(2);
  jest.advanceTimersByTime(2_000);
  latest().send('hello', hello);
  // From now on it may be silent for longer.
  jest.advanceTimersByTime(39_999);
  expect(sources).toHaveLength(2);
  expect(states).toEqual(['connecting', 'reconnecting', 'live']);
  jest.advanceTimersByTime(1);
  expect(states.at(-1)).toBe('reconnecting');
});

test('is not live before it has passed on the reset that the greeting promises', () => {
  const { latest, states, changes } = start();
  latest().send('hello', { ...hello, resume: 'reset' });
  expect(states).toEqual(['connecting']);
  // What can be told of other topics comes first.
  latest().send('remove', remove(5, 'series:44'), 'e.5');
  expect(states).toEqual(['connecting']);
  latest().send('reset', { reason: 'gap', spreadMs: 8_000 }, 'e.9');
  expect(changes).toHaveLength(2);
  expect(states).toEqual(['connecting', 'live']);
});

test('a stream that begins afresh, though it was to go on, is as good as a reset', () => {
  const { latest, states, changes } = start();
  latest().send('hello', { ...hello, resume: 'fresh' }, 'e.9');
  expect(changes).toEqual([
    { id: 'e.9', frames: [{ type: 'reset', data: '{"reason":"fresh","spreadMs":8000}' }] },
  ]);
  expect(states).toEqual(['connecting', 'live']);
});

test('a connection that can not even be begun is tried again', () => {
  const { sources, states, errors, refuse, latest } = start();
  refuse(true);
  latest().fail();
  jest.advanceTimersByTime(10_000);
  expect(errors.length).toBeGreaterThan(0);
  refuse(false);
  while (sources.length === 1) jest.advanceTimersByTime(1_000);
  latest().send('hello', hello);
  expect(states.at(-1)).toBe('live');
});

test('a change that touches several topics is told as one, when its last frame has come, which alone has the id', () => {
  const { latest, changes, cursors } = start();
  latest().send('hello', hello, 'e.1');
  latest().send('remove', remove(2, 'series:44'));
  expect(changes).toEqual([]);
  latest().send('remove', remove(2), 'e.2');
  expect(changes.map(({ id, frames }) => [id, frames.length])).toEqual([['e.2', 2]]);

  // Cut in between: the next connection begins with it again.
  latest().send('remove', remove(3, 'series:44'));
  latest().fail();
  jest.advanceTimersByTime(3_000);
  expect(cursors).toEqual(['e.1', 'e.2']);
  latest().send('hello', hello, 'e.2');
  latest().send('remove', remove(4), 'e.4');
  expect(changes.map(({ id, frames }) => [id, frames.length])).toEqual([
    ['e.2', 2],
    ['e.4', 1],
  ]);
});

test('what is replayed after a reset of other topics is told frame by frame, though its numbers are lower', () => {
  const { latest, changes } = start();
  latest().send('hello', { ...hello, resume: 'reset' });
  latest().send('reset', { topics: ['latest'], reason: 'gap', spreadMs: 1 }, 'e.9');
  latest().send('remove', remove(5, 'series:44'), 'e.5');
  latest().send('remove', remove(7, 'series:44'));
  latest().send('remove', remove(9, 'series:44'), 'e.9');
  expect(changes.map(({ id, frames }) => `${id} ${frames.map(({ type }) => type)}`)).toEqual([
    'e.9 reset',
    'e.5 remove',
    'e.9 remove,remove',
  ]);
});

test('a frame that can not be read is passed on at once, for it may be anything', () => {
  const { latest, changes } = start();
  latest().send('hello', hello, 'e.1');
  latest().sendText('upsert', '{"topic":', 'e.2');
  expect(changes).toEqual([{ id: 'e.2', frames: [{ type: 'upsert', data: '{"topic":' }] }]);
});

test('pings and whispers are passed on, and lead nowhere', () => {
  const { latest, asides, changes } = start();
  latest().send('hello', hello, 'e.1');
  latest().send('ping', { head: 'e.9', digests: {} });
  latest().send('whisper', { topic: 'site', key: 'browsers', value: 3 });
  expect(asides.map(({ type }) => type)).toEqual(['ping', 'whisper']);
  expect(changes).toEqual([]);
});

test('is renewed without a word when something else is wanted of it; a failure of the new one is told', () => {
  const { connection, latest, sources, states } = start();
  latest().send('hello', hello, 'e.1');
  connection.renew();
  expect(sources.map(({ readyState }) => readyState)).toEqual([2, 0]);
  expect(states).toEqual(['connecting', 'live']);
  latest().send('hello', hello, 'e.1');
  expect(states).toEqual(['connecting', 'live']);
  connection.renew();
  latest().fail();
  expect(states).toEqual(['connecting', 'live', 'reconnecting']);
  // One that waits for its next attempt goes on waiting.
  connection.renew();
  expect(sources).toHaveLength(3);
  connection.close();
  expect(jest.getTimerCount()).toBe(0);
});

test('says that the session is over before it comes back', () => {
  const { latest, sources, signedOut } = start();
  latest().send('hello', hello, 'e.1');
  latest().send('bye', { reason: 'signed-out', retryMs: 100 });
  expect([signedOut(), sources.length]).toEqual([1, 1]);
  jest.advanceTimersByTime(100);
  expect(sources).toHaveLength(2);
});

describe('where there is another way than a stream', () => {
  function startWithOther(hasOther = () => true) {
    jest.spyOn(Math, 'random').mockReturnValue(0.5);
    const ways: string[] = [];
    const sources: FakeSource[] = [];
    let state: ConnectionState = 'closed';
    const open = (way: string) => () => {
      const source = new FakeSource();
      ways.push(way);
      sources.push(source);
      return source;
    };
    const connection = new Connection({
      clock: testClock,
      openSource: open('stream'),
      openOther: () => (hasOther() ? open('other')() : undefined),
      cursor: () => 'e.1',
      previously: 'closed',
      onHello: () => undefined,
      onChange: () => undefined,
      onAside: () => undefined,
      onSignedOut: () => undefined,
      onState: (next) => {
        state = next;
      },
      onError: (error) => {
        throw error;
      },
    });
    connection.open();
    const latest = (): FakeSource => sources.at(-1) ?? new FakeSource();
    return { connection, ways, latest, state: () => state };
  }

  test('it is taken at once when the stream is busy, and the stream is tried again after it', () => {
    const { connection, ways, latest, state } = startWithOther();
    latest().send('bye', { reason: 'busy', retryMs: 40_000 });
    expect(state()).toBe('polling');
    jest.advanceTimersByTime(3_000);
    expect(ways).toEqual(['stream', 'other']);
    latest().send('hello', hello, 'e.1');
    expect(state()).toBe('live');
    latest().send('bye', { reason: 'ttl', retryMs: 1_000 });
    expect(state()).toBe('polling');
    jest.advanceTimersByTime(1_000);
    expect(ways).toEqual(['stream', 'other', 'stream']);
    latest().send('hello', hello, 'e.1');
    latest().fail();
    jest.advanceTimersByTime(10_000);
    expect(ways.slice(3)).toEqual(['stream']);
    connection.close();
    expect(jest.getTimerCount()).toBe(0);
  });

  test('when the stream is busy and the other way fails, the site is asked again when it wants to be', () => {
    const { connection, ways, latest } = startWithOther();
    for (let round = 0; round < 3; round++) {
      latest().send('bye', { reason: 'busy', retryMs: 40_000 });
      jest.advanceTimersByTime(3_000);
      latest().fail(2);
      jest.advanceTimersByTime(39_000);
      expect(ways.slice(2 * round)).toEqual(['stream', 'other']);
      jest.advanceTimersByTime(1_000);
    }
    connection.close();
    expect(jest.getTimerCount()).toBe(0);
  });

  test('and when there is none for this page, or not yet', () => {
    let isThere = false;
    const { connection, ways, latest } = startWithOther(() => isThere);
    for (let round = 0; round < 2; round++) {
      latest().send('bye', { reason: 'busy', retryMs: 40_000 });
      jest.advanceTimersByTime(39_000);
      expect(ways).toHaveLength(round + 1);
      jest.advanceTimersByTime(4_000);
      expect(ways).toHaveLength(round + 2);
    }
    isThere = true;
    latest().send('bye', { reason: 'busy', retryMs: 40_000 });
    jest.advanceTimersByTime(3_000);
    expect(ways).toEqual(['stream', 'stream', 'stream', 'other']);
    connection.close();
  });

  test('it is taken after three mute tries, and in turns with the stream while neither works', () => {
    const { connection, ways, latest, state } = startWithOther();
    for (let tries = 0; tries < 7; tries++) {
      latest().fail(2);
      jest.advanceTimersByTime(60_000);
    }
    expect(ways.slice(0, 7)).toEqual(['stream', 'stream', 'stream', 'other', 'stream', 'other', 'stream']);
    expect(state()).toBe('polling');
    connection.close();
  });

  test('it goes on where something else is wanted of it', () => {
    const { connection, ways, latest } = startWithOther();
    latest().send('bye', { reason: 'busy', retryMs: 40_000 });
    jest.advanceTimersByTime(3_000);
    latest().send('hello', hello, 'e.1');
    connection.renew();
    expect(ways).toEqual(['stream', 'other', 'other']);
    connection.close();
  });
});
