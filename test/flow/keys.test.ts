import type { Browser, Page } from 'playwright-core';
import { describeInBrowser, launchBrowser } from '../support/browser';
import { newEpisode, newSeries, testCatalog } from '../support/catalog';
import { startSite, type TestSite } from '../support/site';

/** https://www.w3.org/WAI/WCAG22/Understanding/character-key-shortcuts */
describeInBrowser('keys that work alone', () => {
  let site: TestSite;
  let browser: Browser;
  let seriesPath: string;

  beforeAll(async () => {
    [site, browser] = await Promise.all([startSite(), launchBrowser()]);
    const catalog = testCatalog(site.database.db);
    const series = await newSeries(catalog);
    seriesPath = `/series/${series.slug}`;
    const videoServers = [{ name: 'Main', kind: 'file', url: '/media/clip.mp4' }];
    for (const number of [1, 2, 3]) await newEpisode(catalog, series.id, { number, videoServers });
  });
  afterAll(async () => {
    await browser?.close();
    await site?.stop();
  });

  const isSearching = (page: Page): Promise<boolean> =>
    page.evaluate('document.activeElement.id === "site-search"');

  test('are switched off at the end of a page, for all pages of the device', async () => {
    const context = await browser.newContext({ baseURL: site.url });
    const page = await context.newPage();
    await page.goto('/about');
    await page.keyboard.press('/');
    expect(await isSearching(page)).toBe(true);

    const atTheEnd = page.getByRole('contentinfo').getByRole('switch', { name: 'Single-key shortcuts' });
    await atTheEnd.click();
    await page.keyboard.press('/');
    expect(await isSearching(page)).toBe(false);
    expect(await page.locator('[data-search-key]').isVisible()).toBe(false);

    await page.goto(`${seriesPath}/episodes/2`);
    await page.getByRole('button', { name: 'Keyboard shortcuts' }).waitFor();
    expect(await atTheEnd.isChecked()).toBe(false);
    for (const key of ['/', '?', 'n', 'p']) await page.keyboard.press(key);
    expect(await isSearching(page)).toBe(false);
    const dialog = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
    expect(await dialog.isVisible()).toBe(false);
    expect(new URL(page.url()).pathname).toBe(`${seriesPath}/episodes/2`);

    // They are switched on again where they are listed.
    await page.getByRole('button', { name: 'Keyboard shortcuts' }).click();
    await dialog.getByRole('switch', { name: 'Single-key shortcuts' }).click();
    await dialog.getByRole('button', { name: 'Close' }).click();
    expect(await atTheEnd.isChecked()).toBe(true);
    await page.keyboard.press('n');
    await page.waitForURL(`**${seriesPath}/episodes/3`);
    await context.close();
  });

  test('have no switch where there is no script that follows them', async () => {
    const page = await browser.newPage({ baseURL: site.url, javaScriptEnabled: false });
    await page.goto('/about');
    expect(await page.getByRole('switch').count()).toBe(0);
    await page.close();
  });
});
