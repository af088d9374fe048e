import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import request from 'supertest';
import { createAdmin } from '../../src/features/accounts/admin-users';
import { deleteEpisode } from '../../src/features/episodes/repository';
import { createDatabase, type Database } from '../../src/platform/database';
import { createLogger } from '../../src/platform/log';
import { loadConfig } from '../../src/process/config';
import { createSiteNode, type SiteNode } from '../../src/process/node';
import { newEpisode, newSeries, tester } from '../support/catalog';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { type Agent, fieldsOf, post } from '../support/html-form';
import { sendLogin } from '../support/login';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy';
import { until } from '../support/until';

const ada = { email: 'ada@example.org', password: 'correct horse battery' };

let database: TestDatabase;
let network: TcpProxy;
let db: Database;
let site: SiteNode;
let dataDir: string;

beforeAll(async () => {
  database = await createTestDatabase();
  const url = new URL(database.url);
  network = await startTcpProxy({ port: Number(url.port || 5432) });
  url.host = `127.0.0.1:${network.port}`;
  db = createDatabase(url.href);
  dataDir = await mkdtemp(join(tmpdir(), 'nipnime-lost-'));
  const config = loadConfig({ NODE_ENV: 'test', LOG_LEVEL: 'silent', DATA_DIR: dataDir });
  const given = { db, url: url.href, close: async () => undefined };
  site = await createSiteNode(config, createLogger(config.logLevel), given);
  await createAdmin(db, ada.email, ada.password);
});
afterAll(async () => {
  await site?.close();
  await db?.destroy();
  await network?.close();
  await database?.drop();
  await rm(dataDir, { recursive: true });
});

async function loggedIn(): Promise<Agent> {
  const agent = request.agent(site.app);
  await sendLogin(agent, ada).expect(303);
  return agent;
}

const rowsOf = (...servers: readonly string[]) => ({
  videoServers: servers.map((name) => ({ name, kind: 'embed', url: `https://video.example/${name}` })),
});

describe('the session has ended when a form is sent', () => {
  test('it is logged in on the spot, and the form is saved, with its rows and lines', async () => {
    const agent = await loggedIn();
    const series = await newSeries(site.catalog, { title: 'Ended' });
    const { id } = await newEpisode(site.catalog, series.id, rowsOf('a', 'b'));
    const address = `/admin/episodes/${id}`;
    const { text } = await agent.get(`${address}/edit`);
    const typed = {
      ...fieldsOf(text, address),
      title: '“Typed” <for> an hour & more',
      synopsis: 'One\r\n\r\nTwo',
      'videoServers[1][url]': 'https://video.example/typed?a=[1]',
    };
    await db('admin_sessions').delete();
    const refused = await post(agent, address, typed);
    expect(refused.status).toBe(403);
    expect(refused.text).toContain('You are not logged in any more');
    expect(refused.text).toContain('&lt;for&gt; an hour');

    const kept = fieldsOf(refused.text, '/admin/login');
    const wrong = await post(agent, '/admin/login', { ...kept, email: ada.email, password: 'wrong' });
    expect(wrong.status).toBe(422);
    expect(wrong.text).toContain('The address or the password is not right.');
    const again = { ...fieldsOf(wrong.text, '/admin/login'), ...ada };
    const sent = await post(agent, '/admin/login', again);
    // The browser sends the same once more, to where it was to go.
    expect([sent.status, sent.headers.location]).toEqual([307, address]);
    await post(agent, address, again).expect(303);
    expect((await agent.get(`${address}/edit`)).text).toContain('was saved');
    expect(fieldsOf((await agent.get(`${address}/edit`)).text, address)).toMatchObject({
      title: '“Typed” <for> an hour & more',
      synopsis: 'One\n\nTwo',
      'videoServers[0][name]': 'a',
      'videoServers[1][url]': 'https://video.example/typed?a=[1]',
    });
  });

  test('it leads to no other site, carries no password, and makes no circle', async () => {
    for (const keptFor of ['//evil.example/', 'https://evil.example/admin/', '/series/a', '/admin/login']) {
      const answer = await post(request.agent(site.app), '/admin/login', { ...ada, keptFor });
      expect([answer.status, answer.headers.location]).toEqual([303, '/admin']);
    }
    const secret = await post(request.agent(site.app), '/admin/account/password', {
      newPassword: 'hunter22',
    });
    expect(secret.status).toBe(403);
    expect(secret.text).not.toContain('hunter22');
  });

  test('an anonymous sender gets nothing done by it', async () => {
    const { id } = await newSeries(site.catalog, { title: 'Untouched' });
    const fields = { keptFor: `/admin/series/${id}`, 'kept[title]': 'Changed' };
    await post(request.agent(site.app), `/admin/series/${id}`, fields).expect(403);
    expect(await db('series').where({ id }).first()).toMatchObject({ title: 'Untouched' });
  });
});

