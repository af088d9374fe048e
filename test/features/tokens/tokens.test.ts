import request from 'supertest';
import { createAdmin } from '../../../src/features/accounts/admin-users';
import { createApiToken } from '../../../src/features/accounts/api-tokens';
import { createTestApp, type TestApp } from '../../support/app';
import { type Agent, newBrowser, sendLogin } from '../../support/login';

const ADA = { email: 'ada@example.org', password: 'correct horse battery' };

let site: TestApp;
let ada: Agent;
beforeAll(async () => {
  site = await createTestApp();
  await createAdmin(site.database.db, ADA.email, ADA.password);
  ada = newBrowser(site);
  await sendLogin(ada, ADA).expect(303);
});
afterAll(() => site.close());

const send = (path: string, fields: Readonly<Record<string, string>> = {}) =>
  ada
    .post(path)
    .set('Sec-Fetch-Site', 'same-origin')
    .type('form')
    .send(new URLSearchParams(fields).toString());

const ask = (token: string, method: 'get' | 'post', path: string) =>
  request(site.app)
    [method](`/api/v1${path}`)
    .set('Authorization', `Bearer ${token}`)
    .send(method === 'post' ? {} : undefined);

async function rows(): Promise<string[]> {
  const { text } = await ada.get('/admin/tokens').expect(200);
  const [, body = ''] = /<tbody[^>]*>([\s\S]*)<\/tbody>/.exec(text) ?? [];
  return body
    .split('</tr>')
    .slice(0, -1)
    .map((row) =>
      row
        .replace(/<[^>]*>/g, ' ')
        .replace(/\s+/g, ' ')
        .trim(),
    );
}

const lastActs = (count: number) =>
  site.database
    .db('journal')
    .select('actor_name', 'action', 'subject_label', 'changes')
    .orderBy('id', 'desc')
    .limit(count);

test('a token is made for what it is to do and for a time, shown once, and revoked', async () => {
  const fields = { name: ' uploader ', 'scope-episodes:write': '1', days: '90' };
  const made = await send('/admin/tokens', fields).expect(303);
  expect(made.headers.location).toBe('/admin/tokens');
  const [, token = ''] =
    /readonly value="(nipnime_[\w-]{43})"/.exec((await ada.get('/admin/tokens')).text) ?? [];
  expect(token).not.toBe('');
  expect((await ada.get('/admin/tokens')).text).not.toContain(token);
  const kept: unknown = await Promise.all(
    ['api_tokens', 'journal', 'admin_sessions'].map((table) => site.database.db(table).select()),
  );
  expect(JSON.stringify(kept)).not.toContain(token);

  await ask(token, 'post', '/episodes').expect(422);
  await ask(token, 'post', '/series').expect(403);
  await ask(token, 'get', '/episodes').expect(403);
  await ask(token, 'get', '/nowhere').expect(404);
  expect((await rows())[0]).toMatch(
    /^uploader : what was done with it episodes:write Until .+ UTC .+ UTC .+ UTC Revoke the token uploader$/,
  );
  const [{ changes }] = await lastActs(1);
  expect(changes).toMatchObject({ name: { after: 'uploader' }, scopes: { after: ['episodes:write'] } });
  const days = (Date.parse(changes.expiresAt.after) - Date.now()) / 86_400_000;
  expect(days).toBeGreaterThan(89.9);
  expect(days).toBeLessThan(90.1);

  const [, revoke = ''] =
    /action="(\/admin\/tokens\/\d+\/revoke)"/.exec((await ada.get('/admin/tokens')).text) ?? [];
  await send(revoke).expect(303);
  expect((await ada.get('/admin/tokens')).text).toContain('The token was revoked.');
  await ask(token, 'post', '/episodes').expect(401);
  expect((await rows())[0]).toMatch(/ Revoked .+ UTC/);
  expect((await lastActs(2))[1]).toMatchObject({
    actor_name: ADA.email,
    action: 'token.revoke',
    subject_label: 'uploader',
  });
  await send(revoke).expect(303);
  expect((await ada.get('/admin/tokens')).text).toContain('or it was revoked already');
});

test.each([
  [{ name: '', 'scope-read': '1', days: '30' }, 'Must not be empty.'],
  [{ name: 'x'.repeat(61), 'scope-read': '1', days: '30' }, 'Must have at most 60 characters.'],
  [{ name: 'kept name', days: '30' }, 'Choose at least one.'],
  [{ name: 'kept name', 'scope-root': '1', days: '30' }, 'Choose at least one.'],
  [{ name: 'kept name', 'scope-series:write': '1', days: '31' }, 'Must be one of the list.'],
])('%j is refused, and what was chosen is kept', async (fields, message) => {
  const before = await rows();
  const { text } = await send('/admin/tokens', fields).expect(422);
  expect(text).toContain(message);
  expect(text).toContain(`value="${fields.name}"`);
  expect(/name="scope-series:write" value="1" checked/.test(text)).toBe('scope-series:write' in fields);
  expect(await rows()).toEqual(before);
});

test('a token without scopes of its own, of the version before, may do everything; one whose time is over, nothing', async () => {
  const { db } = site.database;
  const token = await createApiToken(db, 'short', { expiresAt: new Date(Date.now() + 60_000) });
  await ask(token, 'get', '/series').expect(200);
  await ask(token, 'post', '/series').expect(422);
  await db('api_tokens').where({ name: 'short' }).update({ expires_at: new Date() });
  await ask(token, 'get', '/series').expect(401);
  const { details } = await db('journal')
    .select('details')
    .where({ action: 'token.refused' })
    .orderBy('id', 'desc')
    .first();
  expect(details.reason).toBe('expired');

  await db.raw('insert into api_tokens (name, token_hash) select ?, sha256(?::bytea)', [
    'old',
    'nipnime_old',
  ]);
  await ask('nipnime_old', 'get', '/series').expect(200);
  await ask('nipnime_old', 'post', '/series').expect(422);
  expect((await rows())[0]).toContain('old : what was done with it Everything No end');
});
