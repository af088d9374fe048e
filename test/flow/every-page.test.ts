import AxeBuilder from '@axe-core/playwright';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import type { WriteContext } from '../../src/features/episodes/write';
import { recordMinute } from '../../src/features/today/repository';
import { createImport } from '../../src/features/transfer/import-runs-repository';
import { recordAudit } from '../../src/journal/journal';
import { describeInBrowser, launchBrowser } from '../support/browser';
import { newEpisode, newSeries, testCatalog, tester } from '../support/catalog';
import { startSite, type TestSite } from '../support/site';
import { until } from '../support/until';

/** Runs in the page: resolves when nothing fades or moves any more, but what does so for good. */
const STILL = `Promise.allSettled(
  document.getAnimations()
    .filter(({ effect }) => Number.isFinite(effect.getComputedTiming().endTime))
    .map(({ finished }) => finished),
)`;

/** WCAG 2.2 AA, and what axe knows to be good practice. */
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** What axe finds. In the page itself, and only what is wrong: on a page of its own it would read axe again, and tell of all that is right. */
const inspect = (page: Page) =>
  new AxeBuilder({ page })
    .setLegacyMode()
    .options({ runOnly: RULES, resultTypes: ['violations'] })
    .analyze();

/** The zone is not the server's: what a script writes into a page is as wide as what was there. */
const VIEWS = [
  { width: 360, height: 740, colorScheme: 'dark', timezoneId: 'Asia/Tokyo' },
  { width: 768, height: 1024, colorScheme: 'dark', timezoneId: 'UTC' },
  { width: 1440, height: 900, colorScheme: 'light', timezoneId: 'America/Los_Angeles' },
] as const;

/** Notes what is seen to move by itself: by a thousandth of the window or more, times its own share of it. https://web.dev/articles/cls */
const NOTE_SHIFTS = `
  globalThis.shifts = [];
  new PerformanceObserver((list) => {
    for (const { value, hadRecentInput, sources } of list.getEntries()) {
      const what = sources.map(({ node }) => node?.outerHTML?.slice(0, 80) ?? node?.nodeValue).join(' and ');
      if (!hadRecentInput && value > 0.001) shifts.push(what + ' moves by itself: ' + value.toFixed(4));
    }
  }).observe({ type: 'layout-shift', buffered: true });
`;

/** What Tab can't get to, though a pointer can use it: the texts of such links, buttons and fields. */
const BEYOND_TAB = `[...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary')]
  .filter((element) => element.checkVisibility() && !element.disabled && element.tabIndex < 0 && !element.closest('[aria-hidden=true]'))
  .map((element) => element.outerHTML.slice(0, 120))`;

/** Whatever is wider than the window. */
const TOO_WIDE = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';

/** Short words of links and buttons that go on in a second line. */
const BROKEN_WORDS = `[...document.querySelectorAll('a, button, label, summary')].flatMap((element) =>
  [...element.childNodes].filter(({ nodeType }) => nodeType === Node.TEXT_NODE).flatMap((text) =>
    [...text.data.matchAll(/\\b[A-Za-z]{2,9}\\b/g)].flatMap(({ 0: word, index }) => {
      const range = document.createRange();
      range.setStart(text, index);
      range.setEnd(text, index + word.length);
      return new Set([...range.getClientRects()].map(({ top }) => Math.round(top))).size > 1 ? [word] : [];
    }),
  ),
)`;

/** Pictures of the first row of a list that wait until the layout is known. */
const LAZY_AT_FIRST = `[...document.querySelectorAll('[data-live-items]')].flatMap((list) => {
  const top = list.firstElementChild?.getBoundingClientRect().top;
  return [...list.children]
    .filter((item) => item.getBoundingClientRect().top === top)
    .flatMap((item) => [...item.querySelectorAll('img[loading=lazy]')].map((image) => image.src));
})`;

const VIDEO_SERVER = {
  name: 'Main',
  kind: 'file',
  url: '/media/clip.mp4',
  audioLanguage: 'ja',
  subtitleLanguage: 'en',
};

