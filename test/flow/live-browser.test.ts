import type { Browser, BrowserContext, Page } from 'playwright-core';
import { createApiToken } from '../../src/features/accounts/api-tokens';
import { describeInBrowser, launchBrowser } from '../support/browser';
import { playable } from '../support/catalog';
import { startMutedProxy } from '../support/muted-proxy';
import { startSite, type TestSite } from '../support/site';
import { startTcpProxy } from '../support/tcp-proxy';
import { until } from '../support/until';

describeInBrowser('the live connection of a browser', () => {
  let site: TestSite;
  let browser: Browser;
  let token: string;
  let seriesId: string;
  let lastNumber = 9_000;
  const problems: string[] = [];

  beforeAll(async () => {
    // Over plain http another name than that of this machine is no secure context.
    const lan = '--host-resolver-rules=MAP lan.test 127.0.0.1';
    [site, browser] = await Promise.all([startSite(), launchBrowser([lan])]);
    token = await createApiToken(site.database.db, 'test');
    seriesId = (await api('POST', '/series', { title: 'Live' })).id;
  });
  afterAll(async () => {
    await browser?.close();
    await site?.stop();
  });
  afterEach(() => expect(problems.splice(0)).toEqual([]));

  async function api(method: string, path: string, body: object): Promise<{ readonly id: string }> {
    const response = await fetch(`${site.url}/api/v1${path}`, {
      method,
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(response.status).toBeLessThan(300);
    return JSON.parse(await response.text());
  }

  /** Publishes an episode; gives its id. */
  async function post(): Promise<string> {
    const number = ++lastNumber;
    const episode = { seriesId, number, status: 'published', videoServers: [playable] };
    return (await api('POST', '/episodes', episode)).id;
  }

  /** A tab, at once live unless told otherwise. */
  async function openTab(context: BrowserContext, { url = site.url, state = 'live' } = {}): Promise<Page> {
    const page = await context.newPage();
    page.on('pageerror', (error) => problems.push(error.message));
    await page.goto(`${url}/episodes/latest`);
    await inState(page, state);
    return page;
  }

  const inState = (page: Page, state: string) => page.locator(`[data-live-state="${state}"]`).waitFor();
  const card = (page: Page, episodeId: string) => page.locator(`[data-key="${episodeId}"]`);
  const liveSwitch = (page: Page) => page.getByRole('switch', { name: 'Live updates' });
  const each = (pages: readonly Page[], look: (page: Page) => Promise<unknown>) =>
    Promise.all(pages.map(look));

  /** The tabs that asked for a stream, in order. */
  function noteStreams(context: BrowserContext): Page[] {
    const openers: Page[] = [];
    context.on('request', (request) => {
      if (new URL(request.url()).pathname === '/events') openers.push(request.frame().page());
    });
    return openers;
  }

  test.each([
    ['this machine', 'localhost', true],
    ['a network, where there are no Web Locks', 'lan.test', false],
  ])('from %s, eight tabs load over HTTP/1.1 and share one stream', async (_name, host, hasLocks) => {
    const context = await browser.newContext();
    const streams = noteStreams(context);
    const tabs: Page[] = [];
    const url = site.url.replace('localhost', host);
    while (tabs.length < 8) tabs.push(await openTab(context, { url }));
    expect(await tabs[0]?.evaluate('"locks" in navigator')).toBe(hasLocks);
    const id = await post();
    await each(tabs, (tab) => card(tab, id).waitFor());
    expect(streams).toHaveLength(1);

    // The leader goes, and while nobody leads an episode is posted.
    const [leader] = streams;
    const others = tabs.filter((tab) => tab !== leader);
    const [duringHandOver] = await Promise.all([post(), leader?.close()]);
    const afterwards = await post();
    for (const missed of [duringHandOver, afterwards]) {
      await each(others, (tab) => card(tab, missed).waitFor());
      expect(await each(others, (tab) => card(tab, missed).count())).toEqual(others.map(() => 1));
    }
    expect(streams).toHaveLength(2);
    await each(others, (tab) => inState(tab, 'live'));
    await context.close();
  });

  test('a tab that comes back has what the others heard meanwhile, without a stream of its own', async () => {
    const context = await browser.newContext();
    const streams = noteStreams(context);
    const [leader, other] = [await openTab(context), await openTab(context)];
    // As in the back-forward cache: left, but not gone.
    await other.evaluate('dispatchEvent(new PageTransitionEvent("pagehide", { persisted: true }))');
    const missed = [await post(), await post()];
    await each([leader], (tab) => card(tab, missed[1] ?? '').waitFor());
    expect(await card(other, missed[1] ?? '').count()).toBe(0);
    await other.evaluate('dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }))');
    for (const id of missed) await card(other, id).waitFor();
    await inState(other, 'live');
    expect(streams).toEqual([leader]);
    await context.close();
  });

  test('a leader that nobody has looked at for five minutes leaves the stream to a tab that is seen', async () => {
    const context = await browser.newContext();
    const streams = noteStreams(context);
    const leader = await context.newPage();
    // Playwright's clock is that of all tabs: the other one would take its stream for dead.
    await leader.addInitScript(`{
      const { setTimeout } = window;
      window.setTimeout = (callback, delayMs) =>
        delayMs === ${5 * 60_000} ? addEventListener('test:rest', callback) : setTimeout(callback, delayMs);
    }`);
    await leader.goto(`${site.url}/episodes/latest`);
    await inState(leader, 'live');
    const seen = await openTab(context);
    await setVisibility(leader, 'hidden');
    await leader.evaluate('dispatchEvent(new Event("test:rest"))');
    await until(() => streams.at(-1) === seen);
    const id = await post();
    await card(seen, id).waitFor();
    // It still hears of it.
    await until(async () => (await leader.title()).startsWith('(1) '));
    await setVisibility(leader, 'visible');
    await inState(leader, 'live');
    expect(streams).toEqual([leader, seen]);
    await context.close();
  });

  test('a single tab that is hidden for five minutes closes its stream, and catches up when it is seen again', async () => {
    const context = await browser.newContext();
    const streams = noteStreams(context);
    const tab = await context.newPage();
    await tab.clock.install();
    await tab.addInitScript('Math.random = () => 0.001');
    await tab.goto(`${site.url}/episodes/latest`);
    await inState(tab, 'live');
    await setVisibility(tab, 'hidden');
    let answerReading: () => void = () => undefined;
    const isPosted = new Promise<void>((resolve) => {
      answerReading = resolve;
    });
    await tab.route('**/episodes/latest/grid*', async (route) => {
      await isPosted;
      await route.continue();
    });
    // A jump: minutes that are run through would be silent ones, in which it would take the stream for dead.
    await tab.clock.fastForward(5 * 60_000 + 1_000);
    await inState(tab, 'reconnecting');
    const streamsBefore = streams.length;
    const [id, title] = [await post(), await tab.title()];
    answerReading();
    // It goes on counting.
    await until(async () => (await tab.title()) === `(1) ${title}`);
    expect(streams).toHaveLength(streamsBefore);
    await setVisibility(tab, 'visible');
    expect(await tab.title()).toBe(title);
    await tab.getByRole('button', { name: '1 new episode – show' }).click();
    await card(tab, id).waitFor();
    expect(await card(tab, id).count()).toBe(1);
    expect(streams).toHaveLength(streamsBefore + 1);
    await context.close();
  });

  /** Chromium without a window never hides a page. */
  async function setVisibility(page: Page, state: 'visible' | 'hidden'): Promise<void> {
    await page.evaluate(`
      Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => '${state}' });
      document.dispatchEvent(new Event('visibilitychange'));
    `);
  }

  test('a leader that has stopped answering loses the stream to a tab that is opened', async () => {
    const context = await browser.newContext();
    const frozen = await context.newPage();
    await frozen.goto(`${site.url}/about`);
    // Holds the lock, says nothing.
    await frozen.evaluate('void navigator.locks.request("nipnime-stream-2", () => new Promise(() => {}))');
    const tab = await openTab(context);
    const id = await post();
    await card(tab, id).waitFor();
    await context.close();
  });

  test('where tabs can not share, each has its own stream', async () => {
    const context = await browser.newContext();
    await context.addInitScript('delete window.BroadcastChannel');
    const streams = noteStreams(context);
    const tabs = [await openTab(context), await openTab(context)];
    const id = await post();
    await each(tabs, (tab) => card(tab, id).waitFor());
    expect(streams).toEqual(tabs);
    await context.close();
  });

  test('live updates can be switched off: in all tabs, without a connection, until they are switched on', async () => {
    const context = await browser.newContext();
    const streams = noteStreams(context);
    const tabs = [await openTab(context), await openTab(context)];
    const [first, second] = tabs as [Page, Page];
    await liveSwitch(second).focus();
    await second.keyboard.press('Space');
    for (const tab of tabs) {
      await tab.getByText('Off', { exact: true }).waitFor();
      expect(await liveSwitch(tab).getAttribute('aria-checked')).toBe('false');
    }
    await first.reload();
    await first.getByText('Off', { exact: true }).waitFor();
    const id = await post();
    // No tab leads, and so none is connected.
    expect(
      await first.evaluate<number>(
        'navigator.locks.query().then(({ held, pending }) => [...held, ...pending].length)',
      ),
    ).toBe(0);
    expect(streams).toHaveLength(1);
    expect(await card(second, id).count()).toBe(0);
    expect(await card(first, id).count()).toBe(0);
    await first.reload();
    await card(first, id).waitFor();

    await liveSwitch(first).click();
    await each(tabs, (tab) => inState(tab, 'live'));
    await card(second, id).waitFor();
    expect(await liveSwitch(second).getAttribute('aria-checked')).toBe('true');
    expect(streams).toHaveLength(2);
    await context.close();
  });

  test('a preference that is damaged or can not be kept means on', async () => {
    const damaged = await browser.newContext();
    await damaged.addInitScript('localStorage.setItem("nipnime.live", "{")');
    await openTab(damaged);
    await damaged.close();

    const forbidden = await browser.newContext();
    await forbidden.addInitScript(
      'Object.defineProperty(window, "localStorage", { get() { throw new DOMException("", "SecurityError"); } })',
    );
    const tab = await openTab(forbidden);
    await liveSwitch(tab).click();
    await inState(tab, 'off');
    await liveSwitch(tab).click();
    await inState(tab, 'live');
    await forbidden.close();
  });

  test('what is posted while the network is away appears once in all tabs when it is back', async () => {
    const network = await startTcpProxy({ port: Number(new URL(site.url).port) });
    const context = await browser.newContext();
    const tabs: Page[] = [];
    const url = `http://localhost:${network.port}`;
    while (tabs.length < 3) tabs.push(await openTab(context, { url }));
    network.cut();
    await each(tabs, (tab) => inState(tab, 'reconnecting'));
    const missed = [await post(), await post(), await post()];
    expect(await tabs[0]?.getByText('Reconnecting').isVisible()).toBe(true);
    network.mend();
    // As a browser would say; it cuts the back-off short.
    await tabs[2]?.evaluate('dispatchEvent(new Event("online"))');
    for (const id of missed) {
      await each(tabs, (tab) => card(tab, id).waitFor());
      expect(await each(tabs, (tab) => card(tab, id).count())).toEqual([1, 1, 1]);
    }
    await each(tabs, (tab) => inState(tab, 'live'));
    await context.close();
    await network.close();
  });

  test('a browser that is offline says so', async () => {
    const context = await browser.newContext();
    const tab = await openTab(context);
    await context.setOffline(true);
    await tab.getByText('Offline – reconnecting').waitFor();
    const id = await post();
    await context.setOffline(false);
    await inState(tab, 'live');
    await card(tab, id).waitFor();
    await context.close();
  });

  test('behind a proxy that holds streams back the page asks by itself, and goes on trying', async () => {
    const proxy = await startMutedProxy({ port: Number(new URL(site.url).port) });
    const context = await browser.newContext();
    const tab = await context.newPage();
    await tab.clock.install();
    await tab.route('**/changes/**', (route) => route.abort());
    await tab.goto(`${proxy.url}/episodes/latest`);
    await inState(tab, 'live');
    proxy.mute();
    const id = await post();
    await tab.clock.runFor(41_000);
    await inState(tab, 'reconnecting');
    // Some seconds at a time: what it asks of the site is answered in real time.
    await until(async () => {
      await tab.clock.runFor(5_000);
      return tab.getByText('Checking every minute').isVisible();
    });
    await card(tab, id).waitFor();
    // No two pages ask at the same time: a minute, and some of another one.
    const later = await post();
    await until(async () => {
      await tab.clock.runFor(5_000);
      return card(tab, later).isVisible();
    });

    const tries = proxy.streams();
    proxy.unmute();
    await until(async () => {
      await tab.clock.runFor(1_000);
      return proxy.streams() > tries;
    });
    // The greeting comes in real time.
    await inState(tab, 'live');
    const live = await post();
    await card(tab, live).waitFor();
    expect(await card(tab, later).count()).toBe(1);
    await context.close();
    await proxy.close();
  });
});
