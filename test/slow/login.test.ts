import { pbkdf2 } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { promisify } from 'node:util';
import { hash } from '@node-rs/argon2';
import request from 'supertest';
import { createAdmin } from '../../src/features/accounts/admin-users';
import { createTestApp, type TestApp } from '../support/app';
import { newBrowser, sendLogin } from '../support/login';

// Hundreds of passwords are compared here.
jest.setTimeout(60_000);

const PASSWORD = 'correct horse battery';

let site: TestApp;
beforeAll(async () => {
  site = await createTestApp({ TRUST_PROXY: '1' });
});
afterAll(() => site.close());

let lastAdmin = 0;
async function newAdmin(password = PASSWORD): Promise<string> {
  lastAdmin += 1;
  const email = `admin${lastAdmin}@example.org`;
  await createAdmin(site.database.db, email, password);
  return email;
}

let lastAddress = 0;
/** One that nobody came from before. */
function newAddress(): string {
  lastAddress += 1;
  return `203.0.${lastAddress >> 8}.${lastAddress & 255}`;
}

async function logIn(fields: Record<string, string>, browser = newBrowser(site)) {
  return sendLogin(browser, fields);
}

/** How often each status came. */
function tally(answers: readonly { readonly status: number }[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

const sessionRows = () => site.database.db('admin_sessions').select('sid');

describe('the limit of tries', () => {
  test('holds when 400 come at once: ten are looked at', async () => {
    const [email, address] = [await newAdmin(), newAddress()];
    // One server for all: supertest would start 400.
    const server = createServer(site.app).listen();
    await once(server, 'listening');
    const tries = Array.from({ length: 400 }, (_, index) =>
      sendLogin(request.agent(server), { email, address, password: `wrong ${index}` }),
    );
    expect(tally(await Promise.all(tries))).toEqual({ 422: 10, 429: 390 });
    server.close();
    const right = await logIn({ email, address, password: PASSWORD });
    expect(right.status).toBe(429);
    expect(Number(right.headers['retry-after'])).toBeGreaterThan(800);
    expect(Number(right.headers['retry-after'])).toBeLessThanOrEqual(900);
  });

  test('is of account and address together: a stranger locks out nobody but the stranger', async () => {
    const [email, stranger] = [await newAdmin(), newAddress()];
    const tries: { status: number }[] = [];
    for (let count = 0; count < 12; count++)
      tries.push(await logIn({ email, address: stranger, password: 'wrong' }));
    expect(tally(tries)).toEqual({ 422: 10, 429: 2 });
    expect((await logIn({ email, address: newAddress(), password: PASSWORD })).status).toBe(303);
  });

  test('gives back the tries that were right, and those alone', async () => {
    const [email, address] = [await newAdmin(), newAddress()];
    for (let count = 0; count < 40; count++)
      expect((await logIn({ email, address, password: PASSWORD })).status).toBe(303);
    const tries: { status: number }[] = [];
    for (let count = 0; count < 11; count++) {
      tries.push(await logIn({ email, address, password: 'wrong' }));
      if (count === 5) expect((await logIn({ email, address, password: PASSWORD })).status).toBe(303);
    }
    expect(tally(tries)).toEqual({ 422: 10, 429: 1 });
  });

  test('is 30 for an address, whatever account it tries', async () => {
    const address = newAddress();
    const tries = Array.from({ length: 40 }, (_, index) => ({
      email: `nobody${index}@example.org`,
      address,
      password: 'wrong',
    }));
    const answers: { status: number }[] = [];
    for (const fields of tries) answers.push(await logIn(fields));
    expect(tally(answers)).toEqual({ 422: 30, 429: 10 });
  });

  test.each([
    ['an IPv6 network', (index: number) => `2001:db8:1:2::${index.toString(16)}`],
    ['ports', (index: number) => `198.51.100.1:${1_000 + index}`],
    ['brackets and ports', (index: number) => `[2001:db8:1:3::${index.toString(16)}]:${1_000 + index}`],
    [
      'forms of one address',
      (index: number) => (index % 2 === 0 ? '::ffff:198.51.100.2' : '[::ffff:c633:6402]:80'),
    ],
    ['made-up text', (index: number) => `made-up-${index}`],
  ])('can’t be evaded with %s', async (_what, addressOf) => {
    const answers: { status: number }[] = [];
    for (let index = 1; index <= 40; index++)
      answers.push(
        await logIn({ email: `nobody${index}@example.org`, address: addressOf(index), password: 'wrong' }),
      );
    // What is no address counts as the proxy, which is one for all tests here.
    expect(tally(answers)[429]).toBeGreaterThanOrEqual(10);
  });

  test('can’t be evaded with another spelling of the account', async () => {
    const address = newAddress();
    const email = `${await newAdmin()}`;
    const spellings = [email, email.toUpperCase(), ` ${email}`, `${email}\t`, email.replace('i', 'I')];
    const { rows } = await site.database.db.raw(
      `select lower('İ') = 'i' as dotted, lower('K') = 'k' as kelvin`,
    );
    // As far as the database takes these for the same letters.
    if (rows[0].dotted) spellings.push(email.replace('i', 'İ'));
    const answers: { status: number }[] = [];
    for (let index = 0; index < 12; index++)
      answers.push(
        await logIn({ email: spellings[index % spellings.length] ?? email, address, password: 'wrong' }),
      );
    expect(tally(answers)).toEqual({ 422: 10, 429: 2 });
  });

  test('of all strangers together doesn’t hold up a device that has logged in before, which has its own', async () => {
    const email = await newAdmin();
    const device = newBrowser(site);
    expect((await logIn({ email, address: newAddress(), password: PASSWORD }, device)).status).toBe(303);

    const strangers = Array.from({ length: 11 }, newAddress);
    const answers: { status: number }[] = [];
    for (const address of strangers)
      for (let count = 0; count < 10; count++)
        answers.push(await logIn({ email, address, password: 'wrong' }));
    expect(tally(answers)).toEqual({ 422: 100, 429: 10 });
    expect((await logIn({ email, address: newAddress(), password: PASSWORD })).status).toBe(429);
    // From an address without tries left, too: it may be that of the whole office.
    const address = strangers[0] ?? '';
    expect((await logIn({ email, address, password: PASSWORD }, device)).status).toBe(303);

    const own: { status: number }[] = [];
    for (let count = 0; count < 12; count++)
      own.push(await logIn({ email, address: newAddress(), password: 'wrong' }, device));
    expect(tally(own)).toEqual({ 422: 10, 429: 2 });
  });

  test('is that of strangers for a cookie that is forged, of another account, or older than the password', async () => {
    const [email, other] = [await newAdmin(), await newAdmin()];
    const device = newBrowser(site);
    const cookies = (await logIn({ email, address: newAddress(), password: PASSWORD }, device)).headers[
      'set-cookie'
    ] as unknown as string[];
    const cookie = cookies.find((each) => each.startsWith('nipnime.device-')) ?? '';
    expect(cookie).toMatch(/; Path=\/admin\/login; .*HttpOnly; SameSite=Lax/);
    const pair = cookie.split(';')[0] ?? '';
    const { id } = await site.database.db('admin_users').where({ email: other }).first('id');

    const exhausted = newAddress();
    for (let count = 0; count < 10; count++) {
      await logIn({ email, address: exhausted, password: 'wrong' });
      await logIn({ email: other, address: exhausted, password: 'wrong' });
    }
    const withCookie = (sent: string, account: string) =>
      sendLogin(newBrowser(site), { email: account, address: exhausted, password: PASSWORD })
        .set('Cookie', sent)
        .then(({ status }) => status);
    const [name = '', value = ''] = pair.split('=');
    const [nonce, issuedAt, ...signatures] = value.split('.');
    expect(await withCookie(`${name}=x${value}`, email)).toBe(429);
    expect(await withCookie(`${name}=${[nonce, Number(issuedAt) + 1, ...signatures].join('.')}`, email)).toBe(
      429,
    );
    expect(await withCookie(`${name}=${value}.x`, email)).toBe(429);
    expect(await withCookie(`${name}=`, email)).toBe(429);
    expect(await withCookie(`nipnime.device-${id}=${value}`, other)).toBe(429);
    expect(await withCookie(pair, email)).toBe(303);
    await site.database
      .db('admin_users')
      .where({ email })
      .update({ password_hash: await hash(PASSWORD) });
    expect(await withCookie(pair, email)).toBe(429);
  });
});

describe('the log-in form', () => {
  test('keeps the address and where to go, and never shows the password', async () => {
    const email = 'bob&"<b>@example.org';
    const answer = await logIn({
      email,
      address: newAddress(),
      password: 'secret-typed',
      next: '/admin/series',
    });
    expect(answer.status).toBe(422);
    expect(answer.text).toContain('value="bob&amp;&#34;&lt;b&gt;@example.org"');
    expect(answer.text).toContain('name="next" value="/admin/series"');
    expect(answer.text).not.toContain('secret-typed');
  });

  test.each([
    ['an address with NUL', { email: 'a\0b@example.org', password: 'x' }],
    ['a password with NUL', { email: 'nobody@example.org', password: 'x\0y' }],
    ['an endless address', { email: `${'x'.repeat(10_000)}@example.org`, password: 'x' }],
    ['an endless password', { email: 'nobody@example.org', password: 'x'.repeat(10_000) }],
    ['nothing', { email: '', password: '' }],
  ])('is refused with %s', async (_what, fields) => {
    expect((await logIn({ ...fields, address: newAddress() })).status).toBe(422);
  });

  test('is refused with what is no form at all', async () => {
    for (const [type, body] of [
      ['application/json', '{"email":{"a":1}}'],
      ['application/x-www-form-urlencoded', 'email[a]=1&email[b]=2&password[]=x'],
      ['text/plain', 'x'],
    ] as const) {
      const answer = await request(site.app)
        .post('/admin/login')
        .set({ 'Sec-Fetch-Site': 'same-origin', 'X-Forwarded-For': newAddress(), 'Content-Type': type })
        .send(body);
      expect(answer.status).toBe(422);
    }
  });

  test('takes a password in whichever form a keyboard sends it, of an old account too, which is then renewed', async () => {
    const email = await newAdmin('pässwört ﬁne');
    expect(
      (await logIn({ email, address: newAddress(), password: 'pa\u0308sswo\u0308rt fine' })).status,
    ).toBe(303);

    const old = await newAdmin();
    const kept = await hash('old ﬁne password');
    await site.database.db('admin_users').where({ email: old }).update({ password_hash: kept });
    const device = newBrowser(site);
    expect((await logIn({ email: old, address: newAddress(), password: 'old fine password' })).status).toBe(
      422,
    );
    expect(
      (await logIn({ email: old, address: newAddress(), password: 'old ﬁne password' }, device)).status,
    ).toBe(303);
    expect((await logIn({ email: old, address: newAddress(), password: 'old fine password' })).status).toBe(
      303,
    );
  });

  test.each([
    [{ 'Sec-Fetch-Site': 'cross-site' }, 403],
    [{ 'Sec-Fetch-Site': 'same-site' }, 403],
    [{ Origin: 'https://evil.example' }, 403],
    [{ Origin: 'null' }, 403],
    [{}, 403],
    [{ Origin: 'http://site.example' }, 303],
    [{ 'Sec-Fetch-Site': 'same-origin' }, 303],
  ])('sent from %j is answered with %i', async (headers, status) => {
    const answer = await request(site.app)
      .post('/admin/login')
      .set({ Host: 'site.example', 'X-Forwarded-For': newAddress(), ...headers })
      .type('form')
      .send({ email: await newAdmin(), password: PASSWORD });
    expect(answer.status).toBe(status);
  });

  test('gives the session a new id, so that one that was known before opens nothing', async () => {
    const email = await newAdmin();
    const browser = newBrowser(site);
    const sidOf = (answer: { headers: Record<string, unknown> }): string =>
      (answer.headers['set-cookie'] as string[]).find((each) => each.startsWith('nipnime.sid=')) ?? '';
    const first = sidOf(await logIn({ email, address: newAddress(), password: PASSWORD }, browser));
    const second = sidOf(await logIn({ email, address: newAddress(), password: PASSWORD }, browser));
    expect(second).not.toBe(first);
    const answer = await request(site.app)
      .get('/admin/series')
      .set('Cookie', first.split(';')[0] ?? '');
    expect(answer.status).toBe(303);
  });
});

test('many who come at once from everywhere wait their turn or are told to come again; the address is kept', async () => {
  const server = createServer(site.app).listen();
  await once(server, 'listening');
  // All threads that could compare a password have something else to do, so that the crowd has to wait on a fast machine, too.
  const others = Array.from({ length: 4 }, () =>
    promisify(pbkdf2)('password', 'salt', 1_500_000, 64, 'sha512'),
  );
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, index) =>
      sendLogin(request.agent(server), {
        email: `crowd${index}@example.org`,
        address: newAddress(),
        password: 'wrong',
      }),
    ),
  );
  server.close();
  await Promise.all(others);
  const busy = answers.filter(({ status }) => status === 503);
  expect(answers.length - busy.length).toBe(tally(answers)[422]);
  expect(busy.length).toBeGreaterThan(0);
  for (const { headers, text } of busy) {
    expect(headers['retry-after']).toBe('3');
    expect(text).toContain('Too many are logging in at the moment.');
    expect(text).toMatch(/value="crowd\d+@example\.org"/);
  }
  // Nobody looked at these: they are no tries.
  const email = /value="(crowd\d+@example\.org)"/.exec(busy[0]?.text ?? '')?.[1] ?? '';
  const again: { status: number }[] = [];
  const address = newAddress();
  for (let count = 0; count < 11; count++) again.push(await logIn({ email, address, password: 'wrong' }));
  expect(tally(again)).toEqual({ 422: 10, 429: 1 });
});

