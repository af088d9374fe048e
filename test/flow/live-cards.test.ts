import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { createApiToken } from '../../src/features/accounts/api-tokens';
import { describeInBrowser, launchBrowser, newContext } from '../support/browser';
import { playable } from '../support/catalog';
import { startSite, type TestSite } from '../support/site';
import { until } from '../support/until';

type Posted = { readonly id: string; readonly url: string; readonly version: number };

describeInBrowser('new cards on an open page', () => {
  let site: TestSite;
  let browser: Browser;
  let token: string;
  let series: Promise<Posted>;
  let lastNumber = 0;
  const problems: string[] = [];

  beforeAll(async () => {
    [site, browser] = await Promise.all([startSite(), launchBrowser()]);
    token = await createApiToken(site.database.db, 'test');
  });
  afterAll(async () => {
    await browser?.close();
    await site?.stop();
  });
  afterEach(() => expect(problems.splice(0)).toEqual([]));

  async function api(method: string, path: string, body: object): Promise<Posted> {
    const response = await fetch(`${site.url}/api/v1${path}`, {
      method,
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(response.status).toBeLessThan(300);
    return JSON.parse(await response.text());
  }

  /** Three to a series: more of them on one day would be shown as one. */
  async function post(): Promise<Posted> {
    const number = ++lastNumber;
    if (number % 3 === 1) series = api('POST', '/series', { title: '葬送のフリーレン' });
    const { id: seriesId } = await series;
    return api('POST', '/episodes', { seriesId, number, status: 'published', videoServers: [playable] });
  }

  async function openGrid(options: BrowserContextOptions = {}): Promise<Page> {
    const page = await (await newContext(browser, options)).newPage();
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text());
    });
    await page.clock.install();
    await page.addInitScript(`
      window.shifts = 0;
      new PerformanceObserver((list) => {
        for (const { value } of list.getEntries()) window.shifts += value;
      }).observe({ type: 'layout-shift', buffered: true });
    `);
    await page.goto(`${site.url}/episodes/latest`);
    await page.locator('[data-live-state="live"]').waitFor();
    return page;
  }

  const card = (page: Page, { id }: Posted) => page.locator(`[data-key="${id}"]`);
  const pill = (page: Page) => page.locator('[data-live-pill]');
  const toast = (page: Page) => page.locator('[data-live-toast]');
  const announced = (page: Page, text: string) =>
    until(async () => (await page.locator('[data-live-announcer]').textContent()) === text);
  const focused = (page: Page) =>
    page.evaluate<string | null>(
      'document.activeElement.getAttribute("href") ?? document.activeElement.textContent',
    );
  /** How much the layout has shifted so far, without anybody's doing. */
  const layoutShift = (page: Page) =>
    page.evaluate<number>(
      'new Promise((resolve) => requestAnimationFrame(() => setTimeout(() => resolve(window.shifts))))',
    );
  const cardIds = (page: Page) =>
    page.locator('[data-key]').evaluateAll((cards) => cards.map((each) => each.getAttribute('data-key')));

  test('scrolled down, nothing moves; the keyboard shows what waits, and leads to the first of it', async () => {
    const page = await openGrid({ viewport: { width: 1280, height: 700 } });
    const before = await cardIds(page);
    await page.evaluate('scrollTo(0, 600)');
    const [first, second] = [await post(), await post()];
    await page.getByRole('button', { name: '2 new episodes – show' }).waitFor();
    expect(await cardIds(page)).toEqual(before);
    expect(await page.evaluate('scrollY')).toBe(600);
    expect(await toast(page).isVisible()).toBe(false);
    await page.clock.runFor(1_000);
    await announced(page, '2 new episodes');

    // Ahead of the grid for the keyboard.
    await page.locator('[data-key] h2 a').first().focus();
    await page.keyboard.press('Shift+Tab');
    expect(await focused(page)).toBe('2 new episodes – show');
    await page.keyboard.press('Enter');
    expect(await focused(page)).toBe(second.url);
    expect((await cardIds(page)).slice(0, 2)).toEqual([second.id, first.id]);
    expect(await pill(page).isVisible()).toBe(false);
    await page.clock.runFor(2_000);
    await until(async () => (await page.evaluate('scrollY')) === 0);
    await page.context().close();
  });

  test('a card that waits is edited and taken back out of sight', async () => {
    const page = await openGrid();
    await page.locator('[data-key] h2 a').first().focus();
    const [kept, withdrawn] = [await post(), await post()];
    await pill(page).getByText('2 new episodes').waitFor();
    await api('PATCH', `/episodes/${kept.id}`, { title: 'Edited meanwhile' });
    await api('PATCH', `/episodes/${withdrawn.id}`, { status: 'hidden' });
    await pill(page).getByText('1 new episode –').waitFor();
    await page.locator('#season').focus();
    await page.keyboard.press('.');
    expect(await pill(page).isVisible()).toBe(true);
    await page.locator('[data-key] h2 a').first().focus();
    expect(await pill(page).getAttribute('aria-keyshortcuts')).toBe('.');
    await page.keyboard.press('.');
    await card(page, kept).getByText('Edited meanwhile').waitFor();
    expect(await card(page, withdrawn).count()).toBe(0);
    await page.context().close();
  });

  test('under the pointer nothing moves, and what is shown is edited in its place', async () => {
    const page = await openGrid({ viewport: { width: 1280, height: 900 } });
    const hovered = page.locator('[data-key]').nth(1);
    const shown = await page.locator('[data-key]').first().getAttribute('data-key');
    await hovered.hover();
    const place = await hovered.boundingBox();
    const waiting = await post();
    await pill(page).waitFor();
    await api('PATCH', `/episodes/${shown}`, { title: 'Edited in its place' });
    await page.locator(`[data-key="${shown}"]`).getByText('Edited in its place').waitFor();
    expect(await hovered.boundingBox()).toEqual(place);
    expect(await card(page, waiting).count()).toBe(0);

    // The next card that may come in takes those along that wait.
    await page.mouse.move(2, 2);
    const next = await post();
    await card(page, next).waitFor();
    await card(page, waiting).waitFor();
    expect(await pill(page).isVisible()).toBe(false);
    await page.context().close();
  });

  test('a toast links to what has come in, stays while it is used, and never takes the focus', async () => {
    const page = await openGrid();
    await page.locator('[data-live-switch]').focus();
    const episode = await post();
    await card(page, episode).waitFor();
    const link = page.getByRole('link', { name: `葬送のフリーレン – Episode ${lastNumber}`, exact: true });
    expect(await link.getAttribute('href')).toBe(episode.url);
    expect(await link.locator('[lang="ja"]').textContent()).toBe('葬送のフリーレン');
    expect(await focused(page)).toBe('Live updates');
    await page.clock.runFor(1_000);
    await announced(page, '1 new episode');

    await link.hover();
    await page.clock.runFor(30_000);
    expect(await link.isVisible()).toBe(true);
    await link.focus();
    await page.mouse.move(2, 2);
    await page.clock.runFor(30_000);
    expect(await link.isVisible()).toBe(true);
    await page.locator('[data-live-switch]').focus();
    await page.clock.runFor(6_000);
    expect(await link.isVisible()).toBe(true);
    await page.clock.runFor(4_000);
    expect(await link.isVisible()).toBe(false);
    await page.context().close();
  });

  test('nothing moves while a narrow page is loaded', async () => {
    const page = await openGrid({ viewport: { width: 360, height: 800 } });
    await page.evaluate('document.fonts.ready');
    expect(await layoutShift(page)).toBe(0);
    await page.context().close();
  });

  test('a card that comes in moves the others by transform, and shifts no layout', async () => {
    const page = await openGrid({ viewport: { width: 1280, height: 800 } });
    const episode = await post();
    await card(page, episode).waitFor();
    const gliding = 'document.getAnimations().filter(({ id }) => id === "glide").length';
    expect(await page.evaluate(gliding)).toBeGreaterThan(4);
    await until(async () => (await page.evaluate(gliding)) === 0);
    expect(await layoutShift(page)).toBe(0);
    await page.context().close();
  });

  test('toasts come one at a time, and are dismissed by button or Escape', async () => {
    const page = await openGrid();
    await page.locator('[data-live-switch]').focus();
    const [first, second] = [await post(), await post()];
    await card(page, second).waitFor();
    expect(await toast(page).getByRole('link').getAttribute('href')).toBe(first.url);
    await page.clock.runFor(10_000);
    expect(await toast(page).getByRole('link').getAttribute('href')).toBe(second.url);
    await page.getByRole('button', { name: 'Dismiss' }).focus();
    await page.keyboard.press('Enter');
    expect(await toast(page).isVisible()).toBe(false);
    expect(await focused(page)).toBe('Live updates');

    const third = await post();
    await toast(page).waitFor();
    await page.keyboard.press('Escape');
    expect(await toast(page).isVisible()).toBe(false);
    expect(await card(page, third).count()).toBe(1);
    await page.context().close();
  });

  test('a hidden tab counts in its title what came, and shows it when asked to', async () => {
    const page = await openGrid();
    const title = await page.title();
    await setVisibility(page, 'hidden');
    await post();
    const second = await post();
    await until(async () => (await page.title()) === `(2) ${title}`);
    expect(await toast(page).isVisible()).toBe(false);
    await setVisibility(page, 'visible');
    expect(await page.title()).toBe(title);
    await page.getByRole('button', { name: '2 new episodes – show' }).click();
    await card(page, second).waitFor();
    await page.context().close();
  });

  /** Chromium without a window never hides a page. */
  async function setVisibility(page: Page, state: 'visible' | 'hidden'): Promise<void> {
    await page.evaluate(`
      Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => '${state}' });
      document.dispatchEvent(new Event('visibilitychange'));
    `);
  }

  test('what is looked at stays where it is, with its focus, when a card comes back above', async () => {
    const returning = [await post(), await post()];
    for (const { id } of returning) await api('PATCH', `/episodes/${id}`, { status: 'hidden' });
    const page = await openGrid({ viewport: { width: 1280, height: 800 } });
    await page.locator('[data-key] h2 a').nth(11).focus();
    const href = await focused(page);
    const top = () => page.evaluate<number>('Math.round(document.activeElement.getBoundingClientRect().top)');
    const before = await top();
    expect(await page.evaluate<number>('scrollY')).toBeGreaterThan(300);
    for (const episode of returning) {
      await api('PATCH', `/episodes/${episode.id}`, { status: 'published' });
      await card(page, episode).waitFor();
    }
    // Scroll anchoring of the browser's own would come with the next frame.
    await page.evaluate('new Promise((resolve) => requestIdleCallback(resolve))');
    expect(await focused(page)).toBe(href);
    expect(await top()).toBe(before);
    expect(await pill(page).isVisible()).toBe(false);
    await page.context().close();
  });

  test('a reset leaves what waits behind the pill, and what is in use in its place', async () => {
    const page = await openGrid({ viewport: { width: 1280, height: 700 } });
    const link = page.locator('[data-key] h2 a').nth(5);
    await link.focus();
    const href = await focused(page);
    const top = () => page.evaluate<number>('Math.round(document.activeElement.getBoundingClientRect().top)');
    const waiting = await post();
    await pill(page).waitFor();
    const before = await top();
    const cursor = () => page.locator('[data-live-list]').getAttribute('data-cursor');
    // As after a restored backup.
    await site.database.db('live_head').update({ epoch: 'another' });
    await until(async () => {
      await page.clock.runFor(1_000);
      return (await cursor())?.startsWith('another.') === true;
    });
    expect(await focused(page)).toBe(href);
    expect(await top()).toBe(before);
    expect(await card(page, waiting).count()).toBe(0);
    await page.keyboard.press('.');
    expect(await card(page, waiting).count()).toBe(1);
    expect(await pill(page).isVisible()).toBe(false);
    await page.context().close();
  });

  test('with reduced motion nothing moves', async () => {
    const page = await openGrid({ reducedMotion: 'reduce', viewport: { width: 1280, height: 700 } });
    const running = () => page.evaluate<number>('document.getAnimations().length');
    const episode = await post();
    await card(page, episode).waitFor();
    expect(await running()).toBe(0);
    await page.evaluate('scrollTo(0, 600)');
    await post();
    await pill(page).waitFor();
    expect(await running()).toBe(0);
    await pill(page).focus();
    await page.keyboard.press('Enter');
    expect(await page.evaluate('scrollY')).toBe(0);
    expect(await running()).toBe(0);
    await page.context().close();
  });
});
