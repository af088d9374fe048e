import fc from 'fast-check';
import type { StreamState } from '../../src/browser/live/live-stream';
import { type Channel, SharedStream } from '../../src/browser/live/shared-stream';
import type { StreamMessage } from '../../src/browser/live/stream-event';
import type { Locks } from '../../src/browser/live/tab-lock';

type Tab = {
  readonly name: string;
  readonly stream: SharedStream;
  /** What it shows: the numbers of all events so far, when nothing was missed. */
  readonly shown: Set<number>;
  readonly states: StreamState[];
  /** How often it had to read its page again. */
  refetches: number;
  isHidden: boolean;
  /** Neither hears nor says anything, but keeps its lock. */
  isFrozen: boolean;
  /** Fails at whatever it hears. */
  isClumsy: boolean;
};

/** A server, and the tabs of one browser. */
class FakeBrowser {
  readonly tabs: Tab[] = [];
  /** Names of the tabs with a connection, in the order in which they connected. */
  readonly connected: string[] = [];
  connections = 0;
  readonly errors: unknown[] = [];
  /** Messages to other tabs are an error. */
  isMute = false;
  hasChannels = true;
  /** Else a request for one is never answered. */
  hasLocks = true;
  /** So many messages between tabs are lost from now on. */
  toLose = 0;
  #epoch = 'e';
  #seq = 0;
  readonly #listeners = new Set<(message: StreamMessage) => void>();
  readonly #channels = new Map<object, { tab: () => Tab | undefined; hear: (data: unknown) => void }>();
  #holder: { end: (reason: Error) => void } | undefined;
  #queue: (() => void)[] = [];