describe('nobody', () => {
  const sids = {
    none: '',
    forged: 'nipnime.sid=s%3Aforged.c2lnbmF0dXJl',
    garbage: 'nipnime.sid=; nipnime.device-1=a.b.c',
  };

  test.each(Object.entries(sids))('leaves a row in the database by asking: sid %s', async (_what, cookie) => {
    const before = await sessionRows();
    for (const method of ['get', 'head', 'post', 'put', 'delete', 'options', 'patch'] as const)
      for (const path of [
        '',
        '/',
        '/login',
        '/logout',
        '/series',
        '/series/new',
        '/nowhere',
        '/login/nowhere',
      ])
        await request(site.app)
          [method](`/admin${path}`)
          .set('Cookie', cookie)
          .set('Sec-Fetch-Site', 'same-origin')
          .send('email=a&password=b');
    await logIn({ email: 'nobody@example.org', address: newAddress(), password: 'wrong' });
    await newBrowser(site).get('/admin/login?next=/admin/series');
    expect(await sessionRows()).toEqual(before);
  });

  test('leaves a row with a session that is over', async () => {
    const browser = newBrowser(site);
    await logIn({ email: await newAdmin(), address: newAddress(), password: PASSWORD }, browser);
    await site.database.db('admin_sessions').update({ expire: '2020-01-01' });
    const before = await sessionRows();
    await browser.get('/admin/series').expect(303);
    await browser.get('/admin/login').expect(200);
    await browser.post('/admin/logout').set('Sec-Fetch-Site', 'same-origin').expect(303);
    expect(await sessionRows()).toEqual(before);
  });

  test('is sent to the log-in page with no cookie', async () => {
    const answer = await request(site.app).get('/admin/login').expect(200);
    expect(answer.headers['set-cookie']).toBeUndefined();
  });
});
