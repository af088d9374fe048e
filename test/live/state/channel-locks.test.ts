import fc from 'fast-check';
import { ChannelLocks } from '../../../src/live/state/channel-locks';
import { TabLock } from '../../../src/live/state/tab-lock';
import { testClock } from './test-clock';

/** The tabs of a browser without Web Locks. */
class FakeTabs {
  readonly tabs: { readonly lock: TabLock; isHolding: boolean; isGone: boolean }[] = [];
  toLose = 0;
  readonly #channels = new Set<{ hear: (data: unknown) => void; tab: () => { readonly isGone: boolean } }>();

  get holders(): number[] {
    return this.tabs.flatMap(({ isHolding, isGone }, index) => (isHolding && !isGone ? [index] : []));
  }

  open(): void {
    const locks = new ChannelLocks({ clock: testClock, openChannel: () => this.#openChannel(() => tab) });
    const tab = {
      isHolding: false,
      isGone: false,
      lock: new TabLock({
        clock: testClock,
        locks,
        name: 'stream',
        onGranted: () => {
          tab.isHolding = true;
        },
        onStolen: () => {
          tab.isHolding = false;
        },
        onUnavailable: () => {
          throw new Error('There is always a channel.');
        },
      }),
    };
    this.tabs.push(tab);
    tab.lock.want();
  }

  giveUp(index: number): void {
    const tab = this.tabs[index];
    if (!tab) return;
    tab.isHolding = false;
    tab.lock.giveUp();
  }

  #openChannel(tab: () => { readonly isGone: boolean }) {
    const own = { hear: (_data: unknown): void => undefined, tab };
    this.#channels.add(own);
    return {
      postMessage: (message: unknown) => {
        if (tab().isGone) return;
        for (const channel of this.#channels) {
          if (channel === own || (this.toLose > 0 && this.toLose-- > 0)) continue;
          setTimeout(() => {
            if (this.#channels.has(channel) && !channel.tab().isGone) channel.hear(structuredClone(message));
          }, 3);
        }
      },
      addEventListener: (_type: 'message', listener: (event: { readonly data: unknown }) => void) => {
        own.hear = (data) => listener({ data });
      },
      close: () => void this.#channels.delete(own),
    };
  }
}

const pass = (seconds: number) => jest.advanceTimersByTimeAsync(seconds * 1_000);

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

test('of the tabs that are opened together one has the lock, and of those that come later none', async () => {
  const browser = new FakeTabs();
  for (let count = 0; count < 8; count++) browser.open();
  await pass(1);
  expect(browser.holders).toHaveLength(1);
  const [holder = -1] = browser.holders;
  browser.open();
  await pass(60);
  expect(browser.holders).toEqual([holder]);
  browser.giveUp(holder);
  await pass(1);
  expect(browser.holders).toHaveLength(1);
  expect(browser.holders).not.toEqual([holder]);
});

test('one that is gone without a word is missed after a while', async () => {
  const browser = new FakeTabs();
  for (let count = 0; count < 3; count++) browser.open();
  await pass(1);
  const [holder = -1] = browser.holders;
  Object.assign(browser.tabs[holder] ?? {}, { isGone: true });
  expect(browser.holders).toEqual([]);
  await pass(41);
  expect(browser.holders).toHaveLength(1);
});

test('the lock can be taken away, and comes back to who had it before', async () => {
  const browser = new FakeTabs();
  browser.open();
  await pass(1);
  browser.open();
  await pass(1);
  browser.tabs[1]?.lock.steal();
  await pass(1);
  expect(browser.holders).toEqual([1]);
  browser.giveUp(1);
  await pass(1);
  expect(browser.holders).toEqual([0]);
});

test('of two that hold it, because a message was lost, the second one loses it', async () => {
  const browser = new FakeTabs();
  browser.open();
  await pass(1);
  browser.toLose = 1;
  browser.open();
  await pass(0.5);
  expect(browser.holders).toEqual([0]);
  browser.toLose = 2;
  browser.open();
  await pass(0.25);
  expect(browser.holders).toEqual([0, 2]);
  await pass(1);
  expect(browser.holders).toEqual([0]);
});

test('whatever was lost, and whoever has gone, in the end one tab has it, and nothing is left when none wants it', async () => {
  const step = fc.record({
    type: fc.constantFrom('open', 'giveUp', 'want', 'steal', 'lose', 'pass'),
    at: fc.nat(4),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      jest.clearAllTimers();
      const browser = new FakeTabs();
      browser.open();
      for (const { type, at } of steps) {
        const index = at % browser.tabs.length;
        if (type === 'open' && browser.tabs.length < 6) browser.open();
        else if (type === 'giveUp') browser.giveUp(index);
        else if (type === 'want') browser.tabs[index]?.lock.want();
        else if (type === 'steal') {
          browser.giveUp(index);
          browser.tabs[index]?.lock.steal();
        } else if (type === 'lose') browser.toLose = at;
        else if (type === 'pass') await pass(at / 10);
      }
      browser.toLose = 0;
      for (const { lock } of browser.tabs) lock.want();
      await pass(60);
      expect(browser.holders).toHaveLength(1);
      for (const index of browser.tabs.keys()) browser.giveUp(index);
      await pass(1);
      expect(jest.getTimerCount()).toBe(0);
    }),
    { numRuns: 200 },
  );
});