  get everything(): number[] {
    return Array.from({ length: this.#seq }, (_, index) => index + 1);
  }

  get leader(): Tab | undefined {
    return this.tabs.find(({ name }) => name === this.connected.at(-1));
  }

  post(): void {
    this.#tell({ type: 'upsert', data: String(++this.#seq), id: `${this.#epoch}.${this.#seq}` });
  }

  restore(): void {
    this.#epoch += 'x';
    this.#tell({ type: 'reset', data: '', id: `${this.#epoch}.${this.#seq}` });
  }

  #tell(message: StreamMessage): void {
    for (const listener of [...this.#listeners]) listener(message);
  }

  /** A page that was rendered just now, or of a moment ago. */
  open({ missed = 0, canShare = true } = {}): Tab {
    const seq = Math.max(this.#seq - missed, 0);
    const stream = new SharedStream({
      cursor: `${this.#epoch}.${seq}`,
      sharing: canShare ? { locks: this.#locks, openChannel: () => this.#openChannel(() => tab) } : undefined,
      // Only a hidden tab is ever frozen.
      isHidden: () => tab.isHidden || tab.isFrozen,
      connect: ({ cursor, onMessage, onState }) => {
        const listener = (message: StreamMessage): void => {
          // The server gives up who doesn't read.
          if (tab.isFrozen) close();
          else onMessage(message);
        };
        const close = (): void => {
          if (this.#listeners.delete(listener)) this.connections--;
        };
        const open = (): void => {
          if (this.#listeners.has(listener)) return;
          this.connected.push(tab.name);
          this.connections++;
          onState('live');
          const [epoch, from] = cursor().split('.');
          if (epoch !== this.#epoch)
            onMessage({ type: 'reset', data: '', id: `${this.#epoch}.${this.#seq}` });
          else
            for (let next = Number(from) + 1; next <= this.#seq; next++)
              onMessage({ type: 'upsert', data: String(next), id: `${this.#epoch}.${next}` });
          this.#listeners.add(listener);
        };
        return { open, close, reopen: open };
      },
      onMessage: ({ type, data }) => {
        if (tab.isClumsy) throw new Error('Not taken');
        if (type === 'reset') this.#refetch(tab);
        else tab.shown.add(Number(data));
      },
      onState: (state) => tab.states.push(state),
      onMissed: () => this.#refetch(tab),
      onNotTaken: () => this.#refetch(tab),
      onError: (error) => this.errors.push(error),
    });
    const tab: Tab = {
      name: `tab ${this.tabs.length}`,
      stream,
      shown: new Set(this.everything.slice(0, seq)),
      states: [],
      refetches: 0,
      isHidden: false,
      isFrozen: false,
      isClumsy: false,
    };
    this.tabs.push(tab);
    stream.start();
    return tab;
  }

  close(tab: Tab): void {
    tab.isFrozen = false;
    tab.stream.stop();
    this.tabs.splice(this.tabs.indexOf(tab), 1);
  }

  #refetch(tab: Tab): void {
    tab.refetches++;
    for (const seq of this.everything) tab.shown.add(seq);
  }

  #openChannel(tab: () => Tab): Channel {
    if (!this.hasChannels) throw new DOMException('Not here', 'SecurityError');
    const key = {};
    return {
      postMessage: (message) => {
        if (this.isMute) throw new DOMException('Closed', 'InvalidStateError');
        if (tab().isFrozen) return;
        for (const other of this.#channels.keys()) {
          if (other === key) continue;
          const isLost = this.toLose > 0 && this.toLose-- > 0;
          queueMicrotask(() => {
            const listener = this.#channels.get(other);
            if (!isLost && !listener?.tab()?.isFrozen) listener?.hear(structuredClone(message));
          });
        }
      },
      addEventListener: (_type, listener) =>
        this.#channels.set(key, { tab, hear: (data) => listener({ data }) }),
      close: () => this.#channels.delete(key),
    };
  }

  /** https://w3c.github.io/web-locks/, as far as it is used */
  readonly #locks: Locks = {
    request: (_name, options, held) =>
      new Promise<void>((resolve, reject) => {
        if (!this.hasLocks) return;
        const grant = (): void => {
          const holder = { end: reject };
          this.#holder = holder;
          void held().then(() => {
            resolve();
            if (this.#holder === holder) this.#next();
          });
        };
        if ('steal' in options) {
          this.#holder?.end(new DOMException('Stolen', 'AbortError'));
          queueMicrotask(grant);
          return;
        }
        this.#queue.push(grant);
        options.signal.addEventListener('abort', () => {
          this.#queue = this.#queue.filter((each) => each !== grant);
          reject(new DOMException('Withdrawn', 'AbortError'));
        });
        if (!this.#holder) queueMicrotask(() => this.#holder ?? this.#next());
      }),
  };

  #next(): void {
    this.#holder = undefined;
    this.#queue.shift()?.();
  }
}

const settle = () => jest.advanceTimersByTimeAsync(0);
const pass = (seconds: number) => jest.advanceTimersByTimeAsync(seconds * 1_000);

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

test('the tabs of a browser share the connection of the first', async () => {
  const browser = new FakeBrowser();
  for (let tabs = 0; tabs < 8; tabs++) browser.open();
  await settle();
  browser.post();
  browser.post();
  await pass(120);
  expect(browser.connected).toEqual(['tab 0']);
  for (const tab of browser.tabs) {
    expect([...tab.shown]).toEqual([1, 2]);
    expect(tab.states.at(-1)).toBe('live');
    expect(tab.refetches).toBe(0);
  }
});

test('a tab whose page is older than what the leader has heard is told what it lacks', async () => {
  const browser = new FakeBrowser();
  browser.open();
  await settle();
  for (let posts = 0; posts < 5; posts++) browser.post();
  const late = browser.open({ missed: 3 });
  await settle();
  expect([...late.shown]).toEqual([1, 2, 3, 4, 5]);
  expect(late.refetches).toBe(0);
});

test('what the leader does not remember is read anew, by the tab that lacks it alone', async () => {
  const browser = new FakeBrowser();
  browser.post();
  browser.post();
  const leader = browser.open();
  await settle();
  const late = browser.open({ missed: 2 });
  await settle();
  expect([...late.shown]).toEqual([1, 2]);
  expect([leader.refetches, late.refetches]).toEqual([0, 1]);
});

test('a new leader does not remember what it had to read itself', async () => {
  const browser = new FakeBrowser();
  for (let posts = 0; posts < 3; posts++) browser.post();
  const first = browser.open();
  await settle();
  browser.open({ missed: 2 });
  await settle();
  browser.close(first);
  await settle();
  const late = browser.open({ missed: 1 });
  await settle();
  expect([...late.shown].sort()).toEqual([1, 2, 3]);
});

test('when the leader goes another tab continues from where it is, and nothing is missed', async () => {
  const browser = new FakeBrowser();
  const [first, ...others] = [browser.open(), browser.open(), browser.open()];
  await settle();
  browser.post();
  browser.close(first);
  browser.post();
  await settle();
  browser.post();
  await settle();
  expect(browser.connected).toEqual(['tab 0', 'tab 1']);
  expect(browser.connections).toBe(1);
  for (const tab of others) expect([...tab.shown]).toEqual([1, 2, 3]);
});

test('a message that is lost between tabs is noticed with the next', async () => {
  const browser = new FakeBrowser();
  const [, follower] = [browser.open(), browser.open()];
  await settle();
  browser.toLose = 1;
  browser.post();
  await settle();
  expect([...follower.shown]).toEqual([]);
  await pass(15);
  expect([...follower.shown]).toEqual([1]);
});

test('a leader that is frozen loses its place to a tab that is seen, not to a hidden one', async () => {
  const browser = new FakeBrowser();
  const [leader, hidden, seen] = [browser.open(), browser.open(), browser.open()];
  await settle();
  hidden.isHidden = true;
  leader.isFrozen = true;
  browser.post();
  await pass(45);
  expect(browser.connected).toEqual(['tab 0', 'tab 2']);
  expect([...seen.shown]).toEqual([1]);
  expect([...hidden.shown]).toEqual([1]);
  expect(browser.connections).toBe(1);

  leader.isFrozen = false;
  leader.stream.wake();
  await settle();
  expect([...leader.shown]).toEqual([1]);
  expect(browser.connections).toBe(1);
});

test('a tab that is looked at waits three seconds for a leader, no longer', async () => {
  const browser = new FakeBrowser();
  const [leader, tab] = [browser.open(), browser.open()];
  await settle();
  leader.isFrozen = true;
  browser.post();
  tab.stream.wake();
  await pass(3);
  expect([...tab.shown]).toEqual([1]);
});

test('a tab at rest leads nobody and listens on; when all rest there is no connection', async () => {
  const browser = new FakeBrowser();
  const [resting, other] = [browser.open(), browser.open()];
  await settle();
  resting.isHidden = true;
  resting.stream.rest();
  await settle();
  browser.post();
  await settle();
  expect(browser.connected).toEqual(['tab 0', 'tab 1']);
  expect([...resting.shown]).toEqual([1]);
  other.isHidden = true;
  other.stream.rest();
  await pass(300);
  expect(browser.connections).toBe(0);
  browser.post();
  resting.isHidden = false;
  resting.stream.wake();
  await settle();
  expect([...resting.shown]).toEqual([1, 2]);
  expect([...other.shown]).toEqual([1, 2]);
});

test('a new epoch is told to every tab, and each reads its own page', async () => {
  const browser = new FakeBrowser();
  const tabs = [browser.open(), browser.open()];
  await settle();
  browser.restore();
  browser.post();
  await settle();
  for (const tab of tabs) expect([[...tab.shown], tab.refetches]).toEqual([[1], 1]);
  // From then on the leader remembers what comes.
  const late = browser.open({ missed: 1 });
  await settle();
  expect([[...late.shown], late.refetches]).toEqual([[1], 0]);
});

test('what stopped has no connection, no lock and no timers, and has missed nothing after its return', async () => {
  const browser = new FakeBrowser();
  const [first, second] = [browser.open(), browser.open()];
  await settle();
  for (const tab of [first, second]) tab.stream.stop();
  await settle();
  expect(browser.connections).toBe(0);
  expect(jest.getTimerCount()).toBe(0);
  browser.post();
  second.stream.start();
  await settle();
  expect([...second.shown]).toEqual([1]);
  expect(second.states).toEqual(['connecting', 'live', 'closed', 'reconnecting', 'live']);
});

test('where tabs can not share, each has its own connection', async () => {
  const browser = new FakeBrowser();
  const tabs = [browser.open({ canShare: false }), browser.open({ canShare: false })];
  browser.post();
  expect(browser.connections).toBe(2);
  for (const tab of tabs) expect([...tab.shown]).toEqual([1]);
});

test('what a tab could not take in is read anew, and what comes after it is not lost', async () => {
  const browser = new FakeBrowser();
  const tabs = [browser.open(), browser.open()];
  await settle();
  for (const tab of tabs) tab.isClumsy = true;
  browser.post();
  await settle();
  expect(tabs.map(({ refetches }) => refetches)).toEqual([1, 1]);
  for (const tab of tabs) tab.isClumsy = false;
  browser.post();
  await settle();
  for (const tab of tabs) expect([...tab.shown].sort()).toEqual([1, 2]);
});

test('a tab whose words do not reach the others has what it hears all the same', async () => {
  const browser = new FakeBrowser();
  const leader = browser.open();
  await settle();
  browser.isMute = true;
  browser.post();
  expect([...leader.shown]).toEqual([1]);
  expect(browser.errors).toHaveLength(1);
  browser.isMute = false;
});

test.each(['no channel', 'no answer about locks'])(
  '%s: the tab has a connection of its own',
  async (lack) => {
    const browser = new FakeBrowser();
    if (lack === 'no channel') browser.hasChannels = false;
    else browser.hasLocks = false;
    const tab = browser.open();
    await pass(10);
    browser.post();
    expect([...tab.shown]).toEqual([1]);
    expect(tab.states.at(-1)).toBe('live');
  },
);

type Step = { readonly type: string; readonly tab: number };

test('whatever tabs do and whatever is lost between them, each ends up with everything on one connection', async () => {
  const step: fc.Arbitrary<Step> = fc.record({
    type: fc.constantFrom(
      'post',
      'post',
      'open',
      'close',
      'freeze',
      'thaw',
      'lose',
      'rest',
      'stop',
      'restore',
      'pass',
    ),
    tab: fc.nat(9),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      jest.clearAllTimers();
      const browser = new FakeBrowser();
      browser.open();
      for (const { type, tab: index } of steps) {
        const tab = browser.tabs[index % Math.max(browser.tabs.length, 1)];
        if (type === 'post') browser.post();
        else if (type === 'open') browser.open({ missed: index });
        else if (type === 'lose') browser.toLose += index;
        else if (type === 'restore') browser.restore();
        else if (type === 'pass') await pass(index * 7);
        else if (tab && type === 'close') browser.close(tab);
        else if (tab && type === 'freeze') tab.isFrozen = true;
        else if (tab && type === 'thaw') tab.isFrozen = false;
        else if (tab && type === 'stop') tab.stream.stop();
        else if (tab && type === 'rest') tab.stream.rest();
        if (index % 2 === 0) await settle();
      }
      // Now every tab is looked at.
      browser.toLose = 0;
      for (const tab of browser.tabs) {
        tab.isFrozen = false;
        tab.stream.start();
      }
      await pass(60);
      for (const tab of browser.tabs) {
        expect([...tab.shown].sort((a, b) => a - b)).toEqual(browser.everything);
        expect(tab.states.at(-1)).toBe('live');
        tab.stream.stop();
      }
      await settle();
      expect(browser.connections).toBe(0);
      expect(jest.getTimerCount()).toBe(0);
    }),
    { numRuns: 300 },
  );
});
