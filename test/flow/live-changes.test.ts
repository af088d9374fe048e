import type { Browser, BrowserContext, Page } from 'playwright-core';
import { updateEpisode } from '../../src/features/episodes/repository';
import type { WriteContext } from '../../src/features/episodes/write';
import { describeInBrowser, launchBrowser } from '../support/browser';
import { episodeInput, newEpisode, newSeries, testCatalog, tester } from '../support/catalog';
import { startSite, type TestSite } from '../support/site';

type Visit = { readonly context: BrowserContext; readonly page: Page; readonly asked: string[] };

describeInBrowser('a page without a stream', () => {
  let browser: Browser;
  const problems: string[] = [];
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser?.close());
  afterEach(() => expect(problems.splice(0)).toEqual([]));

  async function visit(site: TestSite): Promise<Visit> {
    const context = await browser.newContext({ baseURL: site.url });
    const page = await context.newPage();
    page.on('pageerror', (error) => problems.push(error.message));
    const asked: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).pathname));
    await page.goto('/episodes/latest');
    return { context, page, asked };
  }

  const isLive = (page: Page) => page.locator('[data-live-state="live"]').waitFor();
  const card = (page: Page, id: string) => page.locator(`[data-key="${id}"]`);

  /** Once it is live, a card comes without the list being read, and goes when it is hidden. */
  async function expectFollowing(
    { page, asked }: Visit,
    catalog: WriteContext,
    seriesId: string,
  ): Promise<void> {
    await isLive(page);
    // Until then the page may have asked by itself.
    asked.length = 0;
    const { id } = await newEpisode(catalog, seriesId, { number: 1 });
    await card(page, id).waitFor();
    expect(asked).not.toContain('/episodes/latest/grid');
    // What is at the end of the list then is read some time later.
    await updateEpisode(catalog, tester, id, () => episodeInput({ number: 1, status: 'hidden' }));
    await card(page, id).waitFor({ state: 'detached' });
    expect(asked.some((path) => path.startsWith('/changes/'))).toBe(true);
  }

  test('is live all the same where there are too many streams', async () => {
    const site = await startSite({ SSE_MAX_CONNECTIONS_PER_IP: '1' });
    try {
      const catalog = testCatalog(site.database.db);
      const { id: seriesId } = await newSeries(catalog, { title: 'Crowded' });
      const first = await visit(site);
      await isLive(first.page);
      const second = await visit(site);
      await isLive(second.page);
      expect(second.asked).toContain('/events');
      await expectFollowing(second, catalog, seriesId);
      await Promise.all([first.context.close(), second.context.close()]);
    } finally {
      await site.stop();
    }
  }, 90_000);

  test('is live where the site has streams for nobody but its back office', async () => {
    const site = await startSite({ LIVE_TRANSPORT: 'changes' });
    try {
      const catalog = testCatalog(site.database.db);
      const { id: seriesId } = await newSeries(catalog, { title: 'Kept by caches' });
      const visitor = await visit(site);
      await expectFollowing(visitor, catalog, seriesId);
      await visitor.context.close();
    } finally {
      await site.stop();
    }
  }, 90_000);
});