describe('the episode was deleted while somebody typed', () => {
  async function deletedMeanwhile(change: Readonly<Record<string, string>>) {
    const agent = await loggedIn();
    const series = await newSeries(site.catalog, { title: 'Deleted' });
    const { id } = await newEpisode(site.catalog, series.id, { number: '5', ...rowsOf('a') });
    const address = `/admin/episodes/${id}`;
    const { text } = await agent.get(`${address}/edit`);
    await deleteEpisode(site.catalog, tester, id);
    const refused = await post(agent, address, { ...fieldsOf(text, address), ...change });
    return { agent, address, id, series, refused };
  }

  test('the form comes back, and saves it by bringing it back', async () => {
    const { agent, address, refused } = await deletedMeanwhile({ title: 'Typed' });
    expect(refused.status).toBe(409);
    expect(refused.text).toMatch(/Not saved: this episode was deleted by an import|was deleted by test/);
    const fields = fieldsOf(refused.text, address);
    expect(fields).toMatchObject({ title: 'Typed', number: '5', 'videoServers[0][name]': 'a' });
    // Other buttons of the form say the same as well, and a field that is wrong is said to be.
    const rows = await post(agent, address, { ...fields, action: 'add-server' });
    expect(rows.text).toContain('Bring back and save');
    const wrong = await post(agent, address, { ...fields, number: 'x', action: 'bring-back' });
    expect(wrong.status).toBe(422);
    expect(wrong.text).toContain('Bring back and save');

    await post(agent, address, { ...fields, action: 'bring-back' }).expect(303);
    const { text } = await agent.get(`${address}/edit`).expect(200);
    expect(fieldsOf(text, address)).toMatchObject({ title: 'Typed', 'videoServers[0][name]': 'a' });
    const [act] = await db('journal')
      .where({ subject_id: address.split('/').pop() })
      .orderBy('id', 'desc');
    expect(act).toMatchObject({ action: 'episode.restore' });
  });

  test('or as a new one, also where nothing of it is left', async () => {
    const { agent, address, id, series, refused } = await deletedMeanwhile({ synopsis: 'Typed' });
    await db('episodes').where({ id }).delete();
    const gone = await post(agent, address, fieldsOf(refused.text, address));
    expect(gone.status).toBe(409);
    expect(gone.text).toContain('was deleted for good');
    expect(gone.text).not.toContain('Bring back');
    const action = `/admin/series/${series.id}/episodes`;
    expect(gone.text).toContain(`formaction="${action}"`);
    const saved = await post(agent, action, fieldsOf(gone.text, address));
    expect(saved.status).toBe(303);
    const { text } = await agent.get(saved.headers.location ?? '');
    expect(fieldsOf(text, saved.headers.location?.replace('/edit', '') ?? '')).toMatchObject({
      synopsis: 'Typed',
      'videoServers[0][url]': 'https://video.example/a',
    });
  });
});

/** What the new ones lack, by the index of their form. */
const MISSING: Readonly<Record<number, Readonly<Record<string, string>>>> = {
  1: {
    'videoServers[0][url]': 'https://video.example/a9',
    'videoServers[1][url]': 'https://video.example/b9',
  },
  3: { title: 'New' },
};

