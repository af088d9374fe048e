import AxeBuilder from '@axe-core/playwright';
import type { Browser, CDPSession, Page } from 'playwright-core';
import { describeInBrowser, launchBrowser } from '../support/browser';
import { startSite, type TestSite } from '../support/site';

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** Only Chromium has authenticators that are none. https://chromedevtools.github.io/devtools-protocol/tot/WebAuthn/ */
const testInChromium = process.env.BROWSER === 'firefox' ? test.skip : test;

describeInBrowser('the second step', () => {
  let site: TestSite;
  let browser: Browser;

  beforeAll(async () => {
    [site, browser] = await Promise.all([startSite(), launchBrowser()]);
  });
  afterAll(async () => {
    await browser?.close();
    await site?.stop();
  });

  /** A device that keeps keys, in the browser of the page. */
  async function newAuthenticator(
    page: Page,
  ): Promise<{ readonly devtools: CDPSession; readonly id: string }> {
    const devtools = await page.context().newCDPSession(page);
    await devtools.send('WebAuthn.enable');
    const { authenticatorId } = await devtools.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
      },
    });
    return { devtools, id: authenticatorId };
  }

  async function logIn(page: Page): Promise<void> {
    await page.goto('/admin/login?next=/admin/account');
    await page.getByLabel('E-mail').fill(site.admin.email);
    await page.getByLabel('Password').fill(site.admin.password);
    await page.getByRole('button', { name: 'Log in' }).click();
  }

  const findings = async (page: Page): Promise<string[]> =>
    (await new AxeBuilder({ page }).withTags(RULES).analyze()).violations.map(({ id }) => id);

  testInChromium(
    'is a passkey, made once and shown at the log-in, that no other key stands for',
    async () => {
      const context = await browser.newContext({ baseURL: site.url });
      const page = await context.newPage();
      const { devtools, id } = await newAuthenticator(page);
      await logIn(page);
      await page.getByRole('link', { name: 'Set it up' }).click();
      await page.getByLabel('Present password').fill(site.admin.password);
      await page.getByRole('button', { name: 'Go on' }).click();
      await page.getByRole('link', { name: 'Set up an app' }).click();
      await page.getByRole('img', { name: 'The key as a QR code' }).waitFor();
      expect(await findings(page)).toEqual([]);
      await page.goto('/admin/account/second-steps');
      await page.getByRole('link', { name: 'Add a passkey' }).click();
      await page.getByLabel('Name').fill('Blue key');
      expect(await findings(page)).toEqual([]);
      await page.getByRole('button', { name: 'Make the passkey' }).click();
      await page.getByText('The passkey Blue key was added').waitFor();
      expect(await findings(page)).toEqual([]);
      const codes = (await page.getByRole('textbox', { name: 'Recovery codes' }).inputValue()).split('\n');
      expect(codes).toHaveLength(10);

      await page.getByRole('button', { name: 'Log out' }).click();
      await logIn(page);
      await page.getByRole('button', { name: 'Use a passkey' }).waitFor();
      expect(await findings(page)).toEqual([]);
      await page.getByRole('button', { name: 'Use a passkey' }).click();
      await page.getByText('After the password, a passkey is asked for.').waitFor();
      expect(await site.database.db('passkeys').select('name', 'counter')).toEqual([
        { name: 'Blue key', counter: expect.stringMatching(/^[1-9]/) },
      ]);
      const { details } = await site.database
        .db('journal')
        .select('details')
        .where({ action: 'login.success' })
        .orderBy('id', 'desc')
        .first();
      expect(details.second).toBe('passkey');

      // The same answer once more is none: each question is good for one.
      await page.getByRole('button', { name: 'Log out' }).click();
      await logIn(page);
      const sending = page.waitForRequest(
        (request) => request.method() === 'POST' && request.url().endsWith('/second'),
      );
      await page.getByRole('button', { name: 'Use a passkey' }).click();
      const answer = (await sending).postData() ?? '';
      await page.getByRole('button', { name: 'Log out' }).click();
      await logIn(page);
      await page.getByRole('button', { name: 'Use a passkey' }).waitFor();
      const replayed = await page.request.post('/admin/login/second', {
        data: answer,
        headers: { 'Content-Type': 'application/x-www-form-urlencoded', 'Sec-Fetch-Site': 'same-origin' },
        maxRedirects: 0,
      });
      expect([replayed.status(), (await replayed.text()).includes('is not one of yours here')]).toEqual([
        422,
        true,
      ]);

      // A device with another key, and one that is lost.
      await devtools.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId: id });
      await newAuthenticator(page);
      await page.goto('/admin/login/second');
      await page.getByRole('button', { name: 'Use a passkey' }).click();
      await page.getByText('The browser gave no passkey. Try again.').waitFor();
      await page.getByLabel('Code').fill(codes[3] ?? '');
      await page.getByRole('button', { name: 'Log in with a code' }).click();
      await page.waitForURL(/\/admin(\/today)?$/);
      await context.close();
    },
    60_000,
  );

  test('says what it needs where there are no scripts', async () => {
    const context = await browser.newContext({ baseURL: site.url, javaScriptEnabled: false });
    const page = await context.newPage();
    await site.database.db('passkeys').delete();
    await logIn(page);
    await page.goto('/admin/account/second-steps');
    await page.getByLabel('Present password').fill(site.admin.password);
    await page.getByRole('button', { name: 'Go on' }).click();
    await page.getByRole('link', { name: 'Add a passkey' }).click();
    await page.getByText('Passkeys need JavaScript').waitFor();
    expect(await page.getByRole('button', { name: 'Make the passkey' }).count()).toBe(0);
    await context.close();
  }, 60_000);
});
