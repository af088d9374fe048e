import { createAdmin } from '../../src/features/accounts/admin-users';
import { createCounters } from '../../src/features/accounts/counters';
import { HashQueue } from '../../src/features/accounts/hash-queue';
import { createLoginLimits } from '../../src/features/accounts/rate-limits';
import { PreviewLinks } from '../../src/features/preview/link';
import { createAvailability } from '../../src/platform/availability';
import { createLogger } from '../../src/platform/log';
import { SealedTexts } from '../../src/platform/sealed-text';
import { ADMIN_ROUTES } from '../../src/process/admin-routes';
import { adminPages } from '../../src/process/app';
import { createFindOrigin } from '../../src/web/site-origin';
import { createTestApp, type TestApp } from '../support/app';
import { type Agent, newBrowser, sendLogin } from '../support/login';
import { routesIn } from '../support/routes';

const PASSWORD = 'correct horse battery';

let site: TestApp;
beforeAll(async () => {
  site = await createTestApp();
});
afterAll(() => site.close());

const forAdminsAlone = Object.entries(ADMIN_ROUTES)
  .filter(([, roles]) => !roles.includes('editor'))
  .map(([route]) => route);

/** An address that the pattern matches. */
const addressOf = (route: string): string => `/admin${route.split(' ')[1]?.replace(/:[A-Za-z]+/g, '1')}`;

/** Sends what a browser would to the route. */
function ask(browser: Agent, route: string) {
  return route.startsWith('get ')
    ? browser.get(addressOf(route))
    : browser.post(addressOf(route)).set('Sec-Fetch-Site', 'same-origin').type('form').send('');
}

async function comeIn(role: 'admin' | 'editor'): Promise<Agent> {
  const email = `${role}@example.org`;
  await createAdmin(site.database.db, email, PASSWORD, { role });
  const browser = newBrowser(site);
  await sendLogin(browser, { email, password: PASSWORD }).expect(303);
  return browser;
}

test('every page and form of the back office says who may use it', () => {
  const log = createLogger('silent');
  const availability = createAvailability({ name: 'Redis', log, onChange: () => undefined });
  const counters = createCounters(undefined, log, { shared: false, availability });
  const router = adminPages({
    previewLinks: new PreviewLinks('a secret of all nodes'),
    findOrigin: createFindOrigin(undefined),
    db: site.database.db,
    catalog: site.catalog,
    loginLimits: createLoginLimits(counters),
    hashQueue: new HashQueue(),
    appSecrets: new SealedTexts('secret', 'test'),
    webhookSecrets: new SealedTexts('secret', 'test'),
    signOut: () => undefined,
  });
  counters.close();
  // A route of several handlers is listed for each.
  expect([...new Set(routesIn(router.stack))].sort()).toEqual(Object.keys(ADMIN_ROUTES).sort());
});

test('nobody comes in without a log-in, whatever they ask for', async () => {
  const stranger = newBrowser(site);
  for (const route of Object.keys(ADMIN_ROUTES)) {
    const { status, headers, text } = await ask(stranger, route);
    expect([route, status]).toEqual([route, route.startsWith('get ') ? 303 : 403]);
    if (status === 303) expect(headers.location).toMatch(/^\/admin\/login\?next=/);
    else expect(text).toContain('You are not logged in any more');
  }
});

test('no form of another site is taken, whoever is logged in', async () => {
  const admin = await comeIn('admin');
  for (const route of Object.keys(ADMIN_ROUTES).filter((each) => each.startsWith('post ')))
    for (const from of ['cross-site', 'same-site', undefined]) {
      const sending = admin.post(addressOf(route)).type('form');
      if (from) sending.set('Sec-Fetch-Site', from);
      expect([route, (await sending.send('')).status]).toEqual([route, 403]);
    }
});

test('an editor is told in words what is for admins, and sees no way to it', async () => {
  const editor = await comeIn('editor');
  expect(forAdminsAlone.length).toBeGreaterThan(0);
  for (const route of forAdminsAlone) {
    const { status, text } = await ask(editor, route);
    expect([route, status]).toEqual([route, 403]);
    expect(text).toContain('is for admins, and you are logged in as an editor');
    expect(text.includes('Nothing was changed')).toBe(route.startsWith('post '));
  }
  const { text } = await editor.get('/admin/series/new').expect(200);
  const links = [...text.matchAll(/<a class="site-nav__link" href="([^"]+)"/g)].map(([, href]) => href);
  expect(links).toContain('/admin/episodes');
  for (const link of links) await editor.get(link ?? '').expect(200);
  await editor.post('/admin/nowhere').set('Sec-Fetch-Site', 'same-origin').expect(404);
});
