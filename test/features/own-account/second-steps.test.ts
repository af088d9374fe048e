import { Secret, TOTP } from 'otpauth';
import { createAdmin, findAccount, resetPassword } from '../../../src/features/accounts/admin-users';
import { systemActor } from '../../../src/journal/actor';
import { createTestApp, type TestApp } from '../../support/app';
import { type Agent, newBrowser, sendLogin } from '../../support/login';

// Hundreds of passwords are compared here.
jest.setTimeout(60_000);

const PASSWORD = 'correct horse battery';
const STEP_MS = 30_000;

let site: TestApp;
beforeAll(async () => {
  site = await createTestApp({ TRUST_PROXY: '1' });
});
afterAll(() => site.close());

let last = 0;
async function newAdmin(): Promise<string> {
  last += 1;
  const email = `admin${last}@example.org`;
  await createAdmin(site.database.db, email, PASSWORD);
  return email;
}

const logIn = (email: string, browser = newBrowser(site), next = '') =>
  sendLogin(browser, { email, password: PASSWORD, address: `203.0.113.${last}`, next });

const send = (browser: Agent, path: string, fields: Readonly<Record<string, string>> = {}) =>
  browser
    .post(path)
    .set('Sec-Fetch-Site', 'same-origin')
    .type('form')
    .send(new URLSearchParams(fields).toString());

const prove = (browser: Agent, present = PASSWORD) =>
  send(browser, '/admin/account/second-steps/prove', { present });

const codeAt = (secret: string, timestamp = Date.now()): string =>
  new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp });

/** Sets up an app as somebody does who scans the picture; its secret, and the recovery codes. */
async function setUp(
  browser: Agent,
): Promise<{ readonly secret: string; readonly codes: readonly string[] }> {
  await prove(browser).expect(303);
  const { text } = await browser.get('/admin/account/second-steps/app').expect(200);
  const secret = /<code>([A-Z2-7 ]{39})<\/code>/.exec(text)?.[1]?.replaceAll(' ', '') ?? '';
  await send(browser, '/admin/account/second-steps/app', { code: codeAt(secret) }).expect(303);
  const page = await browser.get('/admin/account/second-steps').expect(200);
  const codes = /<textarea[^>]*>\n([^<]+)<\/textarea>/.exec(page.text)?.[1]?.trim().split('\n') ?? [];
  // The code of the set-up is used up; as if half a minute had passed.
  await forgetLastCode();
  return { secret, codes };
}

const forgetLastCode = () => site.database.db('authenticator_apps').update({ last_step: 0 });

/** A log-in whose password was right. */
async function atSecondStep(email: string): Promise<Agent> {
  const browser = newBrowser(site);
  const { headers } = await logIn(email, browser, '/admin/series').expect(303);
  expect(headers.location).toBe('/admin/login/second?next=%2Fadmin%2Fseries');
  return browser;
}

const second = (browser: Agent, code: string) =>
  send(browser, '/admin/login/second?next=%2Fadmin%2Fseries', { code });

const actsOf = (email: string) =>
  site.database.db('journal').select('action', 'details').where({ subject_label: email }).orderBy('id');

