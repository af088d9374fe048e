import type { Browser, Page } from 'playwright-core';
import { deleteEpisode } from '../../src/features/episodes/repository';
import type { WriteContext } from '../../src/features/episodes/write';
import type { Series } from '../../src/features/series/fields';
import { describeInBrowser, launchBrowser } from '../support/browser';
import { newEpisode, newSeries, testCatalog, tester } from '../support/catalog';
import { startSite, type TestSite } from '../support/site';
import { until } from '../support/until';

describeInBrowser('what is live beside the grid', () => {
  let site: TestSite;
  let browser: Browser;
  let catalog: WriteContext;
  let show: Series;
  const problems: string[] = [];

  beforeAll(async () => {
    [site, browser] = await Promise.all([startSite(), launchBrowser()]);
    catalog = testCatalog(site.database.db);
    show = await newSeries(catalog, { title: 'Kumo no Mukō', kind: 'tv' });
    for (const number of ['1', '2', '3']) await newEpisode(catalog, show.id, { number });
  });
  afterAll(async () => {
    await browser?.close();
    await site?.stop();
  });
  afterEach(() => expect(problems.splice(0)).toEqual([]));

  async function visit(path: string): Promise<Page> {
    const page = await (await browser.newContext({ baseURL: site.url })).newPage();
    page.on('pageerror', (error) => problems.push(error.message));
    const connected = page.waitForResponse((response) => new URL(response.url()).pathname === '/events');
    await page.goto(path);
    await connected;
    return page;
  }

  const step = (page: Page, name: string) => page.locator(`[data-step="${name}"]`);

  test('the page of an episode leads to the next one as soon as that is there', async () => {
    const page = await visit(`/series/${show.slug}/episodes/3`);
    await step(page, 'previous').getByRole('link', { name: 'Episode 2' }).waitFor();
    expect(await step(page, 'next').isVisible()).toBe(false);
    const later = await newEpisode(catalog, show.id, { number: '5' });
    await step(page, 'next').getByRole('link', { name: 'Episode 5' }).waitFor();
    await until(
      async () => (await page.locator('[data-live-announcer]').textContent()) === 'The next episode is here',
    );
    // One that comes before it is nearer; a special is no next episode.
    await newEpisode(catalog, show.id, { number: '1', kind: 'special' });
    const next = await newEpisode(catalog, show.id, { number: '4' });
    await step(page, 'next').getByRole('link', { name: 'Episode 4' }).waitFor();
    expect(await step(page, 'next').getByRole('link').count()).toBe(1);
    // It is taken back: the one behind it is read.
    await deleteEpisode(catalog, tester, next.id);
    await step(page, 'next').getByRole('link', { name: 'Episode 5' }).waitFor();
    await page.keyboard.press('n');
    await page.waitForURL(`**/series/${show.slug}/episodes/5`);
    await deleteEpisode(catalog, tester, later.id);
    await page.context().close();
  }, 60_000);

  test('the page of an episode says how many have it open, from five on', async () => {
    const path = `/series/${show.slug}/episodes/1`;
    const first = await visit(path);
    const others: Page[] = [];
    while (others.length < 4) others.push(await visit(path));
    const elsewhere = await visit(`/series/${show.slug}/episodes/2`);
    for (const page of [first, ...others]) await page.getByText('5 watching').waitFor();
    await others[0]?.context().close();
    const watching = first.locator('[data-live-value]');
    await watching.waitFor({ state: 'hidden' });
    expect(await watching.textContent()).toBe('');
    expect(await elsewhere.locator('[data-live-value]').isVisible()).toBe(false);
    await Promise.all([first, ...others.slice(1), elsewhere].map((page) => page.context().close()));
  }, 60_000);

  test('the page of a series shows an episode in its place when it is published', async () => {
    const page = await visit(`/series/${show.slug}`);
    await newEpisode(catalog, show.id, { number: '2.5' });
    await until(async () => {
      const labels = await page.locator('[data-live-list] [data-item-title]').allTextContents();
      return labels.join().includes('Episode 3,Episode 2.5,Episode 2,');
    });
    await page.context().close();
  });

  test('the back office tells how many browsers are connected, until the admin logs out', async () => {
    const page = await (await browser.newContext({ baseURL: site.url })).newPage();
    await page.goto('/admin');
    await page.getByLabel('E-mail').fill(site.admin.email);
    await page.getByLabel('Password').fill(site.admin.password);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.waitForURL(/\/admin\/today/);
    const count = page.locator('.admin-user__viewers');
    await until(async () => (await count.textContent()) === '1 connected');
    const viewers = [await visit('/episodes/latest'), await visit('/episodes/latest')];
    await until(async () => (await count.textContent()) === '3 connected');
    await viewers[0]?.context().close();
    await until(async () => (await count.textContent()) === '2 connected');
    // Another tab logs out: this one's stream ends with the session, and no ticket opens another one.
    const other = await page.context().newPage();
    await other.goto('/admin/episodes');
    const withoutTicket = page.waitForRequest((request) => {
      const { pathname, searchParams } = new URL(request.url());
      return pathname === '/events' && !searchParams.has('t');
    });
    await other.getByRole('button', { name: 'Log out' }).click();
    await withoutTicket;
    await page.context().close();
    await viewers[1]?.context().close();
  }, 60_000);
});
