import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { updateEpisode } from '../../src/features/episodes/repository';
import type { WriteContext } from '../../src/features/episodes/write';
import type { Series } from '../../src/features/series/fields';
import { createLists } from '../../src/process/lists';
import { describeInBrowser, launchBrowser, newContext } from '../support/browser';
import { episodeInput, newEpisode, newSeries, testCatalog, tester } from '../support/catalog';
import { startSite, type TestSite } from '../support/site';
import { until } from '../support/until';

const HOUR_MS = 3_600_000;
const inMs = (ms: number): string => new Date(Date.now() + ms).toISOString();

describeInBrowser('the schedule', () => {
  let site: TestSite;
  let browser: Browser;
  let catalog: WriteContext;
  let show: Series;
  let lastNumber = 0;
  const problems: string[] = [];

  beforeAll(async () => {
    [site, browser] = await Promise.all([startSite(), launchBrowser()]);
    catalog = testCatalog(site.database.db, createLists().all);
    show = await newSeries(catalog, { title: '葬送のフリーレン', titleLanguage: 'ja' });
  });
  afterAll(async () => {
    await browser?.close();
    await site?.stop();
  });
  afterEach(() => expect(problems.splice(0)).toEqual([]));

  async function visit(path: string, options: BrowserContextOptions = {}): Promise<Page> {
    const context = await newContext(browser, { baseURL: site.url, timezoneId: 'UTC', ...options });
    const page = await context.newPage();
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text());
    });
    await page.goto(path);
    return page;
  }

  async function visitLive(path = '/schedule', options: BrowserContextOptions = {}): Promise<Page> {
    const page = await visit(path, options);
    await page.locator('[data-live-state="live"]').waitFor();
    await page.evaluate('globalThis.isSameDocument = true');
    return page;
  }

  const schedule = (publishAt: string, announced: boolean) =>
    newEpisode(catalog, show.id, {
      number: ++lastNumber,
      status: 'scheduled',
      publishAt,
      announced,
      videoServers: [{ name: 'Main', kind: 'file', url: '/media/clip.mp4' }],
    });
  const slot = (page: Page, id: string) => page.locator(`[data-key="${id}"]`);

  test('an announced episode counts down, and becomes playable on the open page at its time', async () => {
    const { id, number } = await schedule(inMs(6_000), true);
    const page = await visitLive();
    await slot(page, id)
      .getByText(/^in 0:0\d$/)
      .waitFor();
    const link = slot(page, id).getByRole('link', {
      name: `葬送のフリーレン Episode ${number}`,
      exact: true,
    });
    expect(await link.getAttribute('href')).toBe(`/series/${show.slug}`);
    await slot(page, id).getByText('Watch', { exact: true }).waitFor({ timeout: 15_000 });
    expect(await link.getAttribute('href')).toBe(`/series/${show.slug}/episodes/${number}`);
    expect(await slot(page, id).count()).toBe(1);
    expect(await page.evaluate('isSameDocument')).toBe(true);
    await link.click();
    await page.getByRole('heading', { level: 1, name: `Episode ${number}`, exact: true }).waitFor();
    await page.context().close();
  });

  test('an episode appears when it is announced, goes when that is taken back, and moves with its time', async () => {
    const at = inMs(50);
    const { id, number } = await schedule(inMs(HOUR_MS), false);
    const page = await visitLive();
    expect(await slot(page, id).count()).toBe(0);
    const change = (input: Record<string, unknown>) =>
      updateEpisode(catalog, tester, id, () => episodeInput({ number, status: 'scheduled', ...input }));

    await change({ publishAt: at.replace(/T.*/, 'T23:59:58.000Z'), announced: true });
    await slot(page, id).getByText('Announced').or(slot(page, id).getByText(/^in /)).waitFor();
    expect(await slot(page, id).locator('time').textContent()).toBe('23:59');
    const day = page.locator('[data-day]').filter({ has: slot(page, id) });
    expect(await day.getAttribute('aria-current')).toBe('date');

    const nextWeek = await visitLive(`/schedule?week=${inMs(7 * 24 * HOUR_MS).slice(0, 10)}`);
    await change({ publishAt: inMs(7 * 24 * HOUR_MS), announced: true });
    await slot(nextWeek, id).waitFor();
    await until(async () => (await slot(page, id).count()) === 0);
    await change({ publishAt: inMs(7 * 24 * HOUR_MS), announced: false });
    await until(async () => (await slot(nextWeek, id).count()) === 0);
    for (const each of [page, nextWeek]) {
      expect(await each.evaluate('isSameDocument')).toBe(true);
      await each.context().close();
    }
  });

  test('what is to come is live on the page of its series, down to the broadcast where nothing is announced', async () => {
    const soon = await newSeries(catalog, { title: 'Soon', slug: 'soon' });
    const begins = inMs(3 * 24 * HOUR_MS);
    await site.database
      .db('series')
      .where({ id: soon.id })
      .update({ broadcast: `R/${begins}/P7D`, begins_at: begins });
    const page = await visitLive('/series/soon');
    const next = page.locator('.series__next:visible');
    const says = (text: RegExp) => next.getByText(text).waitFor();
    await says(/^Next broadcast$/);
    await says(/^in [23] d \d+ h$/);

    const episode = (number: number, publishAt: string) => ({
      number,
      status: 'scheduled',
      publishAt,
      announced: true,
      videoServers: [{ name: 'Main', kind: 'file', url: '/media/clip.mp4' }],
    });
    const first = await newEpisode(catalog, soon.id, episode(1, inMs(5 * HOUR_MS)));
    await newEpisode(catalog, soon.id, episode(2, inMs(30 * HOUR_MS)));
    await says(/^Episode 1 here$/);
    await says(/^in [45] h \d+ min$/);
    const change = (input: Record<string, unknown>) =>
      updateEpisode(catalog, tester, first.id, () => episodeInput(input));
    await change(episode(1, inMs(50 * HOUR_MS)));
    await says(/^Episode 2 here$/);
    await change(episode(1, inMs(4_000)));
    await says(/^in 0:0\d$/);
    // Its time comes: it is in the list, and the next one stands here.
    await page.locator('#episode-list').getByText('Episode 1', { exact: true }).waitFor({ timeout: 15_000 });
    await says(/^Episode 2 here$/);
    expect(await next.count()).toBe(1);
    expect(await page.evaluate('isSameDocument')).toBe(true);
    await page.context().close();
  });

  test('a broadcast whose time comes is on the air, and makes room for the next one when it is over', async () => {
    const airing = await newSeries(catalog, { title: 'Airing', slug: 'airing' });
    const begins = inMs(HOUR_MS);
    await site.database
      .db('series')
      .where({ id: airing.id })
      .update({ broadcast: `R/${begins}/P7D`, begins_at: begins });
    const context = await browser.newContext({ baseURL: site.url, timezoneId: 'UTC' });
    const page = await context.newPage();
    await page.clock.install();
    await page.goto('/series/airing');
    const next = page.locator('.series__next:visible');
    await next.getByText(/^in \d+ (h \d+ )?min|^in \d+:\d\d/).waitFor();
    await page.clock.fastForward(HOUR_MS + 60_000);
    await next.getByText('on air').waitFor();
    await page.clock.fastForward(HOUR_MS / 2);
    await next.getByText(/^in 6 d 23 h/).waitFor();
    expect(await next.count()).toBe(1);
    await context.close();
  });

  test('days and times are those of the visitor', async () => {
    // In Tokyo it is the day after, half past three in the morning.
    const day = inMs(14 * 24 * HOUR_MS).slice(0, 10);
    const { id } = await schedule(`${day}T18:30:00.000Z`, true);
    const dayShown = async (options: BrowserContextOptions) => {
      const page = await visit('/schedule', options);
      await page.goto(`/schedule?week=${day}`);
      const next = page.getByRole('link', { name: 'Next week' });
      if ((await slot(page, id).count()) === 0) await next.press('Enter');
      await slot(page, id).waitFor();
      const section = page.locator('[data-day]').filter({ has: slot(page, id) });
      const shown = [
        (await section.locator('[data-live-list]').getAttribute('id')) ?? '',
        await slot(page, id).locator('time').textContent(),
      ];
      await page.context().close();
      return shown;
    };
    const dayAfter = new Date(Date.parse(day) + 24 * HOUR_MS).toISOString().slice(0, 10);
    expect(await dayShown({})).toEqual([`day-${day}`, '18:30']);
    expect(await dayShown({ timezoneId: 'Asia/Tokyo' })).toEqual([`day-${dayAfter}`, '03:30']);
    expect(await dayShown({ javaScriptEnabled: false, timezoneId: 'Asia/Tokyo' })).toEqual([
      `day-${day}`,
      '18:30 UTC',
    ]);
  });

  test('a broadcast that is to be expected goes when an episode of its series comes into the day', async () => {
    const startsAt = new Date(Date.now() + 7 * 24 * HOUR_MS);
    const expected = await newSeries(catalog, { title: 'Expected' });
    await site.database
      .db('series')
      .where({ id: expected.id })
      .update({ begins_at: startsAt, broadcast: `R/${startsAt.toISOString()}/P7D` });
    const page = await visitLive(`/schedule?week=${startsAt.toISOString().slice(0, 10)}`);
    const row = page.locator('[data-expected-list] li').filter({ hasText: 'Expected' });
    await row.getByText(/^in 6 d 23 h$/).waitFor();
    const publishAt = startsAt.toISOString();
    await newEpisode(catalog, expected.id, { status: 'scheduled', publishAt, announced: true });
    await row.waitFor({ state: 'hidden' });
    await page.context().close();
  });

  test('without JavaScript, weeks are reached by links, and the days are said to be in UTC', async () => {
    const page = await visit('/', { javaScriptEnabled: false });
    await page
      .getByRole('navigation', { name: 'Main' })
      .getByRole('link', { name: 'Schedule' })
      .press('Enter');
    await page.getByText('Days and times are in UTC.').waitFor();
    expect(await page.locator('[data-day]').count()).toBe(7);
    expect(await page.locator('[aria-current="date"] h2').textContent()).toContain('Today');
    const range = await page.locator('.schedule__range').textContent();
    await page.getByRole('link', { name: 'Next week' }).press('Enter');
    expect(await page.locator('.schedule__range').textContent()).not.toBe(range);
    expect(await page.locator('[aria-current="date"]').count()).toBe(0);
    await page.getByRole('link', { name: 'This week' }).press('Enter');
    await page.getByRole('link', { name: 'Previous week' }).press('Enter');
    await page.getByRole('link', { name: 'This week' }).press('Enter');
    expect(await page.locator('.schedule__range').textContent()).toBe(range);
    await page.context().close();
  });
});
