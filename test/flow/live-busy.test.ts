import type { Browser, BrowserContext, Page } from 'playwright-core';
import type { WriteContext } from '../../src/features/episodes/write';
import { describeInBrowser, launchBrowser } from '../support/browser';
import { newEpisode, newSeries, testCatalog } from '../support/catalog';
import { startSite, type TestSite } from '../support/site';
import { until } from '../support/until';

describeInBrowser('a page for which there is no stream left, and nothing in its place', () => {
  let site: TestSite;
  let browser: Browser;
  let catalog: WriteContext;
  let seriesId: string;
  let lastNumber = 0;
  const problems: string[] = [];

  beforeAll(async () => {
    [site, browser] = await Promise.all([startSite({ SSE_MAX_CONNECTIONS_PER_IP: '1' }), launchBrowser()]);
    catalog = testCatalog(site.database.db);
    seriesId = (await newSeries(catalog, { title: 'Crowded' })).id;
  });
  afterAll(async () => {
    await browser?.close();
    await site?.stop();
  });
  afterEach(() => expect(problems.splice(0)).toEqual([]));

  /** In a browser of its own, which shares no stream with another, and whose clock the test can move on. */
  async function visit(): Promise<{ readonly context: BrowserContext; readonly page: Page }> {
    const context = await browser.newContext({ baseURL: site.url });
    const page = await context.newPage();
    page.on('pageerror', (error) => problems.push(error.message));
    await page.clock.install();
    // Another way leads past what these pages do without.
    await page.route('**/changes/**', (route) => route.abort());
    await page.goto('/episodes/latest');
    return { context, page };
  }

  const post = async (): Promise<string> =>
    (await newEpisode(catalog, seriesId, { number: ++lastNumber })).id;
  const state = (page: Page) => page.locator('[data-live-state]').getAttribute('data-live-state');
  const card = (page: Page, id: string) => page.locator(`[data-key="${id}"]`);

  /** Lets time pass until then, a second at a time: what the page has asked for must come before its patience is over. */
  const passes = (page: Page, condition: () => Promise<boolean>) =>
    until(async () => {
      await page.clock.runFor(1_000);
      return condition();
    }, 40_000);

  test('says so, asks every minute, and takes a stream again when there is one', async () => {
    const first = await visit();
    await first.page.locator('[data-live-state="live"]').waitFor();
    const { context, page } = await visit();
    await page.getByText('Checking every minute', { exact: true }).waitFor();

    // At most a minute later it has asked: nobody tells it.
    const asked = await post();
    await card(first.page, asked).waitFor();
    await passes(page, async () => (await card(page, asked).count()) === 1);
    expect([await state(page), await card(page, asked).count()]).toEqual(['polling', 1]);

    // Whoever had it goes. The next try of this page may come before the site has noticed.
    await first.context.close();
    await passes(page, async () => (await state(page)) === 'live');
    const told = await post();
    await card(page, told).waitFor();
    expect([await card(page, told).count(), await card(page, asked).count()]).toEqual([1, 1]);
    await page.getByText('Live', { exact: true }).waitFor();
    await context.close();
  }, 90_000);
});
