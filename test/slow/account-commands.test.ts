import { execFile } from 'node:child_process';
import { join } from 'node:path';
import request from 'supertest';
import { createAdmin } from '../../src/features/accounts/admin-users';
import { createApiToken } from '../../src/features/accounts/api-tokens';
import { projectRoot } from '../../src/platform/project';
import { createTestApp, type TestApp } from '../support/app';
import { newBrowser, sendLogin } from '../support/login';
import { listen, openStream } from '../support/stream-client';

// Each command is a process.
jest.setTimeout(60_000);

const PASSWORD = 'correct horse battery';

let app: TestApp;
let server: Awaited<ReturnType<typeof listen>>;
beforeAll(async () => {
  app = await createTestApp();
  server = await listen(app);
});
afterAll(async () => {
  await server.close();
  await app.close();
});

type Result = { readonly status: number; readonly out: string; readonly err: string };

/** Runs a built command on the database of the site. */
function run(name: string, ...args: readonly string[]): Promise<Result> {
  const file = join(projectRoot(), 'dist', 'commands', `${name}.js`);
  const env = { PATH: process.env.PATH ?? '', DATABASE_URL: app.database.url };
  return new Promise((resolve) => {
    execFile(process.execPath, [file, ...args], { env }, (error, out, err) =>
      resolve({ status: error === null ? 0 : Number(error.code), out, err }),
    );
  });
}

/** Somebody who has a page of the back office open, which is live. */
async function comeIn(email: string, password = PASSWORD) {
  const browser = newBrowser(app);
  await sendLogin(browser, { email, password }).expect(303);
  const { text } = await browser.get('/admin/series').expect(200);
  const ticket = /data-ticket="([^"]+)"/.exec(text)?.[1] ?? '';
  const stream = await openStream(`${server.url}/events?t=${ticket}`);
  expect((await stream.next('hello')).data.topics).toEqual(['site']);
  return { browser, stream };
}

const lastAct = () =>
  app.database
    .db('journal')
    .select('actor_kind', 'via', 'action', 'subject_label', 'details')
    .orderBy('id', 'desc')
    .first();

test('admin:reset gives a new password, and whoever was in is out, with what was live', async () => {
  await createAdmin(app.database.db, 'ada@example.org', PASSWORD);
  const { browser, stream } = await comeIn('ada@example.org');
  const { status, out, err } = await run('admin-reset', '--email', 'ADA@example.org');
  expect([status, err]).toEqual([0, 'The new password of ada@example.org. Sessions that have ended: 1.\n']);
  expect(out).toMatch(/^([a-z2-9]{5}-){3}[a-z2-9]{5}\n$/);
  expect(await lastAct()).toEqual({
    actor_kind: 'system',
    via: 'command',
    action: 'admin.reset',
    subject_label: 'ada@example.org',
    details: { sessions: 1 },
  });

  await browser.get('/admin/series').expect(303);
  expect((await stream.next('bye')).data.reason).toBe('signed-out');
  await sendLogin(newBrowser(app), { email: 'ada@example.org', password: PASSWORD }).expect(422);
  await sendLogin(newBrowser(app), { email: 'ada@example.org', password: out.trim() }).expect(303);
});

