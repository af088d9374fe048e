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
    this.#listeners.get(type)?.({ data: JSON.stringify(data), lastEventId });
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
  let cursor = 'e.1';
  const stream = new LiveStream({
    openSource: (from) => {
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
  });
  stream.open();
  const latest = (): FakeSource => sources.at(-1) ?? new FakeSource('');
  return { stream, sources, states, messages, latest };
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
  for (let failures = 0; failures < 4; failures++) {
    latest().fail();
    jest.advanceTimersByTime(24_000);
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
    jest.advanceTimersByTime(40_000);
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

test('answers that are no stream count as mute, a network that is away does not', () => {
  const away = start();
  const blocked = start();
  for (let tries = 0; tries < 5; tries++) {
    away.latest().fail(0);
    blocked.latest().fail(2);
    jest.advanceTimersByTime(39_000);
  }
  expect(away.states).not.toContain('polling');
  expect(blocked.states).toContain('polling');
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
