import type { Browser, BrowserContext, Page } from 'playwright-core';
import { createAdmin } from '../../src/features/accounts/admin-users';
import { updateEpisode } from '../../src/features/episodes/repository';
import { describeInBrowser, launchBrowser } from '../support/browser';
import { newEpisode, newSeries, testCatalog, tester } from '../support/catalog';
import { startSite, type TestSite } from '../support/site';

const other = { email: 'bob@example.org', password: 'correct horse battery' };

describeInBrowser('what is typed and not saved', () => {
  let site: TestSite;
  let browser: Browser;
  let context: BrowserContext;

  beforeAll(async () => {
    [site, browser] = await Promise.all([startSite(), launchBrowser()]);
    await createAdmin(site.database.db, other.email, other.password);
    context = await browser.newContext({ baseURL: site.url });
    context.setDefaultTimeout(4_000);
    await logIn(site.admin);
  });
  afterAll(async () => {
    await browser?.close();
    await site?.stop();
  });

  async function logIn({ email, password }: { readonly email: string; readonly password: string }) {
    const page = await context.newPage();
    await page.goto('/admin/login');
    await page.getByLabel('E-mail').fill(email);
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.waitForURL((url) => !url.pathname.endsWith('/login'));
    await page.close();
  }

  const catalog = () => testCatalog(site.database.db);

  async function newOne(title: string) {
    const series = await newSeries(catalog(), { title });
    const episode = await newEpisode(catalog(), series.id);
    return { series, episode, edit: `/admin/episodes/${episode.id}/edit` };
  }

  /** A tab that is closed without a question, as by a crash. */
  async function closed(path: string, type: (page: Page) => Promise<void>): Promise<void> {
    const page = await context.newPage();
    await page.goto(path);
    await type(page);
    await page.close({ runBeforeUnload: false });
  }

  const offerOf = (page: Page) => page.getByText('You have unsaved changes from');
  const save = (page: Page) => page.keyboard.press('Control+s');

  test('is offered at the next visit, taken with its rows, and forgotten when it is saved', async () => {
    const { edit } = await newOne('Crashed');
    await closed(edit, async (page) => {
      await page.locator('[name="title"]').fill('Typed');
      await page.locator('[name="announced"]').check();
      await page.getByRole('button', { name: 'Add a server' }).click();
      await page.locator('[name="videoServers[1][name]"]').fill('Second');
      await page.locator('[name="videoServers[1][url]"]').fill('https://b.example/1.m3u8');
      await page.locator('[name="videoServers[0][enabled]"]').uncheck();
    });
    const page = await context.newPage();
    await page.goto(edit);
    await offerOf(page).waitFor();
    expect(await page.locator('[name="title"]').inputValue()).toBe('');
    await page.getByRole('button', { name: 'Take them' }).click();
    await offerOf(page).waitFor({ state: 'detached' });
    expect(await page.locator('[name="title"]').inputValue()).toBe('Typed');
    expect(await page.locator('[name="announced"]').isChecked()).toBe(true);
    expect(await page.locator('[name="videoServers[0][enabled]"]').isChecked()).toBe(false);
    expect(await page.locator('[name="videoServers[1][url]"]').inputValue()).toBe('https://b.example/1.m3u8');
    expect(await page.locator('[name="videoServers[1][kind]"]').inputValue()).toBe('hls');
    await save(page);
    await page.getByText('was saved').waitFor();
    await page.goto(edit);
    expect(await page.evaluate<string>('document.body.dataset.saved ?? ""')).toBe('');
    expect(await offerOf(page).count()).toBe(0);
    expect(
      await page.evaluate<string[]>('Object.keys(localStorage).filter((key) => key.includes("draft"))'),
    ).toEqual([]);
    await page.close();
  });

  test('is put together with what somebody else has saved meanwhile', async () => {
    const { episode, edit } = await newOne('Meanwhile');
    await closed(edit, (page) => page.locator('[name="synopsis"]').fill('Mine'));
    await updateEpisode(catalog(), tester, episode.id, (current) => ({
      ...current,
      videoServers: [...current.videoServers],
      title: 'Theirs',
    }));
    const page = await context.newPage();
    await page.goto(edit);
    await page.getByRole('button', { name: 'Take them' }).click();
    await save(page);
    await page.getByText('was saved').waitFor();
    expect(await page.locator('[name="title"]').inputValue()).toBe('Theirs');
    expect(await page.locator('[name="synopsis"]').inputValue()).toBe('Mine');
    await page.close();
  });

  test('of a new one is all of it, is not lost when one begins anew, and can be discarded', async () => {
    const { series } = await newOne('Anew');
    const form = `/admin/series/${series.id}/episodes/new`;
    await closed(form, (page) => page.locator('[name="title"]').fill('Of the second'));
    await newEpisode(catalog(), series.id, { number: '2' });
    await closed(form, (page) => page.locator('[name="synopsis"]').fill('Anew'));
    const page = await context.newPage();
    await page.goto(form);
    await page.getByRole('button', { name: 'Discard' }).click();
    await page.reload();
    await page.getByRole('button', { name: 'Take them' }).click();
    expect(await page.locator('[name="number"]').inputValue()).toBe('2');
    expect(await page.locator('[name="title"]').inputValue()).toBe('Of the second');
    expect(await page.locator('[name="synopsis"]').inputValue()).toBe('');
    await page.close({ runBeforeUnload: false });
  });

  test('is still there after Stop and after a refusal, and is shown to nobody else', async () => {
    const { edit } = await newOne('Stopped');
    await closed(edit, async (page) => {
      await page.locator('[name="title"]').fill('Kept');
      await page.route('**/admin/episodes/*', (route) => route.abort('aborted'));
      const stopped = page.waitForEvent('requestfailed');
      await save(page);
      await stopped;
    });
    await closed(edit, async (page) => {
      await page.getByRole('button', { name: 'Take them' }).click();
      await page.locator('[name="number"]').fill('x');
      await save(page);
      await page.getByText('Not saved: one field needs another look').waitFor();
      await page.locator('[name="synopsis"]').fill('Since the refusal');
    });
    await context.clearCookies();
    await logIn(other);
    await closed(edit, async (page) => {
      await page.getByRole('button', { name: 'Add a server' }).waitFor();
      expect(await offerOf(page).count()).toBe(0);
    });
    await context.clearCookies();
    await logIn(site.admin);
    const page = await context.newPage();
    await page.goto(edit);
    await page.getByRole('button', { name: 'Take them' }).click();
    expect(await page.locator('[name="title"]').inputValue()).toBe('Kept');
    expect(await page.locator('[name="number"]').inputValue()).toBe('x');
    expect(await page.locator('[name="synopsis"]').inputValue()).toBe('Since the refusal');
    await page.close({ runBeforeUnload: false });
  });
});
