import request from 'supertest';
import { createAdmin } from '../../src/features/accounts/admin-users';
import { createFirstAdmin } from '../../src/features/accounts/first-admin';
import { createTestApp, type TestApp } from '../support/app';
import { type Agent, newBrowser, sendLogin } from '../support/login';
import { listen, openStream } from '../support/stream-client';

// Each new password is looked at in a thread that loads many words first.
jest.setTimeout(60_000);

const PASSWORD = 'correct horse battery';
const NEW = 'nine lanterns drift over granite';
const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';

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

async function comeIn(email: string, password = PASSWORD, userAgent = FIREFOX): Promise<Agent> {
  const browser = newBrowser(site).set('User-Agent', userAgent);
  await sendLogin(browser, { email, password, address: `203.0.113.${last}` }).expect(303);
  return browser;
}

const send = (browser: Agent, path: string, fields: Readonly<Record<string, string>> = {}) =>
  browser
    .post(path)
    .set('Sec-Fetch-Site', 'same-origin')
    .type('form')
    .send(new URLSearchParams(fields).toString());

const change = (browser: Agent, present: string, password: string, again = password, next = '') =>
  send(browser, '/admin/account/password', { present, password, again, next });

const actsOf = async (email: string) =>
  site.database
    .db('journal')
    .select('action', 'details')
    .where({ subject_label: email, actor_kind: 'admin' })
    .whereNot('action', 'login.success')
    .orderBy('id');

describe('the password', () => {
  test('of the first admin has to be changed before anything else', async () => {
    const first = await createFirstAdmin(site.database.db);
    if (!first) throw new Error('There is an admin already.');
    const browser = await comeIn(first.email, first.password);
    const { headers } = await browser.get('/admin/series?page=2').expect(303);
    expect(headers.location).toBe('/admin/account/password?next=%2Fadmin%2Fseries%3Fpage%3D2');
    const page = await browser.get(headers.location ?? '').expect(200);
    expect(page.text).toContain('Somebody else has seen the password');
    expect(page.text).not.toContain('href="/admin/journal"');
    const refused = await send(browser, '/admin/series', { title: 'Typed' }).expect(403);
    expect(refused.text).toContain('your password has to be changed first');
    await browser.get('/admin/account').expect(303);

    expect((await change(browser, first.password, first.password).expect(422)).text).toContain(
      'choose another',
    );
    const done = await change(browser, first.password, NEW, NEW, '/admin/series').expect(303);
    expect(done.headers.location).toBe('/admin/series');
    expect((await browser.get('/admin/series').expect(200)).text).toContain('Your password was changed.');
  });

  test('is changed by whoever knows it, and all other sessions end with what was live', async () => {
    const email = await newAdmin();
    const [here, there] = [await comeIn(email), await comeIn(email)];
    const ticket = /data-ticket="([^"]+)"/.exec((await there.get('/admin/series')).text)?.[1] ?? '';
    const server = await listen(site);
    const stream = await openStream(`${server.url}/events?t=${ticket}`);
    await stream.next('hello');

    const wrong = await change(here, 'not this one', NEW).expect(422);
    expect(wrong.text).toMatch(/id="field-present-error">Is not right\./);
    expect(wrong.text).not.toContain(NEW);
    for (const [password, again, message] of [
      ['', '', 'Must not be empty.'],
      ['short', 'short', 'Must have at least 12 characters.'],
      ['Password1234!', 'Password1234!', 'Is too easy to guess.'],
      [NEW, `${NEW}s`, 'Is not the same as above.'],
    ] as const)
      expect((await change(here, PASSWORD, password, again).expect(422)).text).toContain(message);

    const { headers } = await change(here, PASSWORD, NEW, NEW, 'https://evil.example').expect(303);
    expect(headers.location).toBe('/admin/account');
    const page = await here.get('/admin/account').expect(200);
    expect(page.text).toContain('One other session has ended.');
    expect(page.text).toMatch(/Last changed on <time [^>]*>\d+ \w+ 20\d\d/);
    await there.get('/admin/series').expect(303);
    expect((await stream.next('bye')).data.reason).toBe('signed-out');
    await server.close();
    await sendLogin(newBrowser(site), { email, password: PASSWORD, address: '203.0.113.250' }).expect(422);
    await comeIn(email, NEW);
    expect(await actsOf(email)).toEqual([{ action: 'admin.password', details: { sessions: 1 } }]);
  });

  test('can’t be guessed at a desk that was left open', async () => {
    const browser = await comeIn(await newAdmin());
    for (let tries = 0; tries < 10; tries++) await change(browser, `wrong ${tries}`, NEW).expect(422);
    const refused = await change(browser, PASSWORD, NEW).expect(429);
    expect(refused.text).toMatch(/Was wrong too often\. Try again in 1[45] minutes\./);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(800);
  });
});