test('admin:list tells who there is; admin:remove ends all that somebody has, but not the last of them', async () => {
  await createAdmin(app.database.db, 'bob@example.org', PASSWORD);
  const { browser, stream } = await comeIn('bob@example.org');
  const listed = JSON.parse((await run('admin-list', '--json')).out);
  const ofBob = listed.find((each: { email: string }) => each.email === 'bob@example.org');
  expect(ofBob).toMatchObject({ sessions: 1, createdAt: expect.any(String), lastSeenAt: expect.any(String) });
  const table = (await run('admin-list')).out;
  expect(table).toMatch(/^address +role +second step +created +last seen +sessions\n/);
  expect(table).toMatch(
    /\nbob@example\.org +admin +no +20\d\d-\d\d-\d\d \d\d:\d\d +20\d\d-\d\d-\d\d \d\d:\d\d +1\n/,
  );

  const removed = await run('admin-remove', '--email', 'bob@example.org');
  expect(removed).toMatchObject({
    status: 0,
    out: expect.stringContaining('Removed the admin bob@example.org'),
  });
  await browser.get('/admin/series').expect(303);
  expect((await stream.next('bye')).data.reason).toBe('signed-out');
  expect((await run('admin-remove', '--email', 'bob@example.org')).status).toBe(2);

  const others: { id: string }[] = await app.database
    .db('admin_users')
    .select('id')
    .whereNot('email', 'ada@example.org');
  await app.database
    .db('admin_users')
    .whereIn(
      'id',
      others.map(({ id }) => id),
    )
    .delete();
  const last = await run('admin-remove', '--email', 'ada@example.org');
  expect([last.status, last.out]).toEqual([2, '']);
  expect(last.err).toContain('ada@example.org is the last admin');
  expect(await app.database.db('admin_users').select('email')).toEqual([{ email: 'ada@example.org' }]);
});

test('token:revoke takes a token back, by its name where that is enough, else by its id', async () => {
  const { db } = app.database;
  const [leaked, first] = [await createApiToken(db, 'leaked'), await createApiToken(db, 'twice')];
  await createApiToken(db, 'twice');
  const ask = (token: string) =>
    request(app.app).get('/api/v1/series').set('Authorization', `Bearer ${token}`);
  await ask(leaked).expect(200);
  expect(await run('token-revoke', '--name', 'leaked')).toMatchObject({
    status: 0,
    out: expect.stringMatching(/^Revoked the token leaked \(\d+\)\.\n$/),
  });
  await ask(leaked).expect(401);
  expect(await lastAct()).toMatchObject({ action: 'token.refused' });
  expect((await run('token-revoke', '--name', 'leaked')).status).toBe(2);

  const several = await run('token-revoke', '--name', 'twice');
  const ids = /\((\d+), (\d+)\)/.exec(several.err);
  expect([several.status, ids?.length]).toEqual([2, 3]);
  await ask(first).expect(200);
  await run('token-revoke', '--id', ids?.[2] ?? '');
  await ask(first).expect(401);

  const listed = JSON.parse((await run('token-list', '--json')).out);
  expect(
    listed.map((each: { name: string; revokedAt: unknown }) => [each.name, each.revokedAt !== null]),
  ).toEqual([
    ['twice', false],
    ['twice', true],
    ['leaked', true],
  ]);
  expect((await run('token-list')).out).toMatch(/^id +name +created +last used +expires +revoked +scopes\n/);
  const limited = await run('token-create', '--name', 'limited', '--scope', 'read', '--days', '7');
  await ask(limited.out.trim()).expect(200);
  const row = await db('api_tokens').where({ name: 'limited' }).first();
  expect(row.scopes).toEqual(['read']);
  expect(Math.round((row.expires_at - row.created_at) / 86_400_000)).toBe(7);
  for (const wrong of [
    ['--scope', 'root'],
    ['--days', '0'],
    ['--days', 'x'],
  ])
    expect((await run('token-create', '--name', 'x', ...wrong)).status).toBe(2);
  const secrets = await db('journal').whereRaw('journal::text like ?', ['%nipnime\\_%']).select('id');
  expect(secrets).toEqual([]);
});

test.each(['admin-list', 'admin-reset', 'admin-remove', 'token-list', 'token-revoke'])(
  '%s explains itself, and says how it is called',
  async (name) => {
    const help = await run(name, '--help');
    expect(help).toMatchObject({ status: 0, out: expect.stringContaining(name.replace('-', ':')), err: '' });
    expect(await run(name, '--nonsense')).toMatchObject({ status: 2, out: '' });
  },
);
