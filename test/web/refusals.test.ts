import request from 'supertest';
import { createAdmin } from '../../src/features/accounts/admin-users';
import { createApiToken } from '../../src/features/accounts/api-tokens';
import { createTestApp, type TestApp } from '../support/app';
import { newBrowser, sendLogin } from '../support/login';

const EMAIL = 'ada@example.org';
const PASSWORD = 'correct horse battery';

let site: TestApp;
beforeAll(async () => {
  site = await createTestApp({ TRUST_PROXY: '1' });
  await createAdmin(site.database.db, EMAIL, PASSWORD);
});
afterAll(() => site.close());

const written = (action: string, address: string) =>
  site.database
    .db('journal')
    .where({ action, address })
    .orderBy('id')
    .select('actor_kind', 'actor_id', 'actor_name', 'subject_kind', 'subject_id', 'details');

describe('a log-in', () => {
  test('is written down, with where it came from and whether the device is known', async () => {
    const browser = newBrowser(site);
    const { id } = await site.database.db('admin_users').where({ email: EMAIL }).first('id');
    const fields = { email: EMAIL.toUpperCase(), address: '203.0.113.1:4711', password: PASSWORD };
    for (let count = 0; count < 2; count++) expect((await sendLogin(browser, fields)).status).toBe(303);
    const row = {
      actor_kind: 'admin',
      actor_id: id,
      actor_name: EMAIL,
      subject_kind: 'admin',
      subject_id: id,
    };
    expect(await written('login.success', '203.0.113.1')).toEqual([
      { ...row, details: { device: 'new' } },
      { ...row, details: { device: 'known' } },
    ]);
  });

  test('that is refused is written down with the account as it was typed; at a closed door once', async () => {
    const [email, address] = ['ADA@example.org', '203.0.113.2'];
    for (let count = 0; count < 20; count++)
      await sendLogin(newBrowser(site), { email, address, password: 'wrong-typed' });
    const { id } = await site.database.db('admin_users').where({ email: EMAIL }).first('id');
    const rows = await written('login.refused', address);
    const refused = (reason: string) => ({
      actor_kind: 'anonymous',
      actor_id: null,
      actor_name: email,
      subject_kind: 'admin',
      subject_id: id,
      details: { reason },
    });
    expect(rows).toEqual([...Array(10).fill(refused('password')), refused('limit')]);
    expect(JSON.stringify(rows)).not.toContain('wrong-typed');
  });

  test.each([
    ['a name that nobody has', 'nobody@example.org', 'nobody@example.org'],
    ['what a terminal would obey', 'nobody\u001b[2J\u202e', 'nobody�[2J�'],
    ['NUL', 'no\0body', 'no�body'],
    ['an endless name', 'x'.repeat(10_000), 'x'.repeat(254)],
  ])('that is refused is written down for %s', async (_what, email, name) => {
    const address = `198.51.100.${name.length % 256}`;
    await sendLogin(newBrowser(site), { email, address, password: 'wrong' }).expect(422);
    expect(await written('login.refused', address)).toMatchObject([{ actor_name: name, subject_id: null }]);
  });
});

describe('a token', () => {
  const send = (authorization: string, address: string) =>
    request(site.app)
      .get('/api/v1/series')
      .set({ Authorization: authorization, 'X-Forwarded-For': address })
      .then(({ status }) => status);

  test('that was revoked is written down under its name, one that is unknown without; neither with what it was', async () => {
    const { db } = site.database;
    const token = await createApiToken(db, 'old script');
    await db('api_tokens').update({ revoked_at: db.fn.now() });
    const { id } = await db('api_tokens').first('id');
    const address = '203.0.113.3';
    expect(await send(`Bearer ${token}`, address)).toBe(401);
    expect(await send('Bearer nipnime_made-up', address)).toBe(401);
    expect(await send('Basic YWRhOnNlY3JldA==', address)).toBe(401);
    const rows = await written('token.refused', address);
    const row = { actor_kind: 'anonymous', actor_id: null, subject_kind: 'token' };
    const fingerprint = expect.stringMatching(/^[0-9a-f]{8}$/);
    expect(rows).toEqual([
      {
        ...row,
        actor_name: 'old script',
        subject_id: id,
        details: { reason: 'revoked', fingerprint },
      },
      {
        ...row,
        actor_name: 'unknown token',
        subject_id: null,
        details: { reason: 'unknown', fingerprint },
      },
      { ...row, actor_name: 'unknown token', subject_id: null, details: { reason: 'malformed' } },
    ]);
    expect(JSON.stringify(rows)).not.toMatch(/made-up|YWRh|nipnime_/);
  });

  test('that is sent on and on from one address fills no table', async () => {
    for (let count = 0; count < 30; count++) await send(`Bearer made-up-${count}`, '203.0.113.4');
    expect(await written('token.refused', '203.0.113.4')).toHaveLength(10);
  });

  test('that is missing is none that was refused', async () => {
    await request(site.app).get('/api/v1/series').set('X-Forwarded-For', '203.0.113.5').expect(401);
    expect(await written('token.refused', '203.0.113.5')).toEqual([]);
  });
});
