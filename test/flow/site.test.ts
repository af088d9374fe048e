import type { Browser, BrowserContextOptions, Page, Route } from 'playwright-core';
import { deleteEpisode, restoreEpisode } from '../../src/features/episodes/repository';
import type { WriteContext } from '../../src/features/episodes/write';
import type { Series } from '../../src/features/series/fields';
import { updateSeries } from '../../src/features/series/repository';
import { describeInBrowser, launchBrowser, newContext } from '../support/browser';
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
      this.addEventListener('hello', () => (globalThis.opened = true));
      this.addEventListener('upsert', ({ data }) => heard.push(JSON.parse(data).key));
    }
  };
`;

describeInBrowser('the public pages', () => {
  let site: TestSite;
  let browser: Browser;
  let catalog: WriteContext;
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
    const context = await newContext(browser, { baseURL: site.url, ...options });
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
  const card = (page: Page, episodeId: string) => page.locator(`[data-key="${episodeId}"]`);
  const cardIds = (page: Page): Promise<(string | null)[]> =>
    page.locator('[data-key]').evaluateAll((cards) => cards.map((each) => each.getAttribute('data-key')));
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
    await page.getByRole('link', { name: 'Older episodes' }).press('Enter');
    await page.waitForURL(/before=/);
    const second = await cardIds(page);
    expect(second).toHaveLength(PAGE_SIZE);
    expect(second.filter((id) => first.includes(id))).toEqual([]);
    await page.getByRole('link', { name: 'Back to the newest' }).press('Enter');
    await page.waitForURL((url) => url.search === '');
    expect(await cardIds(page)).toEqual(first);

    const season = page.getByLabel('Season');
    await until(async () => {
      await season.press('ArrowDown');
      return (await season.inputValue()) === '2025-fall';
    });
    await page.getByRole('button', { name: 'Show', exact: true }).press('Enter');
    await page.waitForURL(/season=2025-fall/);
    await page.getByRole('button', { name: 'Movie' }).press('Enter');
    await page.waitForURL((url) => url.search === '?type=movie&season=2025-fall&audio=');
    await page.getByRole('link', { name: 'Clear filter' }).press('Enter');

    await page.getByRole('link', { name: 'All episodes' }).first().press('Enter');
    await page.getByRole('heading', { name: /^Episodes/ }).waitFor();
    // The newest one is the first, and has no next one.
    await page
      .getByRole('link', { name: /^Episode \d/ })
      .nth(1)
      .press('Enter');
    await page.locator('[data-step="next"]').getByRole('link').press('Enter');
    await page.getByRole('link', { name: /Mirror/ }).press('Enter');
    await page.locator('[data-server][aria-current]', { hasText: 'Mirror' }).waitFor();
    await page.context().close();
  });

  test('a full page keeps its length: what no longer fits begins the next page', async () => {
    const page = await visitLive('/episodes/latest');
    const before = await cardIds(page);
    const { id } = await publish({ title: 'The newest' });
    await card(page, id).waitFor();
    expect(await cardIds(page)).toEqual([id, ...before.slice(0, -1)]);
    await until(async () => (await page.locator('[data-live-announcer]').textContent()) === '1 new episode');

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

  test('what was posted together is opened in place, without JavaScript too, and stays together', async () => {
    const drop = await newSeries(catalog, { title: 'All at once', kind: 'ova' });
    for (let number = 1; number <= 5; number++) await newEpisode(catalog, drop.id, { number });
    const seen = (page: Page) => page.locator('[data-live-items] > [data-key]').filter({ visible: true });
    const plain = await visit('/episodes/latest?type=ova', { javaScriptEnabled: false });
    expect(await seen(plain).count()).toBe(1);
    await plain.locator('summary', { hasText: '5 new episodes' }).press('Enter');
    await until(async () => (await seen(plain).count()) === 5);

    const page = await visitLive('/episodes/latest?type=ova');
    const { id } = await newEpisode(catalog, drop.id, { number: 6 });
    await card(page, id).waitFor();
    await updateSeries(catalog, tester, drop.id, { ...drop, title: 'All in one' }, drop.version);
    await until(async () => (await page.locator('[data-key] h2', { hasText: 'All in one' }).count()) === 6);
    expect(await seen(page).count()).toBe(2);
    await Promise.all([plain, page].map((each) => each.context().close()));
  });

  test('the page of a series is live as well', async () => {
    const running = await newSeries(catalog, { title: 'Running', kind: 'tv' });
    for (let number = 1; number <= 100; number++) await newEpisode(catalog, running.id, { number });
    const page = await visitLive(`/series/${running.slug}?order=oldest`);
    const latest = await page.context().newPage();
    await latest.goto('/episodes/latest');
    await latest.locator('[data-live-state="live"]').waitFor();
    const labels = () => page.locator('[data-live-items] h3').allTextContents();
    expect(await page.locator('[data-live-count]').textContent()).toBe('100');

    const special = await newEpisode(catalog, running.id, { kind: 'special', number: 1 });
    const { id } = await newEpisode(catalog, running.id, { number: 12.5 });
    await Promise.all([
      card(page, id).waitFor(),
      card(latest, id).waitFor(),
      card(latest, special.id).waitFor(),
    ]);
    // A page has room for a hundred: what is behind them is reached by a link.
    await page.getByRole('link', { name: 'Next' }).waitFor();
    await until(async () => (await labels()).length === 100);
    expect((await labels()).slice(11, 14)).toEqual(['Episode 12', 'Episode 12.5', 'Episode 13']);
    await page.getByRole('link', { name: 'Next' }).click();
    await page.locator('[data-live-state="live"]').waitFor();
    expect(await labels()).toEqual(['Episode 100', 'Special 1']);
    await newEpisode(catalog, running.id, { number: 13.5 });
    await newEpisode(catalog, running.id, { kind: 'special', number: 2 });
    // The link has led to the list, below the top of the page.
    await page.getByRole('button', { name: '1 new episode – show' }).click();
    await until(async () => (await labels()).join() === 'Episode 100,Special 1,Special 2');
    // On the first page the link to the next one goes along.
    await page.goBack();
    // What came in meanwhile waits for the reader.
    await page.getByRole('button', { name: /new episodes? – show/ }).click();
    await page.locator('[data-live-state="live"]').waitFor();
    await newEpisode(catalog, running.id, { number: 14.5 });
    await page.getByRole('button', { name: '1 new episode – show' }).click();
    await page.getByRole('link', { name: 'Episode 14.5' }).waitFor();
    await page.getByRole('link', { name: 'Next' }).click();
    await page.locator('[data-live-state="live"]').waitFor();
    expect((await labels()).slice(0, 2)).toEqual(['Episode 98', 'Episode 99']);
    await page.context().close();
  }, 60_000);

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
    await page.locator('[data-key] h2 a').nth(3).focus();
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
    await page.getByRole('link', { name: 'Next server: Working' }).click();
    await page.locator('video[src="/media/clip.mp4"]').waitFor();
    await until(async () => (await page.evaluate<number>('document.querySelector("video").readyState')) >= 1);
    expect(await page.locator('[data-player-failure]').isVisible()).toBe(false);
    expect(await page.locator('[data-server][aria-current]').textContent()).toContain('Working');
    expect(await page.evaluate('document.documentElement.dataset.loadedOnce')).toBe('yes');
    // By its address the reload would have asked for it; without one it is what this browser remembers.
    await page.goto(`/series/${show.slug}/episodes/${number}`);
    expect(await page.locator('[data-server][aria-current]').textContent()).toContain('Working');
    await page.getByRole('link', { name: "Broken Didn't play" }).waitFor();
    await page.context().close();
  });

  test('skips the intro, and goes on at the same place, on another server and after a reload', async () => {
    const { number } = await publish({
      intro: { startSeconds: 1, endSeconds: 6 },
      videoServers: ['First', 'Second'].map((name) => ({ name, kind: 'file', url: '/media/clip.mp4' })),
    });
    const page = await visit(`/series/${show.slug}/episodes/${number}`);
    const seconds = () => page.evaluate<number>('document.querySelector("video").currentTime');
    await until(() => page.evaluate<boolean>('document.querySelector("video").readyState >= 1'));
    expect(await page.getByRole('button', { name: 'Skip intro' }).isVisible()).toBe(false);
    await page.evaluate('document.querySelector("video").currentTime = 2');
    await page.getByRole('button', { name: 'Skip intro' }).waitFor();
    await page.keyboard.press('s');
    await until(async () => (await seconds()) === 6);
    await page.evaluate('document.querySelector("video").currentTime = 10.4');
    await until(async () => Math.floor(await seconds()) === 10);
    await page.getByRole('link', { name: 'Second' }).click();
    await page.locator('[data-server][aria-current]', { hasText: 'Second' }).waitFor();
    await until(async () => Math.floor(await seconds()) === 10);
    await page.reload();
    expect(await page.locator('[data-server][aria-current]').textContent()).toContain('Second');
    await until(async () => Math.floor(await seconds()) === 10);
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
    expect(await page.locator('[data-player-failure]').isVisible()).toBe(false);
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
      // Firefox counts what a script asks for to what the page still loads.
      await page.goto(`/series/${show.slug}/episodes/${number}`, { waitUntil: 'domcontentloaded' });
      const mayPlay = await page.evaluate<boolean>(
        'document.createElement("video").canPlayType("application/vnd.apple.mpegurl") !== ""',
      );
      if (mayPlay) {
        await isPlaying(page);
        expect(await page.evaluate('document.querySelector("video").currentSrc')).toMatch(/index\.m3u8$/);
      } else await page.locator('[data-player-failure]').waitFor();
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

  test('keys lead the player, a list tells them, and the end offers what follows', async () => {
    const videoServers = [{ name: 'Direct', kind: 'file', url: '/media/clip.mp4' }];
    const numbers = [(await publish({ videoServers })).number, (await publish({ videoServers })).number];
    const page = await visit(`/series/${show.slug}/episodes/${numbers[0]}`);
    const video = (expression: string) =>
      page.evaluate<unknown>(`document.querySelector("video").${expression}`);
    await until(async () => Number(await video('readyState')) >= 1);
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
    await page.keyboard.press('m');
    await page.keyboard.press('Escape');
    // The dialog took that one.
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    expect(await video('muted')).toBe(false);
    await page.keyboard.press('m');
    await until(async () => (await video('muted')) === true);
    await page.getByRole('status').filter({ hasText: 'Muted' }).waitFor();
    // A switch that was just pressed keeps the focus, and takes no letter.
    await page.locator('[data-autoplay]').focus();
    await page.keyboard.press('m');
    await until(async () => (await video('muted')) === false);
    await page.keyboard.press('5');
    await until(async () => (await video('currentTime')) === 6);
    await page.keyboard.press('>');
    await until(async () => (await video('playbackRate')) === 1.25);
    await until(async () => (await page.getByLabel('Speed').inputValue()) === '1.25');
    await page.keyboard.press('9');
    await page.keyboard.press('k');
    await until(async () => (await video('ended')) === true);
    await page.getByText(/^Next in \d s$/).waitFor();
    await page.getByRole('button', { name: 'Stay here' }).click();
    expect(await page.getByText(/^Next in/).isVisible()).toBe(false);
    await page.keyboard.press('9');
    await page.keyboard.press('k');
    await page.getByRole('link', { name: /^Play Episode/ }).click();
    await page.waitForURL(`**/episodes/${numbers[1]}`);
    await until(async () => (await video('playbackRate')) === 1.25);
    await page.context().close();
  });

  test('what was watched is marked, and the row of what is gone on with moves nothing', async () => {
    const watching = await newSeries(catalog, { title: 'Watching', kind: 'tv' });
    const videoServers = [{ name: 'Direct', kind: 'file', url: '/media/clip.mp4' }];
    const [first, second] = [
      await newEpisode(catalog, watching.id, { number: 1, videoServers }),
      await newEpisode(catalog, watching.id, { number: 2, videoServers }),
    ];
    const page = await visit(`/series/${watching.slug}/episodes/1`);
    await page.locator('.watch__aside [aria-current="page"]').waitFor();
    await until(() => page.evaluate<boolean>('document.querySelector("video").readyState >= 1'));
    await page.keyboard.press('m');
    await page.keyboard.press('9');
    await page.keyboard.press('k');
    await page.getByRole('button', { name: 'Watched', pressed: true }).waitFor();
    await page.goto('/episodes/latest');
    const row = page.getByRole('region', { name: 'Continue watching' });
    expect(await row.getByRole('link').textContent()).toMatch(/Watching\s+Episode 2/);
    expect(await row.getByRole('link').getAttribute('href')).toBe(`/series/${watching.slug}/episodes/2`);
    expect(await card(page, first.id).textContent()).toContain('Watched');
    expect(await card(page, second.id).textContent()).not.toContain('Watched');
    const shift = await page.evaluate<number>(`new Promise((resolve) => {
      new PerformanceObserver((list) => resolve(list.getEntries().reduce((sum, { value }) => sum + value, 0)))
        .observe({ type: 'layout-shift', buffered: true });
      setTimeout(() => resolve(0), 300);
    })`);
    expect(shift).toBe(0);
    await row.getByRole('button', { name: 'Remove Watching from this row' }).click();
    await row.waitFor({ state: 'hidden' });
    await page.context().close();
  });

  test('an open page says that its episode was taken down, and that it is back', async () => {
    const { id, number } = await publish();
    const page = await visit(`/series/${show.slug}/episodes/${number}`);
    const gone = page.getByText('This episode was taken down');
    await until(() => page.evaluate<boolean>('globalThis.opened === true'));
    expect(await gone.isVisible()).toBe(false);
    await deleteEpisode(catalog, tester, id);
    await gone.waitFor();
    await restoreEpisode(catalog, tester, id);
    await gone.waitFor({ state: 'hidden' });
    await page.context().close();
  });

  test('nothing is wider than a screen of 320 pixels', async () => {
    await publish({ title: 'そして世界は、静かに色を取り戻していく――あるいは、長い題名の話 前編' });
    const page = await visit('/episodes/latest', { viewport: { width: 320, height: 640 } });
    const href = await page.locator('[data-key] h2 a').first().getAttribute('href');
    const series = href?.replace(/\/(episodes|specials)\/.*/, '') ?? '';
    for (const path of ['/episodes/latest', series, href ?? '', '/about', '/no-such-page']) {
      await page.goto(path);
      expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(320);
    }
    await page.context().close();
  });
});
