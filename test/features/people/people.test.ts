import { createAdmin } from '../../../src/features/accounts/admin-users';
import { createTestApp, type TestApp } from '../../support/app';
import { type Agent, newBrowser, sendLogin } from '../../support/login';
import { listen, openStream } from '../../support/stream-client';
import { until } from '../../support/until';

// Each new password is looked at in a thread that loads many words first.
jest.setTimeout(60_000);

const PASSWORD = 'correct horse battery';
const NEW = 'nine lanterns drift over granite';

let site: TestApp;
let ada: Agent;
beforeAll(async () => {
  site = await createTestApp();
  await createAdmin(site.database.db, 'ada@example.org', PASSWORD);
  ada = await comeIn('ada@example.org');
});
afterAll(() => site.close());

async function comeIn(email: string, password = PASSWORD): Promise<Agent> {
  const browser = newBrowser(site);
  await sendLogin(browser, { email, password }).expect(303);
  return browser;
}

const send = (browser: Agent, path: string, fields: Readonly<Record<string, string>> = {}) =>
  browser
    .post(path)
    .set('Sec-Fetch-Site', 'same-origin')
    .type('form')
    .send(new URLSearchParams(fields).toString());

/** The link that is shown once on that page; its path. */
async function linkOn(page: string): Promise<string> {
  const [, url = ''] = /readonly value="([^"]+)"/.exec((await ada.get(page).expect(200)).text) ?? [];
  const { pathname, search } = new URL(url);
  expect((await ada.get(page)).text).not.toContain('readonly');
  return pathname + search;
}

async function inviteBy(browser: Agent, email: string, role = 'editor'): Promise<string> {
  await send(browser, '/admin/people/invitations', { email, role }).expect(303);
  return linkOn('/admin/people');
}

const choose = (link: string, password = NEW, again = password) =>
  send(newBrowser(site), '/admin/join', {
    token: new URL(link, 'http://a').searchParams.get('token') ?? '',
    password,
    again,
  });

const personUrl = async (email: string): Promise<string> => {
  const { id } = await site.database.db('admin_users').select('id').where({ email }).first();
  return `/admin/people/${id}`;
};

const lastAct = () =>
  site.database
    .db('journal')
    .select('actor_name', 'action', 'subject_label', 'changes', 'details')
    .orderBy('id', 'desc')
    .first();

describe('an invitation', () => {
  test('is a link that is shown once, looked at as often as one likes, and used once', async () => {
    const link = await inviteBy(ada, 'bob@example.org');
    expect(link).toMatch(/^\/admin\/join\?token=[\w-]{43}$/);
    expect(await lastAct()).toMatchObject({ action: 'admin.invite', subject_label: 'bob@example.org' });
    for (let looks = 0; looks < 2; looks++)
      expect((await newBrowser(site).get(link).expect(200)).text).toContain('bob@example.org');
    expect((await choose(link, 'Password1234!').expect(422)).text).toContain('Is too easy to guess.');
    expect((await choose(link, NEW, 'another').expect(422)).text).toContain('Is not the same as above.');
    expect((await choose(link).expect(303)).headers.location).toBe('/admin/login?done=password');
    expect(await lastAct()).toMatchObject({
      actor_name: 'bob@example.org',
      action: 'admin.join',
      changes: { email: { after: 'bob@example.org' }, role: { after: 'editor' } },
    });
    await choose(link).expect(410);
    expect((await newBrowser(site).get(link).expect(410)).text).toContain('Ask an admin for another one.');
    const bob = await comeIn('bob@example.org', NEW);
    await bob.get('/admin/people').expect(403);
  });

  test('is worth nothing when it is taken back, replaced, or older than two days, or when the account is there', async () => {
    const first = await inviteBy(ada, 'carol@example.org');
    const second = await inviteBy(ada, 'Carol@example.org', 'admin');
    await newBrowser(site).get(first).expect(410);
    await newBrowser(site).get(second).expect(200);
    const age = (hours: number) =>
      site.database.db('account_links').update({
        expires_at: site.database.db.raw("created_at + interval '48 hours' - ? * interval '1 hour'", [hours]),
      });
    await age(47.9);
    await newBrowser(site).get(second).expect(200);
    await age(48.1);
    await choose(second).expect(410);
    await age(0);
    const [, withdraw = ''] =
      /action="(\/admin\/people\/invitations\/\d+\/withdraw)"/.exec((await ada.get('/admin/people')).text) ??
      [];
    await send(ada, withdraw).expect(303);
    expect(await lastAct()).toMatchObject({ action: 'admin.withdraw', subject_label: 'Carol@example.org' });
    await choose(second).expect(410);

    const third = await inviteBy(ada, 'carol@example.org');
    await createAdmin(site.database.db, 'CAROL@example.org', PASSWORD);
    await choose(third).expect(410);
    const refused = await send(ada, '/admin/people/invitations', {
      email: 'carol@example.org',
      role: 'editor',
    }).expect(422);
    expect(refused.text).toContain('Has an account already.');
    for (const fields of [
      { email: 'nobody', role: 'editor' },
      { email: 'dan@example.org', role: 'root' },
    ])
      await send(ada, '/admin/people/invitations', fields).expect(422);
  });

  test.each(['', '?token=', '?token=x', '?token=a&token=b', `?token=${'x'.repeat(5_000)}`, '?token=%00'])(
    'is none at /admin/join%s',
    (query) => newBrowser(site).get(`/admin/join${query}`).expect(410),
  );
});