describe('an authenticator app', () => {
  test('is set up by whoever types the password once more, and a code that shows that it works', async () => {
    const email = await newAdmin();
    const browser = newBrowser(site);
    await logIn(email, browser).expect(303);
    expect((await browser.get('/admin/account/second-steps').expect(200)).text).toContain(
      'Your password once more',
    );
    await send(browser, '/admin/account/second-steps/app', { code: '123456' }).expect(403);
    expect((await prove(browser, 'wrong').expect(422)).text).toContain('Is not right.');
    await prove(browser).expect(303);
    const first = (await browser.get('/admin/account/second-steps/app').expect(200)).text;
    const again = (await browser.get('/admin/account/second-steps/app').expect(200)).text;
    expect(first).toMatch(/<img class="admin-qr" src="data:image\/svg\+xml;base64,[\w+/=]+"/);
    expect(/<img class="admin-qr"[^>]*>/.exec(again)?.[0]).toBe(
      /<img class="admin-qr"[^>]*>/.exec(first)?.[0],
    );
    const secret = /<code>([A-Z2-7 ]{39})<\/code>/.exec(first)?.[1]?.replaceAll(' ', '') ?? '';
    await send(browser, '/admin/account/second-steps/app', { code: codeAt(secret, 0) }).expect(422);
    // Nothing is asked for until then.
    expect((await logIn(email).expect(303)).headers.location).toBe('/admin');
    await send(browser, '/admin/account/second-steps/app', { code: codeAt(secret) }).expect(303);
    const page = (await browser.get('/admin/account/second-steps').expect(200)).text;
    expect(page).toContain('10 are left.');
    expect((await browser.get('/admin/account/second-steps')).text).not.toContain('<textarea');

    const rows = await Promise.all(
      ['authenticator_apps', 'recovery_codes', 'journal', 'admin_sessions'].map((table) =>
        site.database.db(table).select(),
      ),
    );
    const codes = /<textarea[^>]*>\n([^<]+)<\/textarea>/.exec(page)?.[1]?.trim().split('\n') ?? [];
    expect(codes).toHaveLength(10);
    for (const text of [secret, ...codes]) expect(JSON.stringify(rows)).not.toContain(text);
    expect((await actsOf(email)).at(-1)?.action).toBe('admin.app-add');
    expect((await browser.get('/admin/account')).text).toContain(
      'the code of your authenticator app is asked for',
    );
    const people = (await browser.get('/admin/people')).text;
    const said = [...people.matchAll(/data-label="Second step">(\w+)</g)].map(([, text]) => text);
    expect(said).toEqual(['Yes']);
  });

  test('is asked for after the password, and each of its codes is taken once', async () => {
    const email = await newAdmin();
    const owner = newBrowser(site);
    await logIn(email, owner).expect(303);
    const { secret } = await setUp(owner);

    const browser = await atSecondStep(email);
    await browser.get('/admin/series').expect(303);
    expect((await second(browser, '000 000').expect(422)).text).toContain(
      'The code is not right, or was used already.',
    );
    const code = codeAt(secret);
    const { headers } = await second(browser, `${code.slice(0, 3)} ${code.slice(3)}`).expect(303);
    expect(headers.location).toBe('/admin/series');
    await browser.get('/admin/series').expect(200);
    expect((await actsOf(email)).at(-1)).toEqual({
      action: 'login.success',
      details: { device: 'new', second: 'app' },
    });

    const thief = await atSecondStep(email);
    await second(thief, code).expect(422);
    await second(thief, codeAt(secret, Date.now() - STEP_MS)).expect(422);
    await thief.get('/admin/series').expect(303);
    await second(thief, codeAt(secret, Date.now() + STEP_MS)).expect(303);

    await forgetLastCode();
    const two = [await atSecondStep(email), await atSecondStep(email)];
    const now = codeAt(secret);
    const answers = await Promise.all(two.map((each) => second(each, now)));
    expect(answers.map(({ status }) => status).sort()).toEqual([303, 422]);
  });

  test('has ten tries, whichever browser they come from', async () => {
    const email = await newAdmin();
    const owner = newBrowser(site);
    await logIn(email, owner).expect(303);
    const { secret } = await setUp(owner);
    const browsers = [await atSecondStep(email), await atSecondStep(email)];
    for (let tries = 0; tries < 10; tries++)
      await second(browsers[tries % 2] as Agent, `abcd-${tries}`).expect(422);
    const refused = await second(browsers[0] as Agent, codeAt(secret)).expect(429);
    expect(refused.text).toContain('Too many wrong codes. Try again in 15 minutes.');
  });

  test('is not passed by a log-in that has begun too long ago, or with another password', async () => {
    const email = await newAdmin();
    const owner = newBrowser(site);
    await logIn(email, owner).expect(303);
    const { secret } = await setUp(owner);
    const { db } = site.database;
    const late = await atSecondStep(email);
    await db.raw(
      `update admin_sessions set sess = jsonb_set(sess::jsonb, '{pending,untilMs}', to_jsonb(?::bigint))::json
       where sess -> 'pending' is not null`,
      [Date.now() - 1],
    );
    expect((await second(late, codeAt(secret)).expect(303)).headers.location).toBe(
      '/admin/login?next=%2Fadmin%2Fseries',
    );

    const former = await atSecondStep(email);
    await db('admin_users')
      .where({ email })
      .update({ password_hash: db.raw(`password_hash || 'x'`) });
    expect((await second(former, codeAt(secret)).expect(303)).headers.location).toMatch(/^\/admin\/login\?/);
    await newBrowser(site).get('/admin/login/second').expect(303);
  });

  test('is removed by its owner, or with the password by an operator', async () => {
    const email = await newAdmin();
    const owner = newBrowser(site);
    await logIn(email, owner).expect(303);
    await setUp(owner);
    await send(owner, '/admin/account/second-steps/app/remove').expect(303);
    expect((await logIn(email).expect(303)).headers.location).toBe('/admin');
    expect(
      await site.database
        .db('recovery_codes')
        .where({ admin_id: (await findAccount(site.database.db, email)).admin?.id }),
    ).toEqual([]);

    await setUp(owner);
    const { admin } = await findAccount(site.database.db, email);
    if (!admin) throw new Error('There is no such account.');
    await resetPassword(site.database.db, systemActor('command'), admin, PASSWORD);
    expect((await logIn(email).expect(303)).headers.location).toBe('/admin');
    expect((await actsOf(email)).map(({ action }) => action)).toEqual([
      'admin.create',
      'login.success',
      'admin.app-add',
      'admin.app-remove',
      'login.success',
      'admin.app-add',
      'admin.reset',
      'login.success',
    ]);
  });
});