describeInBrowser('every page', () => {
  let site: TestSite;
  let browser: Browser;
  let catalog: WriteContext;
  let seriesId: string;
  /** Addresses by what they show. */
  let pages: Readonly<Record<string, string>>;
  let pagesOfAdmins: Readonly<Record<string, string>>;

  beforeAll(async () => {
    [site, browser] = await Promise.all([startSite(), launchBrowser()]);
    catalog = testCatalog(site.database.db);
    const series = await newSeries(catalog, {
      title: '葬送のフリーレン',
      titleLanguage: 'ja',
      synonyms: ['Frieren'],
      kind: 'tv',
      links: [
        { title: 'Official site', url: 'https://frieren.example/', kind: 'official' },
        { title: '動畫瘋', url: 'https://stream.example/1', kind: 'onair', regions: ['TW', 'HK'] },
      ],
    });
    seriesId = series.id;
    const videoServers = [VIDEO_SERVER, { name: 'Mirror', kind: 'file', url: '/media/clip.mp4' }];
    for (let number = 1; number <= 3; number++)
      await newEpisode(catalog, series.id, { number, videoServers });
    const { id } = await newEpisode(catalog, series.id, { number: 4, status: 'draft', videoServers });
    // As if the site had run for a while: there is a chart then.
    const minute = Math.floor(Date.now() / 60_000) * 60_000;
    for (const ago of [3, 2]) await recordMinute(site.database.db, new Date(minute - ago * 60_000), 5);
    const importId = await createImport(site.database.db, tester, 'catalog.json');
    await site.database.db('catalog_imports').where({ id: importId }).update({ state: 'done' });
    const act = { actor: tester, action: 'series.update', subjectKind: 'series', subjectId: series.id };
    await recordAudit(site.database.db, { ...act, details: { importId } });
    pages = {
      'the latest episodes': '/episodes/latest',
      'a filter that nothing matches': '/episodes/latest?type=movie&season=1950-winter',
      'all series': '/series',
      'a series': `/series/${series.slug}`,
      'an episode': `/series/${series.slug}/episodes/2`,
      'the schedule': '/schedule',
      'an empty search': '/search',
      'a search that finds something': '/search?q=frieren',
      'a search that finds nothing': '/search?q=zzzzzzzzzzzz',
      'a filter by what is followed, which is nothing': '/episodes/latest?type=tv&followed=mine',
      'nothing that is followed': '/following',
      'what is followed': `/following?series=${series.id}`,
      'no connection': '/offline',
      'about the site': '/about',
      'the API': '/api/v1/',
      'every component': '/styleguide',
      'nothing at all': '/nothing/here',
      'the log-in': '/admin/login',
    };
    pagesOfAdmins = {
      'the episodes in the back office': '/admin/episodes',
      'a move to another series': `/admin/episodes/move?episodes=${id}&search=a`,
      'what is to do today': '/admin/today',
      'a release list': '/admin/bulk',
      'the preview of a draft': `/admin/episodes/${id}/preview`,
      'the series in the back office': '/admin/series',
      'the form of a series': `/admin/series/${series.id}/edit`,
      'the form of an episode': `/admin/episodes/${id}/edit`,
      'the form of a new episode': `/admin/series/${series.id}/episodes/new`,
      'the trash': '/admin/trash',
      'import and export': '/admin/transfer',
      'an import': `/admin/transfer/imports/${importId}`,
      'the question whether to undo an import': `/admin/transfer/imports/${importId}/undo`,
      'the journal': '/admin/journal',
      'the people': '/admin/people',
      'one of the people': '/admin/people/1',
      'the tokens': '/admin/tokens',
      'no webhooks': '/admin/webhooks',
      'the form of a webhook': '/admin/webhooks/new',
      'the account': '/admin/account',
      'the question for the password': '/admin/account/second-steps',
      'the form of a new password': '/admin/account/password',
    };
  });
  afterAll(async () => {
    await browser?.close();
    await site?.stop();
  });

  async function logIn(context: BrowserContext): Promise<void> {
    const page = await context.newPage();
    await page.goto('/admin/login');
    await page.getByLabel('E-mail').fill(site.admin.email);
    await page.getByLabel('Password').fill(site.admin.password);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.waitForURL(/\/admin\/today/);
    await page.close();
  }

  async function follow(context: BrowserContext, seriesPath: string): Promise<void> {
    const page = await context.newPage();
    await page.goto(seriesPath);
    await page.getByRole('button', { name: 'Follow' }).click();
    await page.close();
  }

  /** What is wrong with a page, in words; empty when all is well. */
  async function faultsOf(page: Page, strangers: readonly string[]): Promise<string[]> {
    const { violations } = await inspect(page);
    const shifts = await page.evaluate<string[]>('shifts');
    const wider = await page.evaluate<number>(TOO_WIDE);
    const beyondTab = await page.evaluate<string[]>(BEYOND_TAB);
    const lazy = await page.evaluate<string[]>(LAZY_AT_FIRST);
    return [
      ...violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`)),
      ...shifts,
      ...(wider > 0 ? [`it is ${wider} px wider than the window`] : []),
      ...beyondTab.map((html) => `Tab does not reach ${html}`),
      ...lazy.map((src) => `lazy in the first row: ${src}`),
      ...strangers.map((url) => `asked of somebody else: ${url}`),
    ];
  }

  // Between the narrowest and the widest, the site alone.
  test.each([
    ...VIEWS.map((view) => ({ ...view, part: 'the site' })),
    ...VIEWS.filter(({ width }) => width !== 768).map((view) => ({ ...view, part: 'the back office' })),
  ])(
    '$part is whole at $width px, $colorScheme',
    async ({ width, height, part, ...options }) => {
      const context = await browser.newContext({
        baseURL: site.url,
        viewport: { width, height },
        ...options,
      });
      await context.addInitScript(NOTE_SHIFTS);
      const strangers: string[] = [];
      context.on('request', (request) => {
        if (new URL(request.url()).origin !== site.url) strangers.push(request.url());
      });
      const found: Record<string, string[]> = {};
      const isSite = part === 'the site';
      if (!isSite) await logIn(context);
      const shown = isSite ? pages : pagesOfAdmins;
      for (const [name, path] of Object.entries(shown)) {
        if (name === 'what is followed') await follow(context, pages['a series'] ?? '');
        const page = await context.newPage();
        await page.goto(path);
        if (await page.locator('[data-live-state]').count())
          await page.locator('[data-live-state=live]').waitFor();
        const faults = await faultsOf(page, strangers.splice(0));
        if (faults.length > 0) found[name] = faults;
        await page.close();
      }
      await context.close();
      expect(found).toEqual({});
    },
    180_000,
  );

  test('has nothing for axe to find in the states that a visitor brings it into', async () => {
    const context = await browser.newContext({ baseURL: site.url, viewport: { width: 360, height: 740 } });
    const page = await context.newPage();
    const live = (state: string): Promise<void> => page.locator(`[data-live-state=${state}]`).waitFor();
    const found: Record<string, string[]> = {};
    const look = async (state: string): Promise<void> => {
      await page.evaluate(STILL);
      const { violations } = await inspect(page);
      const faults = violations.flatMap(({ id, nodes }) =>
        nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`),
      );
      if (faults.length > 0) found[state] = faults;
    };
    const post = (number: number) => newEpisode(catalog, seriesId, { number, videoServers: [VIDEO_SERVER] });

    await page.goto('/episodes/latest');
    await live('live');
    await post(101);
    // It stays while the pointer is on it.
    await page.getByRole('group', { name: 'New episode' }).hover();
    await look('a toast');
    await page.getByRole('button', { name: 'Dismiss' }).click();
    await page.locator('[data-item-link]').first().focus();
    await post(102);
    await page.locator('[data-live-pill]').waitFor();
    await look('a pill');
    await page.getByRole('switch', { name: 'Live updates' }).click();
    await live('off');
    await look('switched off');
    await page.getByRole('switch', { name: 'Live updates' }).click();
    await live('live');
    await context.setOffline(true);
    await live('offline');
    await page.getByText('You are offline.').waitFor();
    await look('offline');
    await context.setOffline(false);
    await live('live');

    await page
      .getByRole('searchbox')
      .or(page.getByRole('combobox', { name: 'Search series' }))
      .fill('frieren');
    await page.getByRole('option').first().waitFor();
    await page.keyboard.press('ArrowDown');
    await look('suggestions');

    await page.goto(`${pages['an episode']}`);
    await page.getByRole('button', { name: 'Watched' }).click();
    await look('watched');
    await page.getByRole('button', { name: 'Keyboard shortcuts' }).click();
    await look('the list of keys');
    await page.getByRole('button', { name: 'Close' }).click();
    await page.goto('/episodes/latest');
    await page.getByRole('region', { name: 'Continue watching' }).waitFor();
    await look('something to go on with');
    await context.close();
    expect(found).toEqual({});
  }, 120_000);

  test('would have something for axe to find, were it broken', async () => {
    const page = await browser.newPage({ baseURL: site.url });
    await page.goto('/about');
    await page.evaluate(
      `document.querySelector('main').insertAdjacentHTML('beforeend', '<img src="/favicon.ico"><button></button>')`,
    );
    const { violations } = await inspect(page);
    expect(violations.map(({ id }) => id).sort()).toEqual(['button-name', 'image-alt']);
    await page.close();
  });

  test('can be read with text of twice the size on the narrowest phone', async () => {
    const large = await launchBrowser(['--blink-settings=defaultFontSize=32']);
    const page = await large.newPage({ baseURL: site.url, viewport: { width: 320, height: 640 } });
    const found: Record<string, unknown> = {};
    for (const [name, path] of Object.entries(pages)) {
      await page.goto(path);
      const wider = await page.evaluate<number>(TOO_WIDE);
      const broken = await page.evaluate<string[]>(BROKEN_WORDS);
      if (wider > 0 || broken.length > 0) found[name] = { wider, broken };
    }
    await large.close();
    expect(found).toEqual({});
  }, 120_000);

  test('says by more than colours of its own what is switched on and chosen', async () => {
    const page = await browser.newPage({ baseURL: site.url, forcedColors: 'active' });
    const colourOf = (selector: string): Promise<string> =>
      page.evaluate(`getComputedStyle(document.querySelector('${selector}')).backgroundColor`);
    await page.goto('/episodes/latest?type=tv');
    const chosen = await colourOf('.filters__kind[value=tv]');
    expect(await colourOf('.filters__kind[value=movie]')).not.toBe(chosen);
    expect(await colourOf('.filters__followed')).not.toBe(chosen);
    await page.goto('/episodes/latest?followed=mine');
    expect(await colourOf('.filters__followed')).toBe(chosen);
    await page.goto('/episodes/latest?type=tv');
    await page.locator('[data-live-state=live]').waitFor();
    const on = await colourOf('.live-switch__track');
    await page.getByRole('switch', { name: 'Live updates' }).click();
    await page.locator('[data-live-state=off]').waitFor();
    // It changes by and by.
    await until(async () => (await colourOf('.live-switch__track')) !== on);
    await page.goto('/series');
    const letter = await colourOf('[aria-current].letters__letter');
    expect(await colourOf('a.letters__letter:not([aria-current])')).not.toBe(letter);
    await page.close();
  });

  test('has an outline on what has the focus, and goes by keyboard alone from the top to the first episode', async () => {
    const context = await browser.newContext({ baseURL: site.url });
    const page = await context.newPage();
    await page.goto('/episodes/latest');
    const seen: string[] = [];
    for (let presses = 0; presses < 40; presses++) {
      await page.keyboard.press('Tab');
      const focused = await page.evaluate<{ text: string; outlined: boolean; isCard: boolean }>(`(() => {
        const element = document.activeElement;
        // A card has its link's outline around it.
        const around = [element, element.closest('.card')].filter(Boolean);
        return {
          text: element.textContent.trim().slice(0, 40) || element.id,
          outlined: around.some((each) => getComputedStyle(each).outlineStyle !== 'none'),
          isCard: element.matches('[data-item-link]'),
        };
      })()`);
      seen.push(focused.text);
      expect([focused.text, focused.outlined]).toEqual([focused.text, true]);
      if (focused.isCard) break;
    }
    expect(seen[0]).toBe('Skip to content');
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/episodes\/\d+$/);
    await context.close();
  });
});