test('while the database is away a form comes back as it was typed, and can be saved again', async () => {
  const agent = await loggedIn();
  const series = await newSeries(site.catalog, { title: '葬送', titleLanguage: 'ja' });
  const { id } = await newEpisode(site.catalog, series.id, { number: '8', ...rowsOf('a', 'b') });
  const forms = [
    [`/admin/episodes/${id}/edit`, `/admin/episodes/${id}`],
    [`/admin/series/${series.id}/episodes/new`, `/admin/series/${series.id}/episodes`],
    [`/admin/series/${series.id}/edit`, `/admin/series/${series.id}`],
    ['/admin/series/new', '/admin/series/new'],
  ] as const;
  const opened = [];
  for (const [page, action] of forms) {
    const { text } = await agent.get(page).expect(200);
    opened.push({ action, fields: { ...fieldsOf(text, action), synopsis: 'One\r\nTwo' } });
  }
  network.cut();
  const answers = [];
  for (const { action, fields } of opened) answers.push(await post(agent, action, fields));
  const other = await post(agent, '/admin/notice/dismiss', { undo: 'a"b', back: '/admin' });
  const secret = await post(agent, '/admin/login', ada);
  const read = await agent
    .get(`/admin/episodes/${id}/edit`)
    .set('Host', 'site.example')
    .set('Referer', 'http://site.example/admin/trash');
  network.mend();

  for (const [index, { status, headers, text }] of answers.entries()) {
    expect([status, headers['retry-after']]).toEqual([503, '5']);
    expect(text).toContain('Not saved: the database does not answer at the moment');
    expect(text).toContain('Save again');
    const { action = '', fields = {} } = opened[index] ?? {};
    expect(fieldsOf(text, action)).toEqual({ ...fields, synopsis: 'One\nTwo' });
  }
  expect(answers[0]?.text).toContain('lang="ja">葬送</a>');
  expect(answers[0]?.text).toContain('Episode 8');
  expect(other.status).toBe(503);
  expect(fieldsOf(other.text, '/admin/notice/dismiss')).toEqual({ undo: 'a"b', back: '/admin' });
  expect(secret.status).toBe(503);
  expect(secret.text).not.toContain(ada.password);
  // The error page is one of the back office, with a way back.
  expect(read.status).toBe(503);
  expect(read.text).toContain('nipnime admin</title>');
  expect(read.text).toContain(
    '<a class="button button--primary" href="/admin/trash">Back to where you were</a>',
  );

  await until(async () => (await agent.get('/admin/trash')).status === 200);
  for (const [index, { text }] of answers.entries()) {
    const { action = '' } = opened[index] ?? {};
    const again = { ...fieldsOf(text, action), ...MISSING[index] };
    await post(agent, action, again).expect(303);
  }
  expect(await db('episodes').where({ id }).first()).toMatchObject({ synopsis: 'One\nTwo' });
});

test('a form that the site itself fails at comes back as well', async () => {
  const agent = await loggedIn();
  const series = await newSeries(site.catalog, { title: 'Fails' });
  const { id } = await newEpisode(site.catalog, series.id, rowsOf('a'));
  const address = `/admin/episodes/${id}`;
  const { text } = await agent.get(`${address}/edit`);
  await db.raw(`
    create function fail() returns trigger language plpgsql as $$ begin raise exception 'a fault'; end $$;
    create trigger fail before update or delete on episodes for each row execute function fail()`);
  const failed = await post(agent, address, { ...fieldsOf(text, address), title: 'Typed' });
  const other = await post(agent, `${address}/restore`, {});
  const deletion = await post(agent, `${address}/delete`, {});
  await db.raw('drop function fail cascade');
  expect(failed.status).toBe(500);
  expect(failed.text).toContain('something went wrong on our side');
  expect(failed.text).toContain(`Request ${failed.headers['x-request-id']}`);
  expect(failed.text).not.toContain('a fault');
  expect(other.status).toBe(303);
  expect(deletion.status).toBe(500);
  expect(fieldsOf(deletion.text, `${address}/delete`)).toEqual({});
  await post(agent, address, fieldsOf(failed.text, address)).expect(303);
  expect(await db('episodes').where({ id }).first()).toMatchObject({ title: 'Typed' });
});

test('the address of a form that was refused leads to the form', async () => {
  const agent = await loggedIn();
  const series = await newSeries(site.catalog, { title: 'Reloaded' });
  const { id } = await newEpisode(site.catalog, series.id);
  for (const address of [
    `/admin/episodes/${id}`,
    `/admin/series/${series.id}/episodes`,
    `/admin/series/${series.id}`,
    '/admin/series/new',
  ]) {
    const refused = await post(agent, address, { number: 'x', title: ' ' });
    expect(refused.status).toBe(422);
    const { text } = await agent.get(address).expect(200);
    fieldsOf(text, address);
  }
  await agent.get(`/admin/episodes/${id}/delete`).expect(200);
  await agent.get(`/admin/episodes/${id}/restore`).expect(303).expect('Location', '/admin/trash');
});

test('what is not there is said in the back office’s own page, with a way to its start', async () => {
  const agent = await loggedIn();
  const { status, text } = await agent
    .get('/admin/episodes/999999999/edit')
    .set('Referer', 'https://evil.example/admin/x');
  expect(status).toBe(404);
  expect(text).toContain('There is no such episode');
  expect(text).toContain(ada.email);
  expect(text).toContain('href="/admin">Start of the back office</a>');
  expect(text).not.toContain('evil.example');
});
