import type { Browser, Page } from 'playwright-core';
import { describeInBrowser, launchBrowser } from '../support/browser';
import { newEpisode, newSeries, testCatalog } from '../support/catalog';
import { freePort } from '../support/redis';
import { startSite, type TestSite } from '../support/site';
import { until } from '../support/until';

describeInBrowser('a page of the site proves that it is right', () => {
  let site: TestSite;
  let browser: Browser;
  let metricsPort: number;
  let seriesId: string;
  let slug: string;
  let lastNumber = 0;

  beforeAll(async () => {
    metricsPort = await freePort();
    [site, browser] = await Promise.all([
      startSite({ SSE_HEARTBEAT_MS: '1000', METRICS_PORT: String(metricsPort) }),
      launchBrowser(),
    ]);
    const series = await newSeries(testCatalog(site.database.db), { title: 'Proved' });
    [seriesId, slug] = [series.id, series.slug];
    for (let count = 0; count < 3; count++) await post();
  });
  afterAll(async () => {
    await browser?.close();
    await site?.stop();
  });

  const post = () => newEpisode(testCatalog(site.database.db), seriesId, { number: ++lastNumber });
  /** The list that is looked at: the page of a series has another one, of what is to come. */
  const LIST = '[data-live-items]:is(.cards, .episode-list)';
  const items = (page: Page) => page.locator(LIST).innerHTML();
  const hasProof = (page: Page) =>
    until(async () => {
      await page.mouse.move(0, 0);
      await page.locator('[data-live-state="live"]').hover();
      return /checked [0-2] s ago/.test(
        (await page.locator('[data-live-state]').getAttribute('title')) ?? '',
      );
    });

  async function divergences(): Promise<number> {
    const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
    return Number(/^nipnime_divergent_pages_total(?:\{[^}]*\})? (\d+)/m.exec(text)?.[1] ?? 0);
  }

  test.each([
    ['the latest episodes', () => '/episodes/latest'],
    ['a series', () => `/series/${slug}`],
  ])('that of %s, through changes without an alarm, and with a planted fault once', async (_name, path) => {
    const before = await divergences();
    const page = await (await browser.newContext()).newPage();
    await page.addInitScript('{ const { random } = Math; Math.random = () => random() / 20; }');
    await page.goto(`${site.url}${path()}`);
    await hasProof(page);
    for (let count = 0; count < 5; count++) {
      const { id } = await post();
      await page.locator(`[data-key="${id}"]`).waitFor();
    }
    await hasProof(page);
    expect(await divergences()).toBe(before);

    // Times are in the visitor's zone already, so what is right looks the same.
    const right = await items(page);
    await page.evaluate(`document.querySelector('${LIST} > li:nth-child(2)').remove()`);
    await until(async () => (await items(page)) !== right);
    await until(async () => (await divergences()) === before + 1);
    const texts = () => page.locator(`${LIST} :is(h2, h3)`).allTextContents();
    const healed = page.locator(`${LIST} > [data-key]`);
    await until(async () => (await healed.count()) === (right.match(/data-key=/g)?.length ?? 0));
    expect(new Set(await texts()).size).toBe((await texts()).length);
    await hasProof(page);
    expect(await divergences()).toBe(before + 1);
    expect(site.output()).toContain('A page showed something else than its list');
    await page.context().close();
  });
});