test('a recovery code stands for the app once, and new ones end the old', async () => {
  const email = await newAdmin();
  const owner = newBrowser(site);
  await logIn(email, owner).expect(303);
  const { codes } = await setUp(owner);
  const [first = '', other = ''] = codes;
  expect(first).toMatch(/^[a-z2-9]{4}(-[a-z2-9]{4}){3}$/);
  await second(await atSecondStep(email), first.toUpperCase().replaceAll('-', ' ')).expect(303);
  expect((await actsOf(email)).at(-1)?.details).toEqual({ device: 'new', second: 'recovery code' });
  await second(await atSecondStep(email), first).expect(422);
  expect((await owner.get('/admin/account/second-steps')).text).toContain('9 are left.');
  await send(owner, '/admin/account/second-steps/codes').expect(303);
  expect((await owner.get('/admin/account/second-steps')).text).toContain('10 are left.');
  await second(await atSecondStep(email), other).expect(422);
});

test('a form whose session has ended is carried through both steps', async () => {
  const email = await newAdmin();
  const owner = newBrowser(site);
  await logIn(email, owner).expect(303);
  const { secret } = await setUp(owner);
  const carried = { keptFor: '/admin/series', 'kept[title]': 'Typed before' };
  const browser = newBrowser(site);
  const first = await sendLogin(browser, {
    email,
    password: PASSWORD,
    address: `203.0.113.${last}`,
    ...carried,
  });
  expect([first.status, first.text.includes('value="Typed before"')]).toEqual([200, true]);
  const wrong = await send(browser, '/admin/login/second', { code: 'abcd', ...carried }).expect(422);
  expect(wrong.text).toContain('name="kept[title]" value="Typed before"');
  const right = await send(browser, '/admin/login/second', { code: codeAt(secret), ...carried }).expect(307);
  expect(right.headers.location).toBe('/admin/series');
  const late = await send(newBrowser(site), '/admin/login/second', { code: codeAt(secret), ...carried });
  expect(late.text).toContain('name="kept[title]" value="Typed before"');
});
