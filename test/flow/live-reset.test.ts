import type { Browser, Page, Route } from 'playwright-core';
import { deleteEpisode } from '../../src/features/episodes/repository';
import { describeInBrowser, launchBrowser } from '../support/browser';
import { newEpisode, newSeries, testCatalog, tester } from '../support/catalog';
import { startSite, type TestSite } from '../support/site';
import { until } from '../support/until';

describeInBrowser('a page that is told to read its grid again', () => {
  let site: TestSite;
  let browser: Browser;
  let seriesId: string;
  let lastNumber = 0;
  const problems: string[] = [];

  beforeAll(async () => {
    [site, browser] = await Promise.all([startSite(), launchBrowser()]);
    seriesId = (await newSeries(testCatalog(site.database.db), { title: 'Read again' })).id;
  });
  afterAll(async () => {
    await browser?.close();
    await site?.stop();
  });
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
    expect(problems.splice(0)).toEqual([]);
  });

  const post = async (): Promise<string> =>
    (await newEpisode(testCatalog(site.database.db), seriesId, { number: ++lastNumber })).id;
  const card = (page: Page, episodeId: string) => page.locator(`[data-key="${episodeId}"]`);
  const inState = (page: Page, state: string) =>
    page.locator(`[data-live-state="${state}"]`).waitFor({ timeout: 25_000 });

  /** A live page that notes every state, and whether it showed the card then. It reads after a reset without delay. */
  async function openPage(episodeId: string): Promise<Page> {
    const page = await (await browser.newContext()).newPage();
    page.on('pageerror', (error) => problems.push(error.message));
    await page.addInitScript(`
      Math.random = () => 0.05;
      window.noted = [];
      document.addEventListener('DOMContentLoaded', () => {
        const label = document.querySelector('[data-live-state]');
        new MutationObserver(() => {
          const shown = document.querySelector('[data-key="${episodeId}"]') !== null;
          window.noted.push(label.dataset.liveState + (shown ? ' with' : ' without'));
        }).observe(label, { attributeFilter: ['data-live-state'] });
      });
    `);
    await page.goto(`${site.url}/episodes/latest`);
    await inState(page, 'live');
    await card(page, episodeId).waitFor();
    return page;
  }
  const noted = (page: Page): Promise<readonly string[]> => page.evaluate('window.noted');

  /** As after a restored backup: the epoch is another one, and the episode was never there. */
  async function takeBack(episodeId: string): Promise<void> {
    await site.database.db.transaction(async (trx) => {
      await trx('episodes').where({ id: episodeId }).delete();
      await trx('live_head').update({ epoch: trx.raw('new_epoch()') });
    });
  }

  const wrong: readonly (readonly [string, (route: Route) => Promise<void>])[] = [
    ['is never answered', async () => undefined],
    ['is answered without a list', (route) => route.fulfill({ status: 200, body: '' })],
    [
      'is answered by a page to log in to a network with',
      (route) =>
        route.fulfill({ contentType: 'text/html', body: '<!doctype html><h1>Welcome to the train</h1>' }),
    ],
    [
      'is answered with a list that says nothing',
      (route) => route.fulfill({ body: '<div data-live-list data-topic="latest"></div>' }),
    ],
    ['is refused', (route) => route.fulfill({ status: 503, body: 'Not now' })],
    ['is cut off', (route) => route.abort('connectionreset')],
  ];

  test.each(wrong)('is right without a reload when that %s, and not "Live" before', async (_name, answer) => {
    const id = await post();
    const page = await openPage(id);
    let requests = 0;
    await page.route('**/episodes/latest/grid*', async (route) => {
      if (++requests === 1) return answer(route);
      return route.continue();
    });
    await takeBack(id);
    await inState(page, 'catching-up');
    expect(await page.locator('[data-live-state]').textContent()).toBe('Catching up');
    await inState(page, 'live');
    expect(requests).toBe(2);
    expect(await card(page, id).count()).toBe(0);
    expect(await noted(page)).toEqual(['live with', 'catching-up with', 'live without']);
    // And it goes on.
    const later = await post();
    await card(page, later).waitFor();
  });

  test('takes no grid of before, which a cache may have kept', async () => {
    const id = await post();
    const page = await openPage(id);
    const old = await (await fetch(`${site.url}/episodes/latest/grid`)).text();
    let requests = 0;
    await page.route('**/episodes/latest/grid*', async (route) => {
      if (++requests <= 2) return route.fulfill({ contentType: 'text/html', body: old });
      return route.continue();
    });
    await takeBack(id);
    await inState(page, 'catching-up');
    await inState(page, 'live');
    expect(requests).toBe(3);
    expect(await card(page, id).count()).toBe(0);
    expect((await noted(page)).at(-1)).toBe('live without');
  });

  test('so is one that hears of an episode whose card can not be read, and it misses nothing after that', async () => {
    const id = await post();
    const page = await openPage(id);
    const { epoch, seq } = await site.database.db('live_head').first();
    const event = {
      topic: 'latest',
      key: id,
      rev: Number(seq) + 1,
      isNew: true,
      position: '1-1',
      tag: '0123456789abc',
      html: '<p>?</p>',
    };
    let streams = 0;
    await page.route('**/events*', async (route) => {
      if (++streams > 1) return route.continue();
      const hello = { resume: 'ok', topics: ['latest'], heartbeatMs: 15_000, ttlMs: 1_000_000 };
      await route.fulfill({
        contentType: 'text/event-stream',
        body: `event: hello\nid: ${epoch}.${seq}\ndata: ${JSON.stringify(hello)}\n\nevent: upsert\nid: ${epoch}.${Number(seq) + 1}\ndata: ${JSON.stringify(event)}\n\n`,
      });
    });
    let reads = 0;
    page.on('request', (request) => {
      if (request.url().includes('/latest/grid')) reads++;
    });
    await page.evaluate('dispatchEvent(new Event("online"))');
    await until(() => problems.length > 0);
    expect(problems.splice(0)).toEqual(['The event carries no item.']);
    await deleteEpisode(testCatalog(site.database.db), tester, id);
    await inState(page, 'live');
    await until(() => reads > 0);
    await until(async () => (await card(page, id).count()) === 0);
    const later = await post();
    await card(page, later).waitFor();
  });
});
