import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ArrayStore } from '../../../src/live/state/array-store';
import { Connection, type ConnectionState } from '../../../src/live/state/connection';
import { List } from '../../../src/live/state/list';
import { parseListMarkup } from '../../../src/live/state/list-markup';
import { Proof } from '../../../src/live/state/proof';
import { Reading } from '../../../src/live/state/reading';
import { projectRoot } from '../../../src/platform/project';
import { renderList, type Thing, upsertOf } from '../../support/render-list';
import { FakeSource } from './fake-source';
import { testClock } from './test-clock';

/** The rows of a table of docs/live-states.md: state, event, next state. */
function rowsOf(heading: string): readonly (readonly [string, string, string])[] {
  const document = readFileSync(join(projectRoot(), 'docs', 'live-states.md'), 'utf8');
  const [, section = ''] = document.split(`## ${heading}\n`);
  const [text = ''] = section.split('\n## ');
  return text
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .slice(1)
    .map((line) => {
      const [, state = '', event = '', next = ''] = line.split('|').map((cell) => cell.trim());
      return [state, event, next] as const;
    });
}

type Driver = Readonly<Record<string, () => unknown>>;

async function fire(driver: Driver, event: string): Promise<void> {
  const play = driver[event];
  if (!play) throw new Error(`Nobody knows the event "${event}" here.`);
  await play();
}

beforeEach(() => {
  jest.useFakeTimers();
  jest.spyOn(Math, 'random').mockReturnValue(0.5);
});
afterEach(() => {
  jest.useRealTimers();
  jest.restoreAllMocks();
});

