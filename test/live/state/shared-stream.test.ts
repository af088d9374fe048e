import fc from 'fast-check';
import type { ConnectionOptions, ConnectionState } from '../../../src/live/state/connection';
import { type Channel, SharedStream, type StreamRequest } from '../../../src/live/state/shared-stream';
import type { StreamChange, StreamFrame } from '../../../src/live/state/stream-event';
import type { Locks } from '../../../src/live/state/tab-lock';
import { FakeSource } from './fake-source';
import { testClock } from './test-clock';

type Tab = {
  readonly name: string;
  readonly topics: readonly string[];
  readonly stream: SharedStream;
  /** What it shows: the numbers of all changes of its topics so far, when nothing was missed. */
  readonly shown: Set<number>;
  readonly states: ConnectionState[];
  readonly asides: StreamFrame[];
  /** How often it had to read its page again. */
  refetches: number;
  isHidden: boolean;
  /** Neither hears nor says anything, but keeps its lock. */
  isFrozen: boolean;
  /** Fails at whatever it hears. */
  isClumsy: boolean;
};

type Listener = {
  readonly topics: readonly string[];
  readonly options: ConnectionOptions;
  readonly tab: () => Tab;
};

/** A server, and the tabs of one browser. */
class FakeBrowser {
  readonly tabs: Tab[] = [];
  /** Names of the tabs with a connection, in the order in which they connected; a connection that is renewed counts once. */
  readonly connected: string[] = [];
  readonly requests: StreamRequest[] = [];
  readonly errors: unknown[] = [];
  /** Messages to other tabs are an error. */
  isMute = false;
  hasChannels = true;
  /** Else a request for one is never answered. */
  hasLocks = true;
  /** So many messages between tabs are lost from now on. */
  toLose = 0;
  /** What the server lets nobody listen to. */
  refused: readonly string[] = [];
  #epoch = 'e';
  /** The topic of each change so far. */
  readonly #log: string[] = [];
  readonly #listeners = new Map<object, Listener>();
  readonly #channels = new Map<object, { tab: () => Tab | undefined; hear: (data: unknown) => void }>();
  #holder: { end: (reason: Error) => void } | undefined;
  #queue: (() => void)[] = [];

  get connections(): number {
    return this.#listeners.size;
  }

  get leader(): Tab | undefined {
    return this.tabs.find(({ name }) => name === this.connected.at(-1));
  }

  everything(topics: readonly string[] = ['latest']): number[] {
    return this.#log.flatMap((topic, index) => (topics.includes(topic) ? [index + 1] : []));
  }

  post(topic = 'latest'): void {
    this.#log.push(topic);
    this.#tell(this.#change(this.#log.length), topic);
  }

  restore(): void {
    this.#epoch += 'x';
    this.#tell(this.#reset());
  }

  signOut(): void {
    for (const { options } of this.#listeners.values()) options.onSignedOut();
  }

  say(frame: StreamFrame): void {
    for (const { options } of this.#listeners.values()) options.onAside(frame);
  }

  #change(seq: number): StreamChange {
    const topic = this.#log[seq - 1];
    return {
      id: `${this.#epoch}.${seq}`,
      frames: [{ type: 'upsert', data: JSON.stringify({ seq, topic }) }],
    };
  }

  #reset(): StreamChange {
    return { id: `${this.#epoch}.${this.#log.length}`, frames: [{ type: 'reset', data: '{}' }] };
  }

  #tell(change: StreamChange, topic?: string): void {
    for (const [key, { topics, options, tab }] of [...this.#listeners]) {
      if (topic !== undefined && !topics.includes(topic)) continue;
      // The server gives up who doesn't read.
      if (tab().isFrozen) this.#listeners.delete(key);
      else options.onChange(change);
    }
  }

