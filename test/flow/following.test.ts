import type { Browser, BrowserContext, Page } from 'playwright-core';
import type { WriteContext } from '../../src/features/episodes/write';
import type { Series } from '../../src/features/series/fields';
import { describeInBrowser, launchBrowser, newContext, testOfDownloads } from '../support/browser';
import { newEpisode, newSeries, testCatalog } from '../support/catalog';
import { startSite, type TestSite } from '../support/site';

describeInBrowser('following a series without an account', () => {
  let site: TestSite;
  let browser: Browser;
  let catalog: WriteContext;
  let show: Series;
  /** What went wrong in any page, such as something that the content security policy forbids. */
  const problems: string[] = [];

  beforeAll(async () => {
    [site, browser] = await Promise.all([startSite(), launchBrowser()]);
    catalog = testCatalog(site.database.db);
    show = await newSeries(catalog, {
      title: '</script><script>document.title = "run"</script> 葬送',
      slug: 'frieren',
      synopsis: '<!-- <script>',
    });
    await newEpisode(catalog, show.id, { number: 1 });
  });
  afterAll(async () => {
    await browser?.close();
    await site?.stop();
  });
  afterEach(() => expect(problems.splice(0)).toEqual([]));

  async function visit(context: BrowserContext, path: string): Promise<Page> {
    const page = await context.newPage();
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text());
    });
    await page.goto(path);
    return page;
  }

  test('its new episodes are marked until they are read, and a private address leads to them', async () => {
    const context = await browser.newContext({ baseURL: site.url });
    const page = await visit(context, '/series/frieren');
    const data = await page.locator('script[type="application/ld+json"]').textContent();
    expect(JSON.parse(data ?? '')['@graph'][0].name).toBe(show.title);
    await page.getByRole('button', { name: 'Follow', pressed: false }).press('Enter');
    await page.getByRole('button', { name: 'Follow', pressed: true }).waitFor();
    await page.reload();
    await page.getByRole('button', { name: 'Follow', pressed: true }).waitFor();
    await newEpisode(catalog, show.id, { number: 2 });

    await page.goto('/following');
    await page.getByText('1 new', { exact: true }).waitFor();
    const cards = page.locator('[data-following-list] [data-key]');
    expect(await cards.count()).toBe(2);
    expect(await cards.first().locator('[data-new]').count()).toBe(1);
    await page.getByRole('button', { name: 'Mark all as read' }).click();
    await page.locator('[data-new]').waitFor({ state: 'detached' });

    await page.getByRole('button', { name: 'Make a private address' }).click();
    const field = page.getByLabel('Feed (Atom)');
    await field.waitFor();
    const address = await field.inputValue();
    expect((await context.request.get(address)).ok()).toBe(true);
    await page.getByRole('button', { name: 'Delete the address' }).click();
    await page.getByText('The address was deleted').waitFor();
    expect((await context.request.get(address)).status()).toBe(404);
    await context.close();
  });

  testOfDownloads('the list goes to another device by a file', async () => {
    const context = await browser.newContext({ baseURL: site.url });
    const page = await visit(context, '/series/frieren');
    await page.getByRole('button', { name: 'Follow', pressed: false }).click();
    await page.goto('/following');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Save to a file' }).click(),
    ]);
    const other = await visit(await browser.newContext({ baseURL: site.url }), '/following');
    await other.getByText('You follow no series yet').waitFor();
    await other.getByLabel('Read from a file').setInputFiles(await download.path());
    await other.getByText('1 series were added.').waitFor();
    await other.locator('[data-following-list] [data-key]').first().waitFor();
    await other.getByRole('button', { name: `Stop following ${show.title}` }).click();
    await other.getByText('You follow no series yet').waitFor();
    await other.context().close();
    await context.close();
  });

  test('the latest episodes are filtered by it, with what else is chosen, and go on being live', async () => {
    const other = await newSeries(catalog, { title: 'Not followed', slug: 'other', kind: show.kind });
    await newEpisode(catalog, other.id, { number: 1 });
    const context = await browser.newContext({ baseURL: site.url });
    const page = await visit(context, '/episodes/latest');
    const titles = page.locator('#grid .card__series-title');
    const filter = page.getByRole('link', { name: 'Following' }).and(page.locator('form a'));
    await filter.click();
    await page.getByText('You follow no series yet').waitFor();
    await page.getByRole('link', { name: 'Find a series' }).waitFor();

    await page.goto('/series/frieren');
    await page.getByRole('button', { name: 'Follow', pressed: false }).click();
    await page.getByRole('button', { name: 'Follow', pressed: true }).waitFor();
    await page.goto('/episodes/latest');
    await page.getByRole('button', { name: 'TV', exact: true }).click();
    await filter.click();
    await page.waitForURL(`/episodes/latest?type=${show.kind}&followed=${show.id}`);
    const before = await titles.allTextContents();
    expect(before.length).toBeGreaterThan(0);
    expect(new Set(before)).toEqual(new Set([show.title]));
    await page.locator('[data-live-state=live]').waitFor();
    await newEpisode(catalog, other.id, { number: 2 });
    await newEpisode(catalog, show.id, { number: 40 });
    await page.locator('#grid').getByText('Episode 40').waitFor();
    expect(await titles.allTextContents()).toEqual([show.title, ...before]);

    // Another type, by the form, and then all that is not followed, too.
    await page.getByRole('button', { name: 'Movie' }).click();
    await page.waitForURL(/followed=/);
    await page.getByText('Nothing matches yet').waitFor();
    await filter.click();
    await page.waitForURL('/episodes/latest?type=movie');
    // An address of another device shows what is followed on this one.
    await page.goto(`/episodes/latest?followed=${other.id}`);
    await page.waitForURL(`/episodes/latest?followed=${show.id}`);
    await context.close();
  });

  test('without scripts nothing pretends to follow, and the page says why', async () => {
    const context = await newContext(browser, { baseURL: site.url, javaScriptEnabled: false });
    const page = await visit(context, '/series/frieren');
    expect(await page.getByRole('button', { name: 'Follow' }).count()).toBe(0);
    await page.goto(`/following?series=${show.id}`);
    expect(await page.locator('[data-key]').count()).toBeGreaterThan(0);
    expect(await page.locator('main').innerText()).toContain('scripts are switched off');
    await page.goto('/episodes/latest');
    await page.locator('form').getByRole('link', { name: 'Following' }).press('Enter');
    await page.waitForURL(/followed=mine/);
    const text = await page.locator('main').innerText();
    expect(text).toContain('scripts are switched off');
    expect(text).not.toContain('You follow no series yet');
    await page.goto(`/episodes/latest?followed=${show.id}`);
    expect(await page.locator('[data-key]').count()).toBeGreaterThan(0);
    await context.close();
  });
});
