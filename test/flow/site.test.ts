import type { Browser, BrowserContextOptions, Page, Route } from 'playwright-core';
import type { Catalog } from '../../src/catalog/catalog-write';
import type { Series } from '../../src/catalog/series';
import { updateSeries } from '../../src/catalog/series-repository';
import { describeInBrowser, launchBrowser } from '../support/browser';
import { newEpisode, newSeries, testCatalog, tester } from '../support/catalog';
import { startSite, type TestSite } from '../support/site';
import { until } from '../support/until';

/** Of a grid's page. */
const PAGE_SIZE = 24;

/** Keeps the ids of the episodes that the stream told a page of. */
const NOTE_EVENTS = `
  globalThis.heard = [];
  globalThis.EventSource = class extends EventSource {
    constructor(url) {
      super(url);
      this.addEventListener('upsert', ({ data }) => heard.push(JSON.parse(data).episodeId));
    }
  };
`;

describeInBrowser('the public pages', () => {
  let site: TestSite;
  let browser: Browser;
  let catalog: Catalog;
  let show: Series;
  let lastNumber = 0;
  /** What went wrong in any page, such as something that the content security policy forbids. */
  const problems: string[] = [];

  beforeAll(async () => {
    [site, browser] = await Promise.all([startSite(), launchBrowser()]);
    catalog = testCatalog(site.database.db);
    show = await newSeries(catalog, { title: 'Kumo no Mukō', kind: 'tv', seasonYear: 2026, season: 'fall' });
  });
  afterAll(async () => {
    await browser?.close();
    await site?.stop();
  });
  afterEach(() => expect(problems.splice(0)).toEqual([]));

  async function visit(path: string, options: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext({ baseURL: site.url, ...options });
    const page = await context.newPage();
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
        problems.push(message.text());
    });
    await page.addInitScript(NOTE_EVENTS);
    await page.goto(path);
    return page;
  }

  async function visitLive(path: string, options: BrowserContextOptions = {}): Promise<Page> {
    const page = await visit(path, options);
    await page.locator('[data-live-state="live"]').waitFor();
    return page;
  }

  const publish = (overrides: Record<string, unknown> = {}) =>
    newEpisode(catalog, show.id, { number: ++lastNumber, ...overrides });
  const card = (page: Page, episodeId: string) => page.locator(`[data-episode-id="${episodeId}"]`);
  const cardIds = (page: Page): Promise<(string | null)[]> =>
    page
      .locator('[data-episode-id]')
      .evaluateAll((cards) => cards.map((each) => each.getAttribute('data-episode-id')));
  const focusedHref = (page: Page): Promise<string | null> =>
    page.evaluate<string | null>('document.activeElement.getAttribute("href")');

  test('without JavaScript, filters, pages, series and episodes are reached by links and forms', async () => {
    const videoServers = [
      { name: 'Main', kind: 'file', url: '/media/clip.mp4' },
      { name: 'Mirror', kind: 'file', url: '/media/clip.mp4' },
    ];
    for (let count = 0; count < 2; count++) await publish({ videoServers });
    const page = await visit('/', { javaScriptEnabled: false });
    const first = await cardIds(page);
    await page.getByRole('link', { name: 'Older episodes' }).click();
    const second = await cardIds(page);
    expect(second).toHaveLength(PAGE_SIZE);
    expect(second.filter((id) => first.includes(id))).toEqual([]);
    await page.getByRole('link', { name: 'Back to the newest' }).click();
    expect(await cardIds(page)).toEqual(first);

    await page.getByLabel('Season').selectOption('2025-fall');
    await page.getByRole('button', { name: 'Show', exact: true }).click();
    await page.getByRole('button', { name: 'Movie' }).click();
    expect(new URL(page.url()).search).toBe('?type=movie&season=2025-fall');
    await page.getByRole('link', { name: 'Clear filter' }).click();

    await page.getByRole('link', { name: 'All episodes' }).first().click();
    await page.getByRole('heading', { name: /^Episodes/ }).waitFor();
    await page
      .getByRole('link', { name: /^Episode \d/ })
      .first()
      .click();
    await page.getByRole('link', { name: /Next: Episode/ }).click();
    await page.getByRole('link', { name: /Mirror/ }).click();
    expect(await page.locator('[data-server][aria-current]').textContent()).toContain('Mirror');
    await page.context().close();
  });

  test('a full page keeps its length: what no longer fits begins the next page', async () => {
    const page = await visitLive('/episodes/latest');
    const before = await cardIds(page);
    const { id } = await publish({ title: 'The newest' });
    await card(page, id).waitFor();
    expect(await cardIds(page)).toEqual([id, ...before.slice(0, -1)]);
    await until(async () => (await page.getByRole('status').textContent()) === '1 new episode');

    await page.getByRole('link', { name: 'Older episodes' }).click();
    await page.locator('[data-live-state="live"]').waitFor();
    expect((await cardIds(page))[0]).toBe(before.at(-1));
    await page.context().close();
  });

  test('a new episode leaves pages alone that it does not belong on', async () => {
    const [movies, other, older, all] = await Promise.all([
      visitLive('/episodes/latest?type=movie'),
      visitLive('/episodes/latest?season=2025-fall'),
      visitLive(await olderPage()),
      visitLive('/episodes/latest?type=tv&season=2026-fall'),
    ]);
    const before = await Promise.all([movies, other, older].map(cardIds));
    const { id } = await publish();
    await Promise.all([card(all, id).waitFor(), ...[movies, other, older].map((page) => hasHeard(page, id))]);
    expect(await Promise.all([movies, other, older].map(cardIds))).toEqual(before);
    for (const page of [movies, other, older, all]) await page.context().close();
  });

  async function olderPage(): Promise<string> {
    const page = await visit('/episodes/latest', { javaScriptEnabled: false });
    const href = await page.getByRole('link', { name: 'Older episodes' }).getAttribute('href');
    await page.context().close();
    return href ?? '';
  }

  /** Waits until the stream has told the page of the episode, whatever the page made of it. */
  async function hasHeard(page: Page, episodeId: string): Promise<void> {
    await until(() => page.evaluate<boolean>(`heard.includes("${episodeId}")`));
  }

  test('a change of more episodes than a stream carries is read anew, and each card is still there once', async () => {
    const long = await newSeries(catalog, { title: 'Long runner', kind: 'web' });
    for (let number = 1; number <= 60; number++) await newEpisode(catalog, long.id, { number });
    const page = await visit('/episodes/latest?type=web');
    await page.locator('[data-live-state="live"]').waitFor();
    await page.locator('[data-episode-id] h2 a').nth(3).focus();
    const [ids, href] = [await cardIds(page), await focusedHref(page)];
    const fragment = page.waitForResponse((response) => response.url().includes('/episodes/latest/grid'));
    await updateSeries(catalog, tester, long.id, { ...long, title: 'Longest runner' }, long.version);
    await fragment;
    await page.getByText('Longest runner').first().waitFor();
    expect(await page.getByText('Long runner').count()).toBe(0);
    expect(await cardIds(page)).toEqual(ids);
    expect(await focusedHref(page)).toBe(href);
    await page.context().close();
  });

  test('an empty grid is filled by the first episode, and says so when the last is gone', async () => {
    const page = await visitLive('/episodes/latest?type=ova&season=2031-winter');
    await page.getByText('Nothing matches').waitFor();
    const ova = await newSeries(catalog, { title: 'Sole', kind: 'ova', seasonYear: 2031, season: 'winter' });
    const { id } = await newEpisode(catalog, ova.id, { number: 1 });
    await card(page, id).waitFor();
    expect(await page.getByText('Nothing matches').isVisible()).toBe(false);
    await updateSeries(catalog, tester, ova.id, { ...ova, visible: false }, ova.version);
    await page.getByText('Nothing matches').waitFor();
    expect(await cardIds(page)).toEqual([]);
    await page.context().close();
  });

  test('times are in the time zone of the visitor', async () => {
    const { id } = await publish();
    await site.database.db('episodes').where({ id }).update({ published_at: '2040-05-05T20:30:00Z' });
    const page = await visit('/episodes/latest', { timezoneId: 'Asia/Tokyo' });
    expect(await card(page, id).locator('time').textContent()).toBe('6 May 2040, 05:30');
    await site.database.db('episodes').where({ id }).update({ published_at: new Date() });
    await page.context().close();
  });

  test('from a source that fails, one action leads to another that plays', async () => {
    const { number } = await publish({
      videoServers: [
        { name: 'Broken', kind: 'file', url: '/media/none.mp4' },
        { name: 'Working', kind: 'file', url: '/media/clip.mp4' },
      ],
    });
    const page = await visit(`/series/${show.slug}/episodes/${number}`);
    await page.getByText("Broken doesn't play").waitFor();
    await page.evaluate('document.documentElement.dataset.loadedOnce = "yes"');
    await page.getByRole('link', { name: 'Try another server' }).click();
    await page.locator('video[src="/media/clip.mp4"]').waitFor();
    await until(async () => (await page.evaluate<number>('document.querySelector("video").readyState')) >= 1);
    expect(await page.getByRole('alert').isVisible()).toBe(false);
    expect(await page.locator('[data-server][aria-current]').textContent()).toContain('Working');
    expect(await page.evaluate('document.documentElement.dataset.loadedOnce')).toBe('yes');
    await page.reload();
    expect(await page.locator('[data-server][aria-current]').textContent()).toContain('Working');
    await page.context().close();
  });

  const playlist = { name: 'List', kind: 'hls', url: '/media/clip/index.m3u8' };
  const isPlaying = async (page: Page): Promise<void> => {
    await page.evaluate(
      '(document.querySelector("video").muted = true, document.querySelector("video").play())',
    );
    await until(() => page.evaluate<boolean>('document.querySelector("video").currentTime > 0.5'));
  };

  test('a playlist is played by hls.js, also where the browser says that it may be able to', async () => {
    const { number } = await publish({ videoServers: [playlist] });
    const page = await visit(`/series/${show.slug}/episodes/${number}`);
    await until(() =>
      page.evaluate<boolean>('document.querySelector("video").currentSrc.startsWith("blob:")'),
    );
    await isPlaying(page);
    expect(await page.getByRole('alert').isVisible()).toBe(false);
    await page.context().close();
  });

  test.each<[string, (route: Route) => Promise<void>]>([
    ['can not be loaded', (route) => route.abort()],
    ['never comes', async () => undefined],
  ])(
    'where hls.js %s the browser plays the list by itself, or the page says that it does not play',
    async (_name, answer) => {
      const { number } = await publish({ videoServers: [playlist] });
      const page = await (await browser.newContext({ baseURL: site.url })).newPage();
      await page.route('**/assets/hls-*.js', answer);
      await page.goto(`/series/${show.slug}/episodes/${number}`);
      const mayPlay = await page.evaluate<boolean>(
        'document.createElement("video").canPlayType("application/vnd.apple.mpegurl") !== ""',
      );
      if (mayPlay) {
        await isPlaying(page);
        expect(await page.evaluate('document.querySelector("video").currentSrc')).toMatch(/index\.m3u8$/);
      } else await page.getByRole('alert').waitFor();
      await page.context().close();
    },
  );

  test('a playlist that is not there is told, and so is one that is none', async () => {
    for (const url of ['/media/none.m3u8', '/media/clip/init.mp4']) {
      const { number } = await publish({ videoServers: [{ ...playlist, url }] });
      const page = await visit(`/series/${show.slug}/episodes/${number}`);
      await page.getByText("List doesn't play").waitFor();
      await page.context().close();
    }
  });

  test('a link to another server is followed when its page does not come in time', async () => {
    const { number } = await publish({
      videoServers: [
        { name: 'First', kind: 'file', url: '/media/clip.mp4' },
        { name: 'Second', kind: 'file', url: '/media/clip.mp4' },
      ],
    });
    const page = await visit(`/series/${show.slug}/episodes/${number}`);
    await page.route('**/episodes/*?server=*', async (route) => {
      if (route.request().resourceType() !== 'fetch') await route.continue();
    });
    await page.getByRole('link', { name: 'Second' }).click();
    await page.waitForURL(/server=/);
    expect(await page.locator('[data-server][aria-current]').textContent()).toContain('Second');
    await page.context().close();
  });

  test('n and p lead to the next and the previous episode', async () => {
    const numbers = [(await publish()).number, (await publish()).number];
    const page = await visit(`/series/${show.slug}/episodes/${numbers[0]}`);
    await page.keyboard.press('n');
    await page.waitForURL(`**/episodes/${numbers[1]}`);
    await page.keyboard.press('p');
    await page.waitForURL(`**/episodes/${numbers[0]}`);
    await page.context().close();
  });

  test('nothing is wider than a screen of 320 pixels', async () => {
    await publish({ title: 'そして世界は、静かに色を取り戻していく――あるいは、長い題名の話 前編' });
    const page = await visit('/episodes/latest', { viewport: { width: 320, height: 640 } });
    const href = await page.locator('[data-episode-id] h2 a').first().getAttribute('href');
    const series = href?.replace(/\/(episodes|specials)\/.*/, '') ?? '';
    for (const path of ['/episodes/latest', series, href ?? '', '/about', '/no-such-page']) {
      await page.goto(path);
      expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(320);
    }
    await page.context().close();
  });
});
