import type { Browser, Page } from 'playwright-core';
import { describeInBrowser, launchBrowser } from '../support/browser';
import { newEpisode, newSeries, testCatalog } from '../support/catalog';
import { startSite, type TestSite } from '../support/site';

/** Runs in the page. */
const PASTE = `(element, text) => {
  const clipboardData = new DataTransfer();
  clipboardData.setData('text/plain', text);
  return element.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
}`;

describeInBrowser('the form of an episode', () => {
  let site: TestSite;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    [site, browser] = await Promise.all([startSite(), launchBrowser()]);
    page = await (await browser.newContext({ baseURL: site.url })).newPage();
    await page.goto('/admin');
    await page.getByLabel('E-mail').fill(site.admin.email);
    await page.getByLabel('Password').fill(site.admin.password);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.waitForURL(/\/admin\/episodes/);
  });
  afterAll(async () => {
    await browser?.close();
    await site?.stop();
  });

  /** Pastes as the clipboard does: the browser itself inserts the text, unless the page has done so. */
  async function paste(label: string, text: string): Promise<void> {
    const field = page.getByLabel(label, { exact: true });
    await field.fill('');
    await field.focus();
    const isLeftToBrowser = await page.evaluate<boolean>(
      `(${PASTE})(document.activeElement, ${JSON.stringify(text)})`,
    );
    if (isLeftToBrowser) await page.keyboard.insertText(text);
  }

  test('keeps pasted lines apart, and takes the address of a code for embedding', async () => {
    const series = await newSeries(testCatalog(site.database.db), { title: 'Pasted' });
    await page.goto(`/admin/series/${series.id}/episodes/new`);
    await page.getByLabel('Name').fill('Main');
    const url = page.getByLabel('URL', { exact: false }).first();

    await paste('URL *', 'https://a.example/1.mp4\nhttps://b.example/2.mp4\n');
    expect(await url.inputValue()).toBe('https://a.example/1.mp4 https://b.example/2.mp4');
    await page.getByRole('button', { name: 'Save', exact: true }).last().click();
    await page.getByText('Paste one address alone').first().waitFor();
    expect(await url.inputValue()).toBe('https://a.example/1.mp4 https://b.example/2.mp4');

    await paste('URL *', '<iframe\n  width="560"\n  src="//player.example/e/1?a=1&amp;b=2">\n</iframe>');
    await page.getByRole('button', { name: 'Save', exact: true }).last().click();
    await page.waitForURL(/\/admin\/episodes\/\d+\/edit/);
    expect(await url.inputValue()).toBe('https://player.example/e/1?a=1&b=2');
  });

  test('sends the seconds of a time that nobody has touched', async () => {
    const catalog = testCatalog(site.database.db);
    const series = await newSeries(catalog, { title: 'Seconds' });
    const publishAt = '2031-01-01T12:00:45.120Z';
    const { id } = await newEpisode(catalog, series.id, { status: 'scheduled', publishAt });
    await page.goto(`/admin/episodes/${id}/edit`);
    await page.getByLabel('Title', { exact: true }).fill('Edited');
    await page.getByRole('button', { name: 'Save', exact: true }).last().click();
    await page.getByText('was saved.').waitFor();
    expect(await site.database.db('episodes').select('title', 'publish_at').where({ id }).first()).toEqual({
      title: 'Edited',
      publish_at: new Date(publishAt),
    });
  });
});