test('a lost password is replaced by a link, and whoever was in with it is out', async () => {
  const email = 'erin@example.org';
  await createAdmin(site.database.db, email, PASSWORD);
  const erin = await comeIn(email);
  const page = await personUrl(email);
  await send(ada, `${page}/reset-link`).expect(303);
  const link = await linkOn(page);
  await erin.get('/admin/series').expect(200);
  await choose(link).expect(303);
  await erin.get('/admin/series').expect(303);
  await comeIn(email, NEW);
  const acts = await site.database
    .db('journal')
    .select('actor_name', 'action', 'details')
    .where({ subject_label: email })
    .whereNot('action', 'login.success')
    .orderBy('id');
  expect(acts.slice(1)).toEqual([
    { actor_name: 'ada@example.org', action: 'admin.link', details: {} },
    { actor_name: email, action: 'admin.password', details: { by: 'link', sessions: 1 } },
  ]);
  await choose(link).expect(410);
});

test('who loses a role or the account loses the session, and what was live with it, at once', async () => {
  const email = 'fay@example.org';
  await createAdmin(site.database.db, email, PASSWORD);
  const server = await listen(site);
  const open = async () => {
    const browser = await comeIn(email);
    const [, ticket = ''] = /data-ticket="([^"]+)"/.exec((await browser.get('/admin/series')).text) ?? [];
    const stream = await openStream(`${server.url}/events?t=${ticket}`);
    await stream.next('hello');
    return { browser, stream };
  };
  const page = await personUrl(email);
  const asAdmin = await open();
  await send(ada, `${page}/role`, { role: 'root' }).expect(422);
  await send(ada, `${page}/role`, { role: 'editor' }).expect(303);
  expect(await lastAct()).toMatchObject({
    action: 'admin.role',
    changes: { role: { before: 'admin', after: 'editor' } },
    details: { sessions: 1 },
  });
  expect((await asAdmin.stream.next('bye')).data.reason).toBe('signed-out');
  await asAdmin.browser.get('/admin/series').expect(303);

  const asEditor = await open();
  await asEditor.browser.get('/admin/journal').expect(403);
  await send(ada, `${page}/role`, { role: 'admin' }).expect(303);
  await asEditor.browser.get('/admin/journal').expect(200);

  expect((await send(ada, `${page}/remove`).expect(422)).text).toContain('Has to be ticked');
  await send(ada, `${page}/remove`, { sure: '1' }).expect(303);
  expect((await asEditor.stream.next('bye')).data.reason).toBe('signed-out');
  await asEditor.browser.get('/admin/series').expect(303);
  await ada.get(page).expect(404);
  await server.close();
});

test.each([
  { fields: {}, status: 401, revoked: 1 },
  { fields: { keep: '1' }, status: 200, revoked: 0 },
])(
  'who leaves takes the tokens along that they have made, unless they are kept: $fields',
  async ({ fields, status, revoked }) => {
    const email = `leaver-${status}@example.org`;
    await createAdmin(site.database.db, email, PASSWORD);
    const leaver = await comeIn(email);
    await send(leaver, '/admin/tokens', { name: `script ${status}`, 'scope-read': '1', days: '30' }).expect(
      303,
    );
    const [, token = ''] =
      /readonly value="(nipnime_[^"]+)"/.exec((await leaver.get('/admin/tokens')).text) ?? [];
    const ask = () => newBrowser(site).get('/api/v1/series').set('Authorization', `Bearer ${token}`);
    await ask().expect(200);
    const page = await personUrl(email);
    expect((await ada.get(page)).text).toContain('Keep the 1 token that they have made');
    await send(ada, `${page}/remove`, { sure: '1', ...fields }).expect(303);
    await ask().expect(status);
    const revocations = await site.database
      .db('journal')
      .where({ action: 'token.revoke', subject_label: `script ${status}` });
    expect(revocations).toHaveLength(revoked);
  },
);

test('somebody is left to let others in, also when two admins remove each other at once', async () => {
  const { db } = site.database;
  await db('admin_users').whereNot({ email: 'ada@example.org' }).delete();
  const own = await personUrl('ada@example.org');
  expect((await send(ada, `${own}/remove`, { sure: '1' }).expect(422)).text).toContain('is the last admin');
  expect((await send(ada, `${own}/role`, { role: 'editor' }).expect(422)).text).toContain(
    'is the last admin',
  );
  await createAdmin(db, 'gus@example.org', PASSWORD);
  const gus = await comeIn('gus@example.org');
  const other = await personUrl('gus@example.org');
  const answers = await Promise.all([
    send(ada, `${other}/remove`, { sure: '1' }),
    send(gus, `${own}/role`, { role: 'editor' }),
  ]);
  // One was done; the other came too late, by whoever is out or by the last one.
  expect(answers.filter(({ status }) => status === 303)).toHaveLength(1);
  await until(async () => (await db('admin_users').where({ role: 'admin' })).length === 1);
});
