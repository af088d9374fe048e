import AxeBuilder from '@axe-core/playwright';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { describeInBrowser, launchBrowser, newContext } from '../support/browser';
import { newSeries, testCatalog } from '../support/catalog';
import { startSite, type TestSite } from '../support/site';
import { until } from '../support/until';

describeInBrowser('the search', () => {
  let site: TestSite;
  let browser: Browser;
  const problems: string[] = [];

  beforeAll(async () => {
    [site, browser] = await Promise.all([startSite(), launchBrowser()]);
    const catalog = testCatalog(site.database.db);
    await newSeries(catalog, {
      title: 'Zorgon the Unmistakable',
      titleNative: 'ゾルゴンの花',
      slug: 'zorgon',
    });
    await newSeries(catalog, { title: 'Zorgon the Second', slug: 'zorgon-2' });
  });
  afterAll(async () => {
    await browser?.close();
    await site?.stop();
  });
  afterEach(() => expect(problems.splice(0)).toEqual([]));

  async function visit(path: string, options: BrowserContextOptions = {}): Promise<Page> {
    const context = await newContext(browser, { baseURL: site.url, ...options });
    const page = await context.newPage();
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text());
    });
    await page.goto(path);
    return page;
  }

  test('results are there while typing, by keyboard and by pointer, and say how many they are', async () => {
    const page = await visit('/about');
    const loaded: string[] = [];
    page.on('request', (request) => loaded.push(new URL(request.url()).pathname));
    await page.keyboard.press('/');
    const field = page.getByRole('combobox', { name: 'Search series' });
    await field.waitFor();
    expect(await field.getAttribute('aria-expanded')).toBe('false');
    expect(await field.inputValue()).toBe('');
    await page.keyboard.type('zorgno');
    const options = page.getByRole('option');
    await options.nth(1).waitFor();
    await page.getByRole('status').filter({ hasText: '2 series found' }).waitFor({ state: 'attached' });
    expect(await field.getAttribute('aria-expanded')).toBe('true');
    expect(await page.locator('#site-search:focus').count()).toBe(1);
    // In the page itself: the page that axe would open for itself takes the focus in Firefox.
    const axe = new AxeBuilder({ page }).setLegacyMode().include('[data-search]');
    expect((await axe.analyze()).violations).toEqual([]);

    await page.keyboard.press('ArrowUp');
    expect(await field.getAttribute('aria-activedescendant')).toBe(await options.last().getAttribute('id'));
    await page.keyboard.press('Escape');
    expect(await options.first().isVisible()).toBe(false);
    expect(await field.inputValue()).toBe('zorgno');
    await field.fill('ぞるごん');
    await page.getByRole('option', { name: 'Zorgon the Unmistakable ゾルゴンの花' }).waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Zorgon the Unmistakable' }).waitFor();

    await page.getByRole('searchbox', { name: 'Search series' }).fill('zorgon second');
    await page.getByRole('option', { name: 'Zorgon the Second' }).first().click();
    await page.getByRole('heading', { level: 1, name: 'Zorgon the Second' }).waitFor();
    expect(new URL(page.url()).pathname).toBe('/series/zorgon-2');
    await page.context().close();
  });

  test('Enter leads to all results; a slash that is typed is one', async () => {
    const page = await visit('/episodes/latest');
    await page.getByRole('searchbox', { name: 'Search series' }).fill('Zorgon');
    await page.getByRole('option').first().waitFor();
    await page.keyboard.type('/');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Results for “Zorgon/”' }).waitFor();
    await until(async () => (await page.locator('.result').count()) >= 2);
    await page.context().close();
  });

  test('nothing of it is loaded before somebody comes to the field', async () => {
    const page = await visit('/about');
    const scripts = () =>
      page.evaluate<string[]>(`performance.getEntriesByType('resource').map(({ name }) => name)`);
    await page.waitForLoadState('networkidle');
    expect((await scripts()).filter((name) => name.includes('suggestions'))).toEqual([]);
    await page.keyboard.press('/');
    await until(async () => (await scripts()).some((name) => name.includes('suggestions')));
    await page.context().close();
  });

  test('without JavaScript it is a form', async () => {
    const page = await visit('/schedule', { javaScriptEnabled: false });
    await page.getByRole('searchbox', { name: 'Search series' }).pressSequentially('unmistakeable');
    await page.getByRole('button', { name: 'Search', exact: true }).press('Enter');
    await page.getByRole('link', { name: 'Zorgon the Unmistakable' }).press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Zorgon the Unmistakable' }).waitFor();
    await page.context().close();
  });
});
