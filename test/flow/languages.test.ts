import type { Browser, BrowserContext, Page } from 'playwright-core';
import { describeInBrowser, launchBrowser } from '../support/browser';
import { newEpisode, newSeries, testCatalog } from '../support/catalog';
import { startSite, type TestSite } from '../support/site';
import { until } from '../support/until';

/** From right to left and longer than English, with no letter of ASCII in its messages. */
const PSEUDO = 'ar-XB';

/** Names that are the same in every language, and what was searched for. */
const NAMES = /nipnime|Atom|RSS|JSON Feed|UTC|Asia\/Tokyo|\bEN\b|Main|Mirror|frieren|z{12}/g;

/**
 * What is said in plain letters outside of titles, which have a language of their own: of all text and of all attributes that are
 * read out, shown, or said later by a script.
 */
const SAID_IN_ASCII = `(() => {
  const root = document.documentElement;
  const isOurs = (element) =>
    element.closest('[lang]') === root && !element.closest('script, style, template, noscript, code, kbd');
  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const { parentElement, data } = walker.currentNode;
    if (isOurs(parentElement)) texts.push(data);
  }
  for (const element of document.body.querySelectorAll('*')) {
    if (!isOurs(element)) continue;
    for (const { name, value } of element.attributes)
      if (/^(aria-label|title|placeholder|alt|data-word.*|data-at-zero|data-trying|data-waiting)$/.test(name))
        texts.push(value.replace(/\\{\\w+\\}/g, ''));
  }
  return texts.map((text) => text.trim()).filter((text) => text !== '');
})()`;

const TOO_WIDE = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';

/** Whether a heartbeat has found the lists of the page to be right: its state says then how long ago that was. */
function isProven(page: Page): Promise<boolean> {
  return page.evaluate<boolean>(`(() => {
    const label = document.querySelector('[data-live-state]');
    label.dispatchEvent(new PointerEvent('pointerenter'));
    return label.title !== '';
  })()`);
}

describeInBrowser('languages', () => {
  let site: TestSite;
  let browser: Browser;
  let catalog: ReturnType<typeof testCatalog>;
  let seriesId: string;
  let seriesPath: string;
  let pages: Readonly<Record<string, string>>;

  beforeAll(async () => {
    [site, browser] = await Promise.all([startSite(), launchBrowser()]);
    catalog = testCatalog(site.database.db);
    const series = await newSeries(catalog, { title: '葬送のフリーレン', titleLanguage: 'ja', kind: 'tv' });
    const videoServers = [
      { name: 'Main', kind: 'file', url: '/media/clip.mp4', audioLanguage: 'ja', subtitleLanguage: 'en' },
      { name: 'Mirror', kind: 'file', url: '/media/clip.mp4' },
    ];
    for (let number = 1; number <= 3; number++)
      await newEpisode(catalog, series.id, { number, videoServers });
    seriesId = series.id;
    seriesPath = `/series/${series.slug}`;
    pages = {
      'the latest episodes': '/episodes/latest',
      'a filter that nothing matches': '/episodes/latest?type=movie&season=1950-winter',
      'all series': '/series',
      'a series': seriesPath,
      'an episode': `${seriesPath}/episodes/2`,
      'the schedule': '/schedule',
      'an empty search': '/search',
      'a search that finds something': '/search?q=frieren',
      'a search that finds nothing': '/search?q=zzzzzzzzzzzz',
      'a search that is too long': `/search?q=${'a'.repeat(101)}`,
      'nothing that is followed': '/following',
      'what is followed': `/following?series=${series.id}`,
      'no connection': '/offline',
      'about the site': '/about',
      'nothing at all': '/nothing/here',
    };
  });
  afterAll(async () => {
    await browser?.close();
    await site?.stop();
  });

  async function contextIn(language: string, width: number): Promise<BrowserContext> {
    const context = await browser.newContext({
      baseURL: site.url,
      viewport: { width, height: 900 },
      timezoneId: 'Asia/Tokyo',
    });
    await context.addCookies([{ name: 'language', value: language, url: site.url }]);
    return context;
  }

  async function open(page: Page, path: string): Promise<void> {
    await page.goto(path);
    if (await page.locator('[data-live-state]').count())
      await page.locator('[data-live-state=live]').waitFor();
  }

  test.each([360, 1440])(
    'each page says all it has to say by its messages, from right to left as well, at %i px',
    async (width) => {
      const context = await contextIn(PSEUDO, width);
      const page = await context.newPage();
      const found: Record<string, unknown> = {};
      for (const [name, path] of Object.entries(pages)) {
        await open(page, path);
        const texts = await page.evaluate<string[]>(SAID_IN_ASCII);
        const faults = {
          direction: await page.evaluate<string>('getComputedStyle(document.body).direction'),
          wider: await page.evaluate<number>(TOO_WIDE),
          english: texts.map((text) => text.replace(NAMES, '')).filter((text) => /[A-Za-z]{2}/.test(text)),
        };
        found[name] = faults;
        expect(texts.length).toBeGreaterThan(10);
      }
      await context.close();
      const none = { direction: 'rtl', wider: 0, english: [] };
      expect(found).toEqual(Object.fromEntries(Object.keys(pages).map((name) => [name, none])));
    },
    120_000,
  );

  test.each(['ja', 'de'])(
    'no page in %s is wider than a narrow window',
    async (language) => {
      const context = await contextIn(language, 360);
      const page = await context.newPage();
      const wider: Record<string, number> = {};
      for (const [name, path] of Object.entries(pages)) {
        await open(page, path);
        const by = await page.evaluate<number>(TOO_WIDE);
        if (by > 0) wider[name] = by;
      }
      await context.close();
      expect(wider).toEqual({});
    },
    120_000,
  );

  test('what is posted comes in the language of each page, also where one browser has two', async () => {
    const context = await contextIn('ja', 1440);
    const [japanese, english] = [await context.newPage(), await context.newPage()];
    await open(japanese, '/episodes/latest');
    await open(english, '/episodes/latest?language=en');
    await newEpisode(catalog, seriesId, { number: 77 });
    await japanese
      .locator('[data-topic="latest.ja"] [data-key] .card__label', { hasText: '第77話' })
      .waitFor();
    await english
      .locator('[data-topic="latest"] [data-key] .card__label', { hasText: 'Episode 77' })
      .waitFor();
    await japanese.locator('[data-live-toast]:not([hidden])', { hasText: '第77話' }).waitFor();
    // Each of them is what the server says it should be.
    for (const page of [japanese, english]) await until(() => isProven(page), 40_000);
    await context.close();
  }, 60_000);

  test('the switch leads to the same page in another language, and works without a script', async () => {
    const context = await browser.newContext({
      baseURL: site.url,
      javaScriptEnabled: false,
      locale: 'de-DE',
    });
    const page = await context.newPage();
    await page.goto(seriesPath);
    expect(await page.locator('html').getAttribute('lang')).toBe('de');
    const languages = page.getByRole('navigation', { name: 'Sprache' });
    expect(await languages.locator('[aria-current]').textContent()).toBe('Deutsch');
    await languages.getByRole('link', { name: '日本語' }).click();
    await page.waitForURL(`**${seriesPath}`);
    expect(await page.locator('html').getAttribute('lang')).toBe('ja');
    expect(await page.locator('.episode-row__link').first().textContent()).toBe('第77話');
    await context.close();
  });
});
