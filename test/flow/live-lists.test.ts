import type { Browser, BrowserContext, Page } from 'playwright-core';
import { describeInBrowser, launchBrowser } from '../support/browser';
import { ListSite } from '../support/list-site';
import { digestOfThings, type Thing } from '../support/render-list';
import { until } from '../support/until';

const thing = (id: number, text = `Thing ${id}`): Thing => ({
  key: String(id),
  position: `${id * 10}-${id}`,
  text,
});
const some = (count: number): Thing[] => Array.from({ length: count }, (_, index) => thing(index + 1));

describeInBrowser('lists on a page', () => {
  let browser: Browser;
  let site: ListSite;
  let context: BrowserContext;
  const problems: string[] = [];

  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser?.close());
  beforeEach(async () => {
    site = await ListSite.start();
    context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  });
  afterEach(async () => {
    await context.close();
    await site.close();
    expect(problems.splice(0)).toEqual([]);
  });

  /** A live page of these lists. The random part of what is spread over time is small. */
  async function open(...topics: readonly string[]): Promise<Page> {
    const page = await context.newPage();
    page.on('pageerror', (error) => problems.push(error.message));
    await page.addInitScript('{ const { random } = Math; Math.random = () => random() / 20; }');
    await page.goto(`${site.url}/?lists=${topics.join()}`);
    await page.locator('[data-live-state="live"]').waitFor();
    return page;
  }

  const list = (page: Page, topic: string) => page.locator(`[data-live-list][data-topic="${topic}"]`);
  const keys = (page: Page, topic: string) =>
    list(page, topic)
      .locator('[data-live-items] > li')
      .evaluateAll((items) => items.map((item) => item.getAttribute('data-key')));
  const shows = (page: Page, topic: string, expected: readonly string[]) =>
    until(async () => (await keys(page, topic)).join() === expected.join());
  const pill = (page: Page, topic: string) => page.getByRole('button', { name: topic });

  test('several are on one stream, and each is told what is of its topic, in its own words', async () => {
    site.fill('films', some(2));
    site.fill('songs', some(1));
    const page = await open('films', 'songs');
    expect(site.streams).toEqual(['topics=films%2Csite%2Csongs&cursor=e.100']);
    site.put('songs', thing(5, 'A song'));
    await shows(page, 'songs', ['5', '1']);
    expect(await keys(page, 'films')).toEqual(['2', '1']);
    const link = page.locator('[data-live-toast] a');
    expect([await link.textContent(), await link.getAttribute('href')]).toEqual(['A song', '/5']);
    await page.getByText('1 songs', { exact: true }).waitFor();

    await list(page, 'films').getByRole('link').first().focus();
    site.put('films', thing(7));
    site.put('films', thing(8));
    await pill(page, '2 films – show').waitFor();
    site.put('songs', thing(6));
    await shows(page, 'songs', ['6', '5', '1']);
    expect(await keys(page, 'films')).toEqual(['2', '1']);
    await pill(page, '2 films').click();
    await shows(page, 'films', ['8', '7', '2', '1']);
    expect(await page.evaluate('document.activeElement.pathname')).toBe('/8');
  });

  test('a pointer that has come to rest on one holds nothing back', async () => {
    site.fill('films', some(3));
    const page = await open('films');
    await page.clock.install();
    await list(page, 'films').getByText('Thing 2').hover();
    site.put('films', thing(4));
    await pill(page, '1 films').waitFor();
    await page.evaluate('new Promise((resolve) => requestAnimationFrame(resolve))');
    await page.clock.runFor(3_000);
    site.put('films', thing(5));
    await shows(page, 'films', ['5', '4', '3', '2', '1']);
  });

  test('more than a hundred missed wait behind the pill, and are said to; nothing is swapped under a reader', async () => {
    site.fill('films', some(30));
    const page = await open('films');
    const before = await keys(page, 'films');
    await list(page, 'films').getByRole('link', { name: 'Thing 20' }).focus();
    site.flood('films', some(180).slice(30));
    await pill(page, '24+ films – show').waitFor();
    await page.getByText('Catching up', { exact: true }).waitFor();
    expect(await keys(page, 'films')).toEqual(before);
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Thing 20');
    // It goes on being told.
    site.put('films', thing(20, 'Thing XX'), { isNew: false });
    await list(page, 'films').getByText('Thing XX').waitFor();
    await page.keyboard.press('.');
    const newest = some(180).slice(-24).reverse();
    await shows(
      page,
      'films',
      newest.map(({ key }) => key),
    );
    await page.locator('[data-live-state="live"]').waitFor();
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Thing 180');
    // At rest it is simply read.
    await page.evaluate('document.activeElement.blur()');
    site.flood('films', some(310).slice(180));
    await list(page, 'films').getByText('Thing 310').waitFor();
  });

  test('tabs with different lists share one stream for all of them, and neither loses anything', async () => {
    site.fill('films', some(1));
    site.fill('songs', some(1));
    const films = await open('films');
    site.put('films', thing(2));
    const songs = await open('songs');
    site.put('songs', thing(3));
    site.put('films', thing(4));
    const both = await open('films', 'songs');
    site.put('songs', thing(5));
    for (const page of [films, both]) await shows(page, 'films', ['4', '2', '1']);
    for (const page of [songs, both]) await shows(page, 'songs', ['5', '3', '1']);
    expect(site.streams.map((query) => new URLSearchParams(query).get('topics'))).toEqual([
      'films,site',
      'films,site,songs',
    ]);
    expect(site.reads).toEqual([]);

    // The tab with the stream goes, and so does its stream.
    await films.close();
    site.put('songs', thing(6));
    await shows(songs, 'songs', ['6', '5', '3', '1']);
    site.put('films', thing(7));
    await shows(both, 'films', ['7', '4', '2', '1']);
    expect(site.reads).toEqual([]);
  });

  test('a value that is whispered is shown in every tab, also in one that comes later', async () => {
    const first = await open('films');
    site.whisper('browsers', 381);
    const value = (page: Page) => page.locator('[data-live-value]');
    await value(first).getByText('381').waitFor();
    const second = await open('films');
    await value(second).getByText('381').waitFor();
    site.whisper('browsers', 382);
    for (const page of [first, second]) await value(page).getByText('382').waitFor();
  });

  test('a list that has lost an item is full again, with its focus and its link to the rest', async () => {
    site.fill('films', some(30));
    const page = await open('films');
    await list(page, 'films').getByRole('link', { name: 'Thing 20' }).focus();
    site.take('films', '29');
    await until(() => site.reads.length === 1);
    await shows(page, 'films', [
      '30',
      ...some(28)
        .map(({ key }) => key)
        .reverse()
        .slice(0, 23),
    ]);
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Thing 20');
    expect(await page.locator('[data-live-state]').getAttribute('data-live-state')).toBe('live');
  });

  test('the state says on request when the page was last found to be right', async () => {
    site.fill('films', some(3));
    const page = await open('films');
    await page.clock.install();
    const state = page.locator('[data-live-state]');
    expect(await state.getAttribute('title')).toBeNull();
    site.ping();
    await until(async () => {
      await page.mouse.move(0, 600);
      await state.hover();
      return (await state.getAttribute('title')) !== null;
    });
    await page.clock.runFor(4_000);
    await page.mouse.move(0, 600);
    await state.hover();
    expect(await state.getAttribute('title')).toMatch(/^Live · checked [45] s ago$/);
  });

  const first = "document.querySelector('[data-live-items] > li:nth-child(2)')";
  const plants: readonly (readonly [string, string])[] = [
    ['drops an item', `${first}.remove()`],
    ['drops the last item', "document.querySelector('[data-live-items] > li:last-child').remove()"],
    ['drops them all', "document.querySelector('[data-live-items]').replaceChildren()"],
    ['doubles an item', `${first}.after(${first}.cloneNode(true))`],
    ['doubles an item at the end', `${first}.parentElement.append(${first}.cloneNode(true))`],
    [
      'has an old state',
      `${first}.dataset.tag = '0123456789abc'; ${first}.querySelector('b').textContent = 'Old'`,
    ],
    ['swaps neighbours', `${first}.after(${first}.previousElementSibling)`],
    ['misplaces an item', `${first}.parentElement.append(${first})`],
    [
      'leaks an item',
      `{ const leak = ${first}.cloneNode(true); leak.dataset.key = '99'; leak.dataset.tag = '0123456789abc'; ${first}.before(leak); }`,
    ],
  ];

  test.each(plants)(
    'a page that %s finds it within two heartbeats, heals itself and tells',
    async (_name, script) => {
      site.fill('films', some(30));
      const page = await open('films');
      const items = () => list(page, 'films').locator('[data-live-items]').innerHTML();
      const before = await items();
      await page.evaluate(script);
      expect(await items()).not.toBe(before);
      site.ping();
      site.ping();
      await until(() => site.divergences.length === 1);
      expect(site.divergences).toEqual([
        {
          topic: 'films',
          head: 'e.100',
          expected: digestOfThings(site.things('films')),
          shown: expect.any(String),
        },
      ]);
      const right = [...some(30)].reverse().slice(0, 24);
      await shows(
        page,
        'films',
        right.map(({ key }) => key),
      );
      // The keys of one that was stale alone are right before it is read again.
      const texts = right.map(({ text }) => text).join();
      await until(async () => (await list(page, 'films').locator('b').allTextContents()).join() === texts);
      expect(site.reads).toEqual(['films']);
      site.ping();
      site.ping();
      site.put('films', thing(99));
      await shows(page, 'films', ['99', ...right.slice(0, 23).map(({ key }) => key)]);
      site.ping();
      site.ping();
      site.take('films', '99');
      await until(() => site.reads.length === 2);
      expect(site.divergences).toHaveLength(1);
    },
  );
});