describe('the connection', () => {
  function setUp() {
    const sources: FakeSource[] = [];
    let state: ConnectionState = 'closed';
    const connection = new Connection({
      clock: testClock,
      cursor: () => 'e.1',
      openSource: () => {
        const source = new FakeSource();
        sources.push(source);
        return source;
      },
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
    const latest = (): FakeSource => sources.at(-1) ?? new FakeSource();
    /** A source that is open, after the waits. */
    const tried = (): FakeSource => {
      while (latest().readyState === 2) jest.advanceTimersByTime(500);
      return latest();
    };
    const hello = (resume: string): void => tried().send('hello', { resume, topics: ['latest'] }, 'e.1');
    const remove = { topic: 'latest', key: '1', rev: 2 };
    const driver: Driver = {
      open: () => connection.open(),
      renew: () => connection.renew(),
      reopen: () => connection.reopen(),
      close: () => connection.close(),
      'hello ok': () => hello('ok'),
      'hello reset': () => hello('reset'),
      'hello fresh': () => hello('fresh'),
      'hello reset, then reset': () => {
        hello('reset');
        tried().send('reset', { topics: ['latest'], reason: 'gap', spreadMs: 1 }, 'e.9');
      },
      'a frame before hello': () => tried().send('remove', remove, 'e.2'),
      'last frame of a change': () => tried().send('remove', remove, 'e.2'),
      'frame that is not the last': () => tried().send('remove', remove),
      ping: () => tried().send('ping', { head: 'e.1', digests: {} }),
      bye: () => tried().send('bye', { reason: 'ttl', retryMs: 1_000 }),
      'bye busy': () => tried().send('bye', { reason: 'busy', retryMs: 20_000 }),
      silence: () => jest.advanceTimersByTime(state === 'live' ? 40_000 : 10_000),
      error: () => tried().fail(),
      'third mute try': () => {
        for (let tries = 0; tries < 3; tries++) tried().fail(2);
      },
    };
    const reach: Driver = {
      closed: () => undefined,
      connecting: () => connection.open(),
      live: () => {
        connection.open();
        hello('ok');
      },
      reconnecting: () => {
        connection.open();
        tried().fail();
      },
      polling: () => {
        connection.open();
        for (let tries = 0; tries < 3; tries++) tried().fail(2);
      },
    };
    return { connection, driver, reach, state: () => state };
  }

  test.each(rowsOf('The connection'))('that is %s, after %s is %s', async (state, event, next) => {
    const machine = setUp();
    await fire(machine.reach, state);
    expect(machine.state()).toBe(state);
    await fire(machine.driver, event);
    expect(machine.state()).toBe(next);
    machine.connection.close();
    expect(jest.getTimerCount()).toBe(0);
  });
});

describe('an item', () => {
  const KEY = '50';
  const HERE: Thing = { key: KEY, position: '50-50' };
  const ELSEWHERE: Thing = { key: KEY, position: '1-50' };
  const page = (cursor: string, places: readonly number[] = [40, 60, 70]): string =>
    renderList(
      places.map((at) => ({ key: String(at), position: `${at}-${at}` })),
      { cursor, size: 4 },
    ).replace(' data-first', ' data-first data-more');

  function setUp() {
    const store = new ArrayStore(parseListMarkup(page('e.10'), 'latest'));
    const gone: string[] = [];
    let isInUse = false;
    let rev = 100;
    const list = new List(store, {
      mayInsert: () => !isInUse,
      onNews: () => undefined,
      onGone: (key) => gone.push(key),
      onWaiting: () => undefined,
      onUnfit: () => undefined,
    });
    const upsert = (thing: Thing, { isNew = false, at = ++rev } = {}) =>
      list.apply({ type: 'upsert', ...upsertOf(thing, at, { isNew }) });
    const remove = (at = ++rev) => list.apply({ type: 'remove', topic: 'latest', key: KEY, rev: at });
    const push = (): void => {
      for (const at of [80, 90, 95]) upsert({ key: String(at), position: `${at}-${at}` });
    };
    const readAgain = (places: readonly number[], inUse = isInUse): void => {
      isInUse = inUse;
      list.renew(store.rendered(parseListMarkup(page('f.1', places), 'latest')));
    };
    const driver: Driver = {
      'new, nothing in use': () => upsert(HERE, { isNew: true }),
      'new, list in use': () => {
        isInUse = true;
        upsert(HERE, { isNew: true });
      },
      upsert: () => upsert(HERE),
      'older upsert': () => upsert(HERE, { at: 50 }),
      'upsert elsewhere': () => upsert(ELSEWHERE),
      remove: () => remove(),
      'older remove': () => remove(50),
      'pushed off the page': push,
      show: () => list.showWaiting(),
      'pushed off the page, then show': () => {
        push();
        list.showWaiting();
      },
      'list read again, without it': () => readAgain([40, 60, 70]),
      'list read again, with it': () => readAgain([40, 50, 60, 70], false),
      'list read again in use, without it': () => readAgain([40, 60, 80, 90], true),
      'list read again in use, with it': () => readAgain([40, 50, 60, 70], true),
      'list read again in use, ending ahead of it': () => readAgain([70, 80, 90, 95], true),
    };
    const reach: Driver = {
      unknown: () => undefined,
      shown: () => upsert(HERE),
      waiting: driver['new, list in use'] ?? (() => undefined),
      gone: () => remove(),
      stale: () => {
        upsert(HERE);
        readAgain([70, 80, 90, 95], true);
      },
    };
    const state = (): string => {
      if (store.items.some(({ key }) => key === KEY)) return list.isStale ? 'stale' : 'shown';
      if (list.showWaiting().includes(KEY)) return 'waiting';
      // Of one that is gone an older event is nothing; of one that is unknown it is the first.
      const isGone = upsert(HERE, { at: 49 }) === 'ignored';
      return isGone ? 'gone' : 'unknown';
    };
    return { driver, reach, state };
  }

  test.each(rowsOf('An item of a list'))('that is %s, after %s is %s', async (state, event, next) => {
    const look = setUp();
    await fire(look.reach, state);
    expect(look.state()).toBe(state);
    const machine = setUp();
    await fire(machine.reach, state);
    await fire(machine.driver, event);
    expect(machine.state()).toBe(next);
  });
});

describe('a reading', () => {
  const pass = (seconds: number) => jest.advanceTimersByTimeAsync(seconds * 1_000);

  function setUp() {
    let answer: (() => Promise<string>) | undefined;
    const reading = new Reading({
      clock: testClock,
      fetch: () => answer?.() ?? new Promise(() => {}),
      parse: (cursor) => ({ cursor, show: () => undefined }),
      apply: () => undefined,
      onReplaced: () => undefined,
    });
    const answered = async (next: () => Promise<string>): Promise<void> => {
      answer = next;
      await pass(0.2);
      answer = undefined;
    };
    const driver: Driver = {
      reset: () => reading.request(200, 'e.10'),
      'something lacks': () => reading.requestQuietly(200, 'e.10'),
      list: () => answered(async () => 'e.12'),
      failure: () => answered(async () => Promise.reject(new TypeError('Failed to fetch'))),
      'older list': () => answered(async () => 'e.9'),
      'list of another epoch': () => answered(async () => 'f.99'),
      stop: () => reading.stop(),
    };
    const reach: Driver = {
      none: () => undefined,
      quiet: () => reading.requestQuietly(200, 'e.10'),
      loud: () => reading.request(200, 'e.10'),
    };
    const state = (): string => (reading.isPending ? 'loud' : reading.isUnderWay ? 'quiet' : 'none');
    return { reading, driver, reach, state };
  }

  test.each(rowsOf('Reading a list again'))('that is %s, after %s is %s', async (state, event, next) => {
    const machine = setUp();
    await fire(machine.reach, state);
    expect(machine.state()).toBe(state);
    await fire(machine.driver, event);
    expect(machine.state()).toBe(next);
    machine.reading.stop();
  });
});

describe('a proof', () => {
  function setUp() {
    const proof = new Proof();
    const told: string[] = [];
    const compare = (expected: string | undefined, isComplete = false): void => {
      told.push(proof.compare(expected, 'shown', isComplete));
    };
    const driver: Driver = {
      equal: () => compare('shown'),
      untold: () => compare(undefined),
      differs: () => compare('other'),
      'differs, complete both times': () => {
        compare('shown');
        compare('other', true);
        compare('another', true);
      },
      'differs, as expected before': () => compare('other'),
      'differs, from something else': () => compare('another', true),
    };
    const reach: Driver = {
      sure: () => undefined,
      doubtful: () => compare('other'),
      told: () => {
        compare('other');
        compare('other');
      },
    };
    /** By what a difference leads to, which is tried on. */
    const state = (): string => {
      const isTold = told.includes('divergent') && told.lastIndexOf('equal') < told.indexOf('divergent');
      if (isTold) return 'told';
      return told.at(-1) === 'doubtful' ? 'doubtful' : 'sure';
    };
    return { driver, reach, state, told };
  }

  test.each(rowsOf('The proof'))('that is %s, after %s is %s', async (state, event, next) => {
    const machine = setUp();
    await fire(machine.reach, state);
    expect(machine.state()).toBe(state);
    await fire(machine.driver, event);
    expect(machine.state()).toBe(next);
    expect(machine.told.filter((each) => each === 'divergent').length).toBeLessThanOrEqual(1);
  });
});
