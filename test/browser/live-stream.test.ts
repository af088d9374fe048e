import { LiveStream, type Source, type StreamState } from '../../src/browser/live/live-stream';
import type { StreamMessage } from '../../src/browser/live/stream-event';

/** Does what the test says. */
class FakeSource implements Source {
  readyState = 0;
  readonly cursor: string;
  readonly #listeners = new Map<string, (message: { data?: unknown; lastEventId?: string }) => void>();

  constructor(cursor: string) {
    this.cursor = cursor;
  }

  addEventListener(
    type: string,
    listener: (message: { data?: unknown; lastEventId?: string }) => void,
  ): void {
    this.#listeners.set(type, listener);
  }

  close(): void {
    this.readyState = 2;
  }

  send(type: string, data: object = {}, lastEventId = ''): void {
    this.sendText(type, JSON.stringify(data), lastEventId);
  }

  sendText(type: string, data: string, lastEventId = ''): void {
    this.#listeners.get(type)?.({ data, lastEventId });
  }

  fail(readyState = 0): void {
    this.readyState = readyState;
    this.#listeners.get('error')?.({});
  }
}

function start(previously: StreamState = 'closed') {
  const sources: FakeSource[] = [];
  const states: StreamState[] = [];
  const messages: StreamMessage[] = [];
  const errors: unknown[] = [];
  let cursor = 'e.1';
  let isRefused = false;
  const refuse = (isSo: boolean): void => {
    isRefused = isSo;
  };
  const stream = new LiveStream({
    openSource: (from) => {
      if (isRefused) throw new DOMException('Not here', 'SecurityError');
      const source = new FakeSource(from);
      sources.push(source);
      return source;
    },
    cursor: () => cursor,
    previously,
    onMessage: (message) => {
      messages.push(message);
      cursor = message.id;
    },
    onState: (state) => states.push(state),
    onError: (error) => errors.push(error),
  });
  stream.open();
  const latest = (): FakeSource => sources.at(-1) ?? new FakeSource('');
  return { stream, sources, states, messages, errors, latest, refuse };
}

const hello = { resume: 'ok', heartbeatMs: 15_000, ttlMs: 1 };

beforeEach(() => jest.useFakeTimers());
afterEach(() => {
  jest.useRealTimers();
  jest.restoreAllMocks();
});

test('passes on what it hears, and continues from there after a loss', () => {
  jest.spyOn(Math, 'random').mockReturnValue(0.5);
  const { latest, sources, states, messages } = start();
  latest().send('hello', hello, 'e.1');
  latest().send('remove', { episodeId: '1', rev: 2 }, 'e.2');
  expect(messages).toEqual([{ type: 'remove', data: '{"episodeId":"1","rev":2}', id: 'e.2' }]);
  latest().fail();
  expect(sources).toHaveLength(1);
  jest.advanceTimersByTime(2_000);
  expect(sources.map(({ cursor }) => cursor)).toEqual(['e.1', 'e.2']);
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
  latest().send('bye', { reason: 'busy', retryMs: 42_000 });
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
  const { stream, latest, sources } = start();
  latest().send('hello', hello);
  for (let beats = 0; beats < 10; beats++) {
    jest.advanceTimersByTime(15_000);
    latest().send('ping');
  }
  stream.open();
  expect(sources).toHaveLength(1);
  // The machine slept: no timer ran.
  jest.setSystemTime(Date.now() + 3_600_000);
  stream.open();
  expect(sources).toHaveLength(2);
});

test('ends a wait when it is opened, and everything when it is closed', () => {
  const { stream, latest, sources, states, messages } = start('polling');
  expect(states).toEqual(['polling']);
  latest().fail();
  stream.open();
  expect(sources).toHaveLength(2);
  stream.close();
  latest().send('remove', { episodeId: '1', rev: 2 }, 'e.2');
  jest.advanceTimersByTime(600_000);
  expect(messages).toEqual([]);
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
  const { latest, states, messages } = start();
  latest().send('hello', { ...hello, resume: 'reset' });
  expect(states).toEqual(['connecting']);
  latest().send('reset', { reason: 'gap', spreadMs: 8_000 }, 'e.9');
  expect(messages).toHaveLength(1);
  expect(states).toEqual(['connecting', 'live']);
});

test('a stream that begins afresh, though it was to go on, is as good as a reset', () => {
  const { latest, states, messages } = start();
  latest().send('hello', { ...hello, resume: 'fresh' }, 'e.9');
  expect(messages).toEqual([{ type: 'reset', data: '{"spreadMs":8000}', id: 'e.9' }]);
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
