import { readFile } from 'node:fs/promises';
import type { Browser, Page } from 'playwright-core';
import { describeInBrowser, launchBrowser, testOfDownloads } from '../support/browser';
import { newSeries, testCatalog } from '../support/catalog';
import { startSite, type TestSite } from '../support/site';

describeInBrowser('files of the catalog', () => {
  let site: TestSite;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    [site, browser] = await Promise.all([startSite(), launchBrowser()]);
    // Nothing of this needs a script.
    page = await (await browser.newContext({ baseURL: site.url, javaScriptEnabled: false })).newPage();
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

  async function sendFile(name: string, content: string): Promise<void> {
    await page.goto('/admin/series');
    await page.getByRole('link', { name: 'Import and export', exact: true }).click();
    await page
      .getByLabel('File', { exact: true })
      .setInputFiles({ name, mimeType: 'text/csv', buffer: Buffer.from(content) });
    await page.getByRole('button', { name: 'Preview' }).click();
    // The page is loaded again until the job has looked at the file.
    await page.getByRole('heading', { name: 'What would be written' }).waitFor();
  }

  testOfDownloads(
    'rows that are wrong are told, the others imported, and the file of the wrong ones is mended',
    async () => {
      const series = await newSeries(testCatalog(site.database.db), {
        title: 'Imported rows',
        slug: 'imported-rows',
      });
      const rows = Array.from({ length: 12 }, (_, index) => [
        series.slug,
        index === 3 ? 'four' : index + 1,
        index === 9 ? 'ftp' : 'https',
        index + 1,
      ]).map(
        ([slug, number, scheme, file]) =>
          `${slug},${number},published,Main,file,${scheme}://video.example/${file}.mp4`,
      );
      const header = 'series,number,status,videoServers.1.name,videoServers.1.kind,videoServers.1.url';
      await sendFile('episodes.csv', [header, ...rows].join('\r\n'));
      await page.getByText('10 new, 2 refused', { exact: true }).waitFor();
      await page
        .getByText('number: Must be a number from 0 to 99999.99, such as 12 or 12.5.', { exact: true })
        .waitFor();
      await page.getByRole('button', { name: 'Import 10 rows', exact: true }).click();
      await page.getByRole('heading', { name: 'Imported', exact: true }).waitFor();
      const download = page.waitForEvent('download');
      await page.getByRole('link', { name: 'Refused rows as a file', exact: true }).click();
      const refused = await readFile(await (await download).path(), 'utf8');
      await sendFile('mended.csv', refused.replace(',four,', ',4,').replace('ftp:', 'https:'));
      await page.getByRole('button', { name: 'Import 2 rows', exact: true }).click();
      await page.getByRole('heading', { name: 'Imported', exact: true }).waitFor();
      await page.goto(`/series/${series.slug}`);
      const links = page.locator(`a[href^="/series/${series.slug}/episodes/"]`);
      const addresses = await links.evaluateAll((all) =>
        all.map((each) => String(Reflect.get(each, 'href'))),
      );
      expect(new Set(addresses).size).toBe(12);
    },
  );

  test('an import is undone as a whole, after what that means was seen', async () => {
    const series = await newSeries(testCatalog(site.database.db), { title: 'To be undone', slug: 'undone' });
    await sendFile('undone.csv', 'series,number\r\nundone,1\r\nundone,2');
    await page.getByRole('button', { name: 'Import 2 rows', exact: true }).click();
    await page.getByRole('heading', { name: 'Imported', exact: true }).waitFor();
    await page.getByRole('link', { name: 'Undo this import …', exact: true }).click();
    await page.getByText('2 new episodes: into the trash', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Undo the import', exact: true }).click();
    await page.getByRole('heading', { name: 'Undone', exact: true }).waitFor();
    const left = site.database.db('episodes').where({ series_id: series.id }).whereNull('deleted_at');
    expect(await left).toEqual([]);
  });
});
