import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import request from 'supertest';
import { createAdmin } from '../../src/features/accounts/admin-users';
import { listJournal, pruneRefusals, recordAudit } from '../../src/journal/journal';
import { createDatabase, type Database } from '../../src/platform/database';
import { addJob, startJobs } from '../../src/platform/jobs';
import { createLogger } from '../../src/platform/log';
import { openDatabase } from '../../src/platform/open-database';
import { projectRoot } from '../../src/platform/project';
import { loadConfig } from '../../src/process/config';
import { createSiteNode } from '../../src/process/node';
import { newEpisode, newSeries, tester } from '../support/catalog';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { backdateJournal } from '../support/journal';
import { newBrowser, sendLogin } from '../support/login';
import { until } from '../support/until';

const log = createLogger('silent');
const role = `nipnime_app_${randomBytes(6).toString('hex')}`;
const ADA = { email: 'ada@example.org', password: 'correct horse battery' };

let database: TestDatabase;
let url: string;
/** As the role that serves. */
let db: Database;
beforeAll(async () => {
  database = await createTestDatabase();
  const document = readFileSync(join(projectRoot(), 'docs', 'deployment.md'), 'utf8');
  const [, grants = ''] = /```sql\n(-- As nipnime_owner[\s\S]+?)```/.exec(document) ?? [];
  expect(grants).toContain('grant');
  const owner = (await database.db.raw('select current_user as name')).rows[0].name;
  await database.db.raw(`create role ${role} login password 'secret'`);
  const sql = grants.replaceAll('nipnime_app', role).replaceAll('nipnime_owner', `"${owner}"`);
  await database.db.raw(sql.replaceAll('?', '\\?'));
  const as = new URL(database.url);
  as.username = role;
  as.password = 'secret';
  url = as.href;
  db = createDatabase(url);
});
afterAll(async () => {
  await db?.destroy();
  await database.db.raw(`drop owned by ${role}; drop role ${role}`);
  await database.drop();
});

test.each([
  "update journal set actor_name = 'nobody'",
  'delete from journal',
  'truncate journal',
  "update audit_log set actor_name = 'nobody'",
  'delete from audit_log',
  'drop trigger journal_stays on journal',
  'alter table journal disable trigger all',
  'drop table journal',
  'set session_replication_role = replica',
])('the role of the site may not: %s', async (sql) => {
  await recordAudit(db, { actor: tester, action: 'test.act', subjectKind: 'test', subjectId: null });
  await expect(db.raw(sql)).rejects.toThrow(/permission denied|must be owner/);
  expect((await listJournal(db, { action: 'test.act', limit: 1 }))[0]?.actor.name).toBe('test');
});

test('it forgets old refusals, and no younger ones', async () => {
  for (const action of ['login.refused', 'test.act'])
    await recordAudit(db, { actor: tester, action, subjectKind: 'test', subjectId: null });
  expect(await pruneRefusals(db, 0)).toBe(0);
  await backdateJournal(database.db, { subject_kind: 'test' }, new Date(Date.now() - 91 * 86_400_000));
  expect(await pruneRefusals(db)).toBe(1);
});

test('the whole site works as that role: it starts, posts, logs in, and does its jobs', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'nipnime-roles-'));
  const opened = await openDatabase({ databaseUrl: url, dataDir }, log);
  const config = loadConfig({ NODE_ENV: 'test', LOG_LEVEL: 'silent', DATA_DIR: dataDir });
  const site = await createSiteNode(config, log, { ...opened, db });
  const done: unknown[] = [];
  const stop = startJobs(url, { asked: { run: async (payload) => done.push(payload) } }, log);
  try {
    const series = await newSeries(site.catalog, { title: 'Frieren' });
    await newEpisode(site.catalog, series.id);
    await request(site.app).get(`/series/${series.slug}/episodes/1`).expect(200);
    await createAdmin(db, ADA.email, ADA.password);
    const browser = newBrowser(site);
    await sendLogin(browser, ADA).expect(303);
    await browser.get('/admin/journal').expect(200);
    await db.transaction((trx) => addJob(trx, 'asked', { of: 'the site' }, { maxAttempts: 1 }));
    await until(() => done.length === 1);
  } finally {
    await stop();
    await site.close();
    await opened.close();
    await rm(dataDir, { recursive: true });
  }
});
