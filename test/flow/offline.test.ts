import type { Browser } from 'playwright-core';
import { describeInBrowser, launchBrowser } from '../support/browser';
import { startSite, type TestSite } from '../support/site';

describeInBrowser('the offline page', () => {
  let site: TestSite;
  let browser: Browser;

  beforeAll(async () => {
    [site, browser] = await Promise.all([startSite(), launchBrowser()]);
  });
  afterAll(async () => {
    await browser?.close();
    await site?.stop();
  });

  test('is shown where a navigation fails, and nothing else is kept, neither streams nor the back office', async () => {
    const context = await browser.newContext({ baseURL: site.url });
    const page = await context.newPage();
    await page.goto('/about');
    await page.evaluate(`navigator.serviceWorker.register('/service-worker.js')
      .then(() => navigator.serviceWorker.ready)
      .then(() => navigator.serviceWorker.controller ??
        new Promise((resolve) => navigator.serviceWorker.addEventListener('controllerchange', resolve)))
      .then(() => undefined)`);
    await page.goto('/episodes/latest');
    await page.locator('[data-live-state="live"]').waitFor();
    await page.goto('/admin/login');
    const kept: unknown = await page.evaluate(`caches.keys()
      .then((names) => Promise.all(names.map((name) => caches.open(name).then((cache) => cache.keys()))))
      .then((lists) => lists.flat().map(({ url }) => new URL(url).pathname))`);
    expect(kept).toEqual([
      '/offline',
      expect.stringMatching(/^\/assets\/site-.*\.css$/),
      expect.stringMatching(/^\/assets\/.*\.woff2$/),
      '/icons/favicon.svg',
      '/icons/sprite.svg',
    ]);

    await page.goto('/about');
    await context.setOffline(true);
    await page.goto('/series');
    await page.getByRole('heading', { name: 'You are offline' }).waitFor();
    expect(new URL(page.url()).pathname).toBe('/series');
    // With its sheet: a page without one has the browser's own font.
    expect(await page.evaluate('getComputedStyle(document.body).fontFamily')).toContain('Inter');
    await expect(page.goto('/admin/login')).rejects.toThrow('ERR_INTERNET_DISCONNECTED');

    await context.setOffline(false);
    await page.goto('/series');
    await page.getByRole('heading', { name: 'You are offline' }).waitFor({ state: 'detached' });
    await context.close();
  });
});
