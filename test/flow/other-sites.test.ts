import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { describeInBrowser, launchBrowser } from '../support/browser';
import { startSite, type TestSite } from '../support/site';

/** A page that sends the form of a new series as soon as it is open. */
const attack = (target: string) => `<!doctype html><form method="post" action="${target}/admin/series">
  <input name="title" value="Forged"></form><script>document.forms[0].submit()</script>`;

describeInBrowser('forms of the back office', () => {
  let site: TestSite;
  let browser: Browser;
  let attacker: Server;
  let attackerPort: number;
  let target = '';
  let referrerPolicy = 'strict-origin-when-cross-origin';

  beforeAll(async () => {
    attacker = createServer((_request, response) => {
      response.setHeader('Referrer-Policy', referrerPolicy).setHeader('Content-Type', 'text/html');
      response.end(attack(target));
    }).listen(0, '127.0.0.1');
    await once(attacker, 'listening');
    attackerPort = (attacker.address() as AddressInfo).port;
    const resolver = '--host-resolver-rules=MAP *.site.lan 127.0.0.1';
    [site, browser] = await Promise.all([startSite(), launchBrowser([resolver])]);
  });
  afterAll(async () => {
    await browser?.close();
    await site?.stop();
    attacker?.close();
  });

  const forged = () => site.database.db('series').where({ title: 'Forged' });

  async function logIn(page: Page, url: string): Promise<void> {
    await page.goto(`${url}/admin`);
    await page.getByLabel('E-mail').fill(site.admin.email);
    await page.getByLabel('Password').fill(site.admin.password);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.waitForURL(/\/admin\/today/);
  }

  // To the first Chromium says where a form comes from by Sec-Fetch-Site, to the second by Origin alone.
  test.each([
    ['localhost', 'localhost'],
    ['www.site.lan', 'evil.site.lan'],
  ])('at http://%s: those of its pages are taken, those of a sister site are not', async (host, sister) => {
    target = `http://${host}:${new URL(site.url).port}`;
    const page = await browser.newPage();
    await logIn(page, target);
    await page.goto(`${target}/admin/series/new`);
    await page.getByLabel('Title *', { exact: true }).fill(`Posted at ${host}`);
    await page.getByRole('button', { name: 'Save', exact: true }).last().click();
    await page.getByText('was saved.').waitFor();

    await page.goto(`http://${sister}:${attackerPort}`);
    await page.getByText('This form was sent by a page of another site.').waitFor();
    expect(await forged()).toEqual([]);

    await page.goto(`${target}/admin/series`);
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.waitForURL(/\/admin\/login/);
    await page.close();
  });

  test('one whose page hides where it comes from is refused with words on what to change', async () => {
    target = `http://www.site.lan:${new URL(site.url).port}`;
    referrerPolicy = 'no-referrer';
    const page = await browser.newPage();
    await logIn(page, target);
    await page.goto(`http://evil.site.lan:${attackerPort}`);
    await page.getByText('Your browser does not say which site this form comes from').waitFor();
    await page.getByText('Allow this site to see referrers').waitFor();
    expect(await forged()).toEqual([]);
  });
});
