import type { Browser, Page } from 'playwright-core';
import sharp from 'sharp';
import { describeInBrowser, launchBrowser } from '../support/browser';
import { newEpisode, newSeries, testCatalog } from '../support/catalog';
import { startSite, type TestSite } from '../support/site';

/** Runs in the page: lets go of a file over an element, or pastes it. */
const GIVE = `([selector, type, base64]) => {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const data = new DataTransfer();
  data.items.add(new File([bytes], 'picture.png', { type: 'image/png' }));
  const init = { bubbles: true, cancelable: true };
  const event = type === 'paste'
    ? new ClipboardEvent(type, { ...init, clipboardData: data })
    : new DragEvent(type, { ...init, dataTransfer: data });
  document.querySelector(selector).dispatchEvent(event);
}`;

describeInBrowser('pictures', () => {
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
    await page.waitForURL(/\/admin\/today/);
  });
  afterAll(async () => {
    await browser?.close();
    await site?.stop();
  });

  function png(width: number, height: number, background: string): Promise<Buffer> {
    return sharp({ create: { width, height, channels: 3, background } })
      .png()
      .toBuffer();
  }

  async function give(type: 'drop' | 'paste', selector: string, bytes: Buffer): Promise<void> {
    await page.evaluate(`(${GIVE})(${JSON.stringify([selector, type, bytes.toString('base64')])})`);
  }

  test('a still is chosen, shown, saved, and on the cards of open pages as soon as it is made', async () => {
    const catalog = testCatalog(site.database.db);
    const series = await newSeries(catalog, { title: 'With a still' });
    const episode = await newEpisode(catalog, series.id);
    const viewer = await (await browser.newContext({ baseURL: site.url })).newPage();
    await viewer.goto('/episodes/latest');
    const card = viewer.locator('.cards__item', { hasText: 'With a still' });
    await card.waitFor();
    expect(await card.locator('picture').count()).toBe(0);

    await page.goto(`/admin/episodes/${episode.id}/edit`);
    const buffer = await png(1_600, 900, '#8040c0');
    const file = { name: 'still.png', mimeType: 'image/png', buffer };
    await page.getByLabel('Still', { exact: true }).setInputFiles(file);
    await page.getByText('The picture is here.').waitFor();
    await page.getByRole('img', { name: 'The picture that was chosen' }).waitFor();
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByText('was saved').waitFor();
    await page.getByRole('img', { name: 'The still that is saved with this form' }).waitFor();

    // The viewer's page is not touched.
    await card.locator('picture').waitFor();
    const shown = card.locator('picture img');
    await viewer.waitForFunction(`document.querySelector('.cards picture img')?.naturalWidth > 0`);
    expect(await shown.evaluate((image) => String(Reflect.get(image, 'currentSrc')))).toMatch(
      /\/images\/[0-9a-f]{24}-[0-9]+\.avif$/,
    );
    await viewer.context().close();
  });

  test('a poster is dropped, taken back, pasted, and one that is no picture is refused on the spot', async () => {
    const series = await newSeries(testCatalog(site.database.db), { title: 'With a poster' });
    await page.goto(`/admin/series/${series.id}/edit`);
    const undo = page.getByRole('button', { name: 'Undo', exact: true });
    await give('drop', '[data-image-field]', await png(600, 900, '#c04040'));
    await page.getByText('The picture is here.').waitFor();
    await undo.click();
    await page.getByText('The picture is as it was.').waitFor();
    expect(await page.locator('[name="poster"]').inputValue()).toBe('');

    await page.getByLabel('Synopsis').fill('Typed');
    await give('drop', '[data-image-field]', Buffer.from('nothing of the kind'));
    await page.getByText('Is no picture. Choose a JPEG, PNG, WebP, AVIF or GIF file.').waitFor();

    await give('paste', 'body', await png(600, 900, '#40c040'));
    await page.getByText('The picture is here.').waitFor();
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByText('was saved').waitFor();
    expect(await page.getByLabel('Synopsis').inputValue()).toBe('Typed');
    const poster = page.getByRole('img', { name: 'The poster that is saved with this form' });
    await poster.waitFor();

    await page.getByLabel('Remove this picture').check();
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await poster.waitFor({ state: 'detached' });
  });
});
