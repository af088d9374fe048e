import type { Browser, Page } from 'playwright-core';
import { describeInBrowser, launchBrowser } from '../support/browser';
import { startSite, type TestSite } from '../support/site';
import { startTcpProxy } from '../support/tcp-proxy';

describeInBrowser('posting an episode', () => {
  let site: TestSite;
  let browser: Browser;
  let viewers: Page[];
  let admin: Page;

  beforeAll(async () => {
    [site, browser] = await Promise.all([startSite(), launchBrowser()]);
    viewers = await Promise.all([openGrid(), openGrid()]);
    admin = await (await browser.newContext()).newPage();
    await admin.goto(`${site.url}/admin`);
    await admin.getByLabel('E-mail').fill(site.admin.email);
    await admin.getByLabel('Password').fill(site.admin.password);
    await admin.getByRole('button', { name: 'Log in' }).click();
    await admin.waitForURL(/\/admin\/today/);
  });
  afterAll(async () => {
    await browser?.close();
    await site?.stop();
  });

  /** A viewer with a browser profile of their own, whose stream is open. */
  async function openGrid(url = site.url): Promise<Page> {
    const page = await (await browser.newContext()).newPage();
    const connected = page.waitForResponse((response) => new URL(response.url()).pathname === '/events');
    await page.goto(`${url}/episodes/latest`);
    expect((await connected).status()).toBe(200);
    // A reload would take this mark away.
    await page.evaluate('document.documentElement.dataset.loadedOnce = "yes"');
    return page;
  }

  const card = (page: Page, episodeId: string) => page.locator(`[data-key="${episodeId}"]`);
  const everyViewer = (look: (page: Page) => Promise<unknown>) => Promise.all(viewers.map(look));

  test('an episode that is posted, edited, hidden and deleted is followed by every open page', async () => {
    await admin.getByRole('link', { name: 'Series', exact: true }).click();
    await admin.getByRole('link', { name: 'New episode' }).first().click();
    await admin.getByLabel('Number').fill('9001');
    await admin.getByLabel('Title', { exact: true }).fill('Over nine thousand');
    await admin.getByLabel('Name').first().fill('Main');
    await admin.getByLabel('Kind', { exact: true }).last().selectOption('file');
    await admin.getByLabel('URL').first().fill('/media/clip.mp4');
    for (const extra of (await admin.getByRole('button', { name: /Remove/ }).all()).slice(1))
      await extra.click();

    const started = performance.now();
    const saved = admin.getByRole('button', { name: 'Save', exact: true }).last().click();
    await everyViewer((page) => page.getByText('Over nine thousand').waitFor());
    console.info(
      `From the click on Save to the card in both browsers: ${Math.round(performance.now() - started)} ms`,
    );
    await saved;
    await admin.waitForURL(/\/admin\/episodes\/\d+\/edit/);
    // On those two, and on no page of the back office.
    await admin.getByText('On screens: 2').waitFor();
    await admin.getByText(/^the last one after \d\.\d\d? s$/).waitFor();
    const episodeId = /episodes\/(\d+)/.exec(admin.url())?.[1] ?? '';
    const cards = await everyViewer((page) => page.locator('[data-key]').count());

    await save({ Title: 'Edited in place' });
    await everyViewer((page) => card(page, episodeId).getByText('Edited in place').waitFor());
    expect(await everyViewer((page) => page.locator('[data-key]').count())).toEqual(cards);

    await admin.getByRole('radio', { name: /^Hidden/ }).check();
    await save({});
    await everyViewer((page) => card(page, episodeId).waitFor({ state: 'detached' }));
    await admin.getByRole('radio', { name: /^(Published|Now)/ }).check();
    await save({});
    await everyViewer((page) => card(page, episodeId).waitFor());

    await admin.getByLabel('Enabled').first().uncheck();
    await save({});
    await everyViewer((page) => card(page, episodeId).waitFor({ state: 'detached' }));
    await admin.getByLabel('Enabled').first().check();
    await save({});
    await everyViewer((page) => card(page, episodeId).waitFor());

    await admin.goto(`${site.url}/admin/episodes`);
    await admin
      .getByRole('row', { name: /9001/ })
      .getByRole('button', { name: /Delete/ })
      .click();
    await everyViewer((page) => card(page, episodeId).waitFor({ state: 'detached' }));
    await admin.getByRole('button', { name: 'Undo' }).click();
    await everyViewer((page) => card(page, episodeId).waitFor());
    expect(await everyViewer((page) => card(page, episodeId).count())).toEqual([1, 1]);
    expect(await everyViewer((page) => page.evaluate('document.documentElement.dataset.loadedOnce'))).toEqual(
      ['yes', 'yes'],
    );
  });

  async function save(fields: Readonly<Record<string, string>>): Promise<void> {
    for (const [label, value] of Object.entries(fields))
      await admin.getByLabel(label, { exact: true }).fill(value);
    const answered = admin.waitForResponse((response) => response.request().method() === 'POST');
    await admin.getByRole('button', { name: 'Save', exact: true }).last().click();
    expect((await answered).status()).toBe(303);
    await admin.waitForLoadState();
  }

  test('a page that was cut off catches up with everything it missed, once', async () => {
    const network = await startTcpProxy({ port: Number(new URL(site.url).port) });
    const viewer = await openGrid(`http://localhost:${network.port}`);
    await viewer.locator('[data-live-state="live"]').waitFor();
    network.cut();
    await viewer.locator('[data-live-state="reconnecting"]').waitFor();

    await admin.goto(`${site.url}/admin/episodes`);
    await admin.getByRole('link', { name: 'Edit' }).first().click();
    await admin.waitForURL(/\/admin\/episodes\/\d+\/edit/);
    const episodeId = /episodes\/(\d+)/.exec(admin.url())?.[1] ?? '';
    await save({ Title: 'Edited meanwhile' });
    await save({ Title: 'And once more' });

    network.mend();
    await card(viewer, episodeId).getByText('And once more').waitFor();
    expect(await card(viewer, episodeId).count()).toBe(1);
    await viewer.locator('[data-live-state="live"]').waitFor();
    await viewer.context().close();
    await network.close();
  });
});
