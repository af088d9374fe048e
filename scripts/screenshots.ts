// Takes the picture of the README (docs/screenshots) and those of every page, at three widths, dark and light.
//   npm run screenshots [-- --url http://localhost:3000] [--all FOLDER] [--email ADDRESS --password PASSWORD]
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { projectRoot } from '../src/platform/project';
import { launchBrowser } from '../test/support/browser';

const { values } = parseArgs({
  options: {
    url: { type: 'string', default: 'http://localhost:3000' },
    all: { type: 'string' },
    email: { type: 'string' },
    password: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

const HELP = `Takes docs/screenshots/latest.png from a running site.

  npm run screenshots [-- --url http://localhost:3000]

  --all FOLDER                           also every page, at 360, 768 and 1440 px, dark and light
  --email ADDRESS --password PASSWORD    with the back office
`;

async function main(): Promise<void> {
  if (values.help) {
    console.log(HELP);
    return;
  }
  const browser = await launchBrowser();
  try {
    await readmePicture(browser);
    if (values.all) await everyPage(browser, values.all);
  } finally {
    await browser.close();
  }
}

async function readmePicture(browser: Browser): Promise<void> {
  const folder = join(projectRoot(), 'docs', 'screenshots');
  await mkdir(folder, { recursive: true });
  const page = await open(browser, { viewport: { width: 1280, height: 800 }, colorScheme: 'dark' });
  await page.goto(`${values.url}/episodes/latest`);
  await picturesLoaded(page);
  await page.screenshot({ path: join(folder, 'latest.png') });
}

async function everyPage(browser: Browser, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const colorScheme of ['dark', 'light'] as const) {
    for (const width of [360, 768, 1440]) {
      const page = await open(browser, { viewport: { width, height: 900 }, colorScheme });
      for (const [name, path] of Object.entries(await pagesOf(page))) {
        await page.goto(new URL(path, values.url).href);
        await picturesLoaded(page);
        await page.screenshot({ path: join(folder, `${name}-${width}-${colorScheme}.png`), fullPage: true });
      }
      await page.context().close();
    }
  }
}

/** Addresses by name: found by going through the site as a visitor would, then as an admin. */
async function pagesOf(page: Page): Promise<Record<string, string>> {
  await page.goto(`${values.url}/episodes/latest`);
  const watch = await page.locator('[data-key] a').first().getAttribute('href');
  const site = {
    latest: '/episodes/latest',
    empty: '/episodes/latest?type=movie&season=1950-winter',
    watch: watch ?? '/',
    series: watch?.replace(/\/(episodes|specials)\/.*$/, '') ?? '/',
    browse: '/series',
    schedule: '/schedule',
    following: '/following',
    search: '/search?q=no',
    'search-empty': '/search',
    'search-none': '/search?q=zzzzzzzzzzzz',
    offline: '/offline',
    about: '/about',
    'not-found': '/nothing/here',
    styleguide: '/styleguide',
    login: '/admin/login',
  };
  if (!values.email || !values.password) return site;
  await page.goto(`${values.url}/admin/login`);
  await page.getByLabel('E-mail').fill(values.email);
  await page.getByLabel('Password').fill(values.password);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.waitForURL(/\/admin\/today/);
  return {
    ...site,
    login: '/about',
    'admin-episodes': '/admin/episodes',
    'admin-series': '/admin/series',
    'admin-series-new': '/admin/series/new',
    'admin-series-edit': '/admin/series/1/edit',
    'admin-episode-new': '/admin/series/1/episodes/new',
    'admin-episode-edit': '/admin/episodes/1/edit',
    'admin-journal': '/admin/journal',
    'admin-people': '/admin/people',
    'admin-person': '/admin/people/1',
    'admin-tokens': '/admin/tokens',
    'admin-account': '/admin/account',
    'admin-password': '/admin/account/password',
    'admin-history': '/admin/journal?subject=episode:1',
  };
}

async function open(browser: Browser, options: BrowserContextOptions): Promise<Page> {
  return (await browser.newContext({ ...options, reducedMotion: 'reduce' })).newPage();
}

async function picturesLoaded(page: Page): Promise<void> {
  await page.evaluate(`(async () => {
    await document.fonts.ready;
    const visible = [...document.images].filter((image) => image.getBoundingClientRect().top < 5000);
    for (const image of visible) image.loading = 'eager';
    await Promise.all(visible.map((image) => image.decode().catch(() => undefined)));
  })()`);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
