import type { Browser } from 'playwright-core';
import { describeInBrowser, launchBrowser } from '../support/browser';
import { startSite, type TestSite } from '../support/site';
import { until } from '../support/until';

describeInBrowser('saving', () => {
  let site: TestSite;
  let browser: Browser;

  beforeAll(async () => {
    [site, browser] = await Promise.all([startSite(), launchBrowser()]);
  });
  afterAll(async () => {
    await browser?.close();
    await site?.stop();
  });

  test('a second press of Save is ignored, until the first has come to nothing', async () => {
    const page = await (await browser.newContext({ baseURL: site.url })).newPage();
    await page.clock.install();
    await page.goto('/admin');
    await page.getByLabel('E-mail').fill(site.admin.email);
    await page.getByLabel('Password').fill(site.admin.password);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.waitForURL(/\/admin\/today/);
    await page.goto('/admin/series/new');
    await page.locator('[name="title"]').fill('Kept');
    let requests = 0;
    await page.route('**/admin/series/new', async (route) => {
      if (route.request().method() !== 'POST') return route.continue();
      // As when it is stopped by the browser's button: the page stays, and no event tells.
      if (++requests === 1) return route.abort('aborted');
      return route.continue();
    });
    const save = page.getByRole('button', { name: 'Save' }).first();
    await save.click();
    await until(() => requests === 1);
    await page.clock.fastForward(8_000);
    await save.click();
    await page.clock.fastForward(3_000);
    expect(requests).toBe(1);
    await save.click();
    await until(() => requests === 2);
    await page.getByText('Kept').first().waitFor();
  });
});