describe('sessions', () => {
  /** Browser, address and whether it is the one that asks, as the page lists them. */
  async function listed(browser: Agent): Promise<string[]> {
    const { text } = await browser.get('/admin/account').set('X-Forwarded-For', '203.0.113.99').expect(200);
    const [, body = ''] = /<tbody[^>]*>([\s\S]*)<\/tbody>/.exec(text) ?? [];
    return body
      .split('</tr>')
      .slice(0, -1)
      .map((row) =>
        row.replace(
          /<td role="cell" class="admin-table__meta" data-label="(Last seen|Since)"><time.*?<\/td>/g,
          '',
        ),
      )
      .map((row) =>
        row
          .replace(/<form[\s\S]*/, '')
          .replace(/<[^>]*>/g, ' ')
          .replace(/\s+/g, ' ')
          .trim(),
      );
  }

  const endUrls = async (browser: Agent): Promise<string[]> =>
    [
      ...(await browser.get('/admin/account')).text.matchAll(
        /action="(\/admin\/account\/sessions\/\d+\/end)"/g,
      ),
    ].map(([, url = '']) => url);

  test('are listed with where they are from, ended one by one, or all others at once', async () => {
    const email = await newAdmin();
    const here = await comeIn(email);
    const others = [await comeIn(email), await comeIn(email, PASSWORD, 'curl/8.14'), await comeIn(email)];
    await others[1]?.get('/admin/series').set('X-Forwarded-For', '198.51.100.4').expect(200);
    await others[0]?.get('/admin/series').set('X-Forwarded-For', '198.51.100.5').expect(200);
    expect(await listed(here)).toEqual([
      'Firefox on Linux This one 203.0.113.99',
      'Firefox on Linux 198.51.100.5',
      'curl 198.51.100.4',
      'Unknown browser unknown',
    ]);
    await send(here, (await endUrls(here))[1] ?? '').expect(303);
    await others[1]?.get('/admin/series').expect(303);
    await others[0]?.get('/admin/series').expect(200);

    const stranger = await comeIn(await newAdmin());
    await send(stranger, (await endUrls(here))[0] ?? '').expect(303);
    expect((await stranger.get('/admin/account')).text).toContain('There was nothing to end.');
    await others[0]?.get('/admin/series').expect(200);

    await send(here, '/admin/account/sessions/end').expect(303);
    const { text } = await here.get('/admin/account').expect(200);
    expect(text).toContain('2 other sessions have ended.');
    expect(text).not.toContain('End all others');
    for (const other of [others[0], others[2]]) await other?.get('/admin/series').expect(303);
    expect((await actsOf(email)).map(({ action, details }) => [action, details.sessions])).toEqual([
      ['session.end', 1],
      ['session.end', 2],
    ]);
    await send(here, '/admin/account/sessions/nonsense/end').expect(404);
  });

  test('that end while a request is under way are not brought back by it', async () => {
    const email = await newAdmin();
    const [here, there] = [await comeIn(email), await comeIn(email)];
    const kept = await site.database
      .db('admin_sessions')
      .select('sid', 'sess')
      .whereRaw('admin_id is not null');
    await send(here, '/admin/account/sessions/end').expect(303);
    // As express-session saves what it has read before.
    for (const { sid, sess } of kept)
      await site.database.db('admin_sessions').where({ sid }).update({ sess });
    await there.get('/admin/series').expect(303);
    await here.get('/admin/series').expect(200);
  });

  test.each([
    ['unused for 12 hours', { seen_at: '12 hours 1 minute' }, { seen_at: '11 hours 59 minutes' }],
    ['as old as 30 days', { began_at: '30 days 1 minute' }, { began_at: '29 days' }],
  ])('are over when they are %s', async (_what, over, open) => {
    const browser = await comeIn(await newAdmin());
    await browser.get('/admin/series').expect(200);
    const age = async (columns: Record<string, string>): Promise<void> => {
      const { db } = site.database;
      const ages = Object.entries(columns).map(([name, ago]) => [name, db.raw('now() - ?::interval', [ago])]);
      await db('admin_sessions').update(Object.fromEntries(ages));
    };
    await age(open);
    await browser.get('/admin/series').expect(200);
    await age(over);
    await browser.get('/admin/series').expect(303);
  });
});

test('the cookie of a session is tied to the host where the site is https, and to the back office where it is not', async () => {
  const email = await newAdmin();
  const cookieOver = async (proto: string): Promise<string> => {
    const answer = await sendLogin(newBrowser(site), {
      email,
      password: PASSWORD,
      address: '203.0.113.251',
    }).set('X-Forwarded-Proto', proto);
    const cookies = answer.headers['set-cookie'] as unknown as string[];
    return cookies.find((each) => each.includes('nipnime.sid=')) ?? '';
  };
  const secure = await cookieOver('https');
  expect(secure).toMatch(
    /^__Host-nipnime\.sid=[^;]+; Path=\/; Expires=[^;]+; HttpOnly; Secure; SameSite=Lax$/,
  );
  const plain = await cookieOver('http');
  expect(plain).toMatch(/^nipnime\.sid=[^;]+; Path=\/admin; Expires=[^;]+; HttpOnly; SameSite=Lax$/);

  const [pair = ''] = secure.split(';');
  const ask = (proto: string, cookie: string, path = '/admin/series') =>
    request(site.app).get(path).set({ 'X-Forwarded-Proto': proto, Cookie: cookie });
  await ask('https', pair).expect(200);
  // Somebody on the way can't bring a session in by http.
  await ask('https', plain.split(';')[0] ?? '').expect(303);
  const out = await request(site.app)
    .post('/admin/logout')
    .set({ 'X-Forwarded-Proto': 'https', Cookie: pair, 'Sec-Fetch-Site': 'same-origin' })
    .expect(303);
  expect(out.headers['set-cookie']).toEqual([
    '__Host-nipnime.sid=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Secure; SameSite=Lax',
  ]);
  await ask('https', pair).expect(303);
});