  #connect(options: ConnectionOptions, tab: () => Tab) {
    const key = {};
    const open = (): void => {
      if (this.#listeners.has(key)) return;
      this.connected.push(tab().name);
      begin();
    };
    const begin = (): void => {
      const cursor = options.cursor();
      options.openSource(cursor);
      const topics = this.requests.at(-1)?.topics.filter((topic) => !this.refused.includes(topic)) ?? [];
      options.onHello({ type: 'hello', resume: 'ok', topics }, '');
      options.onState('live');
      const [epoch, from] = cursor.split('.');
      if (epoch !== this.#epoch) options.onChange(this.#reset());
      else
        for (let seq = Number(from) + 1; seq <= this.#log.length; seq++)
          if (topics.includes(this.#log[seq - 1] ?? '')) options.onChange(this.#change(seq));
      this.#listeners.set(key, { topics, options, tab });
    };
    return {
      open,
      reopen: open,
      renew: () => {
        if (this.#listeners.delete(key)) begin();
      },
      close: () => void this.#listeners.delete(key),
    };
  }

  /** A page that was rendered just now, or of a moment ago. */
  open({
    missed = 0,
    canShare = true,
    topics = ['latest'],
    tickets = [] as readonly string[],
  }: {
    readonly missed?: number;
    readonly canShare?: boolean;
    readonly topics?: readonly string[];
    readonly tickets?: readonly string[];
  } = {}): Tab {
    const seq = Math.max(this.#log.length - missed, 0);
    const stream = new SharedStream({
      clock: testClock,
      cursor: `${this.#epoch}.${seq}`,
      wish: { topics, tickets },
      sharing: canShare ? { locks: this.#locks, openChannel: () => this.#openChannel(() => tab) } : undefined,
      // Only a hidden tab is ever frozen.
      isHidden: () => tab.isHidden || tab.isFrozen,
      openSource: (request) => {
        this.requests.push(request);
        return new FakeSource();
      },
      connect: (options) => this.#connect(options, () => tab),
      onChange: ({ frames }) => {
        if (tab.isClumsy) throw new Error('Not taken');
        for (const { type, data } of frames) {
          const change: { seq: number; topic: string } = JSON.parse(data);
          if (type === 'reset') this.#refetch(tab);
          else if (topics.includes(change.topic)) tab.shown.add(change.seq);
        }
      },
      onAside: (frame) => tab.asides.push(frame),
      onState: (state) => tab.states.push(state),
      onMissed: () => this.#refetch(tab),
      onNotTaken: () => this.#refetch(tab),
      onError: (error) => this.errors.push(error),
    });
    const tab: Tab = {
      name: `tab ${this.tabs.length}`,
      topics,
      stream,
      shown: new Set(this.everything(topics).filter((each) => each <= seq)),
      states: [],
      asides: [],
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
    for (const seq of this.everything(tab.topics)) tab.shown.add(seq);
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

test('tabs of different topics share one connection for all of them, and neither loses anything', async () => {
  const browser = new FakeBrowser();
  const latest = browser.open();
  await settle();
  const series = browser.open({ topics: ['series:44'] });
  // Before the connection is another one.
  browser.post('latest');
  browser.post('series:44');
  await pass(1);
  browser.post('latest');
  browser.post('series:44');
  await settle();
  expect(browser.requests.map(({ topics }) => topics)).toEqual([['latest'], ['latest', 'series:44']]);
  expect(browser.connections).toBe(1);
  expect([...latest.shown]).toEqual([1, 3]);
  expect([...series.shown]).toEqual([2, 4]);
  expect(latest.states).toEqual(['connecting', 'live']);
  expect(series.states).toEqual(['connecting', 'live']);
  expect([latest.refetches, series.refetches]).toEqual([0, 0]);
});

test('a tab with a new topic and an older page makes the connection begin where its page does', async () => {
  const browser = new FakeBrowser();
  const latest = browser.open();
  await settle();
  for (const topic of ['latest', 'series:44', 'latest', 'series:44']) browser.post(topic);
  const series = browser.open({ topics: ['series:44'], missed: 3 });
  const current = browser.open({ topics: ['latest', 'series:7'] });
  await pass(1);
  expect(browser.requests.map(({ cursor }) => cursor)).toEqual(['e.0', 'e.1']);
  expect([...series.shown]).toEqual([2, 4]);
  browser.post('series:7');
  await settle();
  expect([...current.shown]).toEqual([1, 3, 5]);
  expect([latest, series, current].map(({ refetches }) => refetches)).toEqual([0, 0, 0]);
});

test('a leader does not answer for a topic from before it was heard', async () => {
  const browser = new FakeBrowser();
  const [first] = [browser.open(), browser.open()];
  await settle();
  browser.post('series:44');
  browser.post('latest');
  const series = browser.open({ topics: ['series:44'], missed: 2 });
  await settle();
  // It hears neither the change nor who leads, and the next leader stands behind the change.
  series.isFrozen = true;
  await pass(4);
  browser.close(first);
  await pass(1);
  series.isFrozen = false;
  series.stream.wake();
  await pass(1);
  expect([[...series.shown], series.refetches]).toEqual([[1], 1]);
});

test('an older page of another epoch is read again, instead of taking the connection back', async () => {
  const browser = new FakeBrowser();
  const latest = browser.open();
  await settle();
  const series = browser.open({ topics: ['series:44'] });
  browser.restore();
  await pass(1);
  browser.post('series:44');
  await settle();
  expect([...series.shown]).toEqual([1]);
  expect([latest.refetches, series.refetches]).toEqual([1, 1]);
});

test('a new leader begins with the topics of all, and drops those of the one that left', async () => {
  const browser = new FakeBrowser();
  const first = browser.open({ topics: ['latest', 'series:1'] });
  const second = browser.open({ topics: ['latest', 'series:2'] });
  const third = browser.open({ topics: ['latest', 'series:3'] });
  await pass(1);
  browser.post('series:3');
  browser.close(first);
  browser.post('series:3');
  await pass(1);
  browser.post('series:2');
  await settle();
  expect(browser.requests.at(-1)?.topics).toEqual(['latest', 'series:2', 'series:3']);
  // The first, its widening, and one of the second leader.
  expect(browser.requests).toHaveLength(3);
  expect([...second.shown]).toEqual([3]);
  expect([...third.shown]).toEqual([1, 2]);
});

test('a tab that leaves is not connected for any more when the connection is the next time another one', async () => {
  const browser = new FakeBrowser();
  browser.open();
  const leaving = browser.open({ topics: ['series:1'] });
  await pass(1);
  browser.close(leaving);
  await settle();
  expect(browser.requests).toHaveLength(2);
  browser.open({ topics: ['series:2'] });
  await pass(1);
  expect(browser.requests.at(-1)?.topics).toEqual(['latest', 'series:2']);
});

test('of more topics than one connection carries those that asked last are heard, and the others ask by themselves', async () => {
  const browser = new FakeBrowser();
  const tabs: Tab[] = [];
  while (tabs.length < 20) {
    tabs.push(browser.open({ topics: [`series:${tabs.length}`] }));
    await pass(1);
  }
  expect(browser.requests.at(-1)?.topics).toHaveLength(16);
  expect(browser.connections).toBe(1);
  await pass(100);
  const states = tabs.map(({ states: [...each] }) => each.at(-1));
  expect(states.filter((state) => state === 'live')).toHaveLength(16);
  expect(states.filter((state) => state === 'polling')).toHaveLength(4);
  // The leader's own stay.
  expect(states[0]).toBe('live');
  const requests = browser.requests.length;
  browser.post('series:1');
  await pass(600);
  expect(browser.requests).toHaveLength(requests);
  const [, left] = tabs;
  expect([...(left?.shown ?? [])]).toEqual([]);

  // It read its page by itself, up to there; then somebody looks at it.
  left?.stream.skipTo('e.1');
  left?.stream.wake();
  await pass(1);
  expect(left?.states.at(-1)).toBe('live');
  expect(browser.requests.at(-1)?.cursor).toBe('e.0');
  browser.post('series:1');
  await settle();
  expect(left?.shown.has(2)).toBe(true);
});

test('a tab whose topic nobody may listen to asks by itself, and disturbs no other', async () => {
  const browser = new FakeBrowser();
  browser.refused = ['secret'];
  const latest = browser.open();
  const secret = browser.open({ topics: ['secret'] });
  await pass(100);
  expect(secret.states.at(-1)).toBe('polling');
  expect(browser.requests).toHaveLength(2);
  browser.post();
  await settle();
  expect([...latest.shown]).toEqual([1]);
  expect([...secret.shown]).toEqual([]);
  expect(latest.states).toEqual(['connecting', 'live']);
});

test('pings and whispers reach every tab, and a tab that comes later is told the last word of each whisper', async () => {
  const browser = new FakeBrowser();
  const tabs = [browser.open(), browser.open()];
  await settle();
  const whisper = (value: number) =>
    ({ type: 'whisper', data: JSON.stringify({ topic: 'site', key: 'browsers', value }) }) as const;
  browser.say({ type: 'ping', data: '{"head":"e.0","digests":{}}' });
  browser.say(whisper(3));
  browser.say(whisper(4));
  await settle();
  for (const { asides } of tabs)
    expect(asides.map(({ type }) => type)).toEqual(['ping', 'whisper', 'whisper']);
  const late = browser.open();
  await settle();
  expect(late.asides).toEqual([whisper(4)]);
});

test('tickets of all tabs go along, until the session is over', async () => {
  const browser = new FakeBrowser();
  browser.open();
  const admin = browser.open({ topics: ['secret'], tickets: ['signed'] });
  await pass(1);
  expect(browser.requests.at(-1)).toMatchObject({ topics: ['latest', 'secret'], tickets: ['signed'] });
  browser.signOut();
  await settle();
  admin.stream.wake();
  browser.open({ topics: ['series:1'] });
  await pass(1);
  expect(browser.requests.at(-1)?.tickets).toEqual([]);
});

const TOPICS = ['latest', 'series:44', 'series:7'];

type Step = { readonly type: string; readonly tab: number };

test('whatever tabs do and whatever is lost between them, each ends up with everything on one connection', async () => {
  const step: fc.Arbitrary<Step> = fc.record({
    // Often what can be lost, seldom what heals: after a restored backup everybody reads everything again.
    type: fc.constantFrom(
      ...(['post', 'post', 'post', 'post', 'open', 'open', 'lose', 'lose', 'pass', 'pass'] as const),
      ...(['close', 'freeze', 'thaw', 'rest', 'stop', 'restore'] as const),
    ),
    tab: fc.nat(9),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40, size: 'max' }), async (steps) => {
      jest.clearAllTimers();
      const browser = new FakeBrowser();
      browser.open();
      for (const { type, tab: index } of steps) {
        const tab = browser.tabs[index % Math.max(browser.tabs.length, 1)];
        if (type === 'post') browser.post(TOPICS[index % 3]);
        else if (type === 'open') browser.open({ missed: index, topics: TOPICS.slice(index % 3) });
        else if (type === 'lose') browser.toLose += index;
        else if (type === 'restore' && index === 0) browser.restore();
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
        expect([...tab.shown].sort((a, b) => a - b)).toEqual(browser.everything(tab.topics));
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
