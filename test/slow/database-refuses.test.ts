import { createHmac } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import request from 'supertest';
import { createApiToken } from '../../src/features/accounts/api-tokens';
import { createDatabase, type Database } from '../../src/platform/database';
import { createLogger } from '../../src/platform/log';
import { loadConfig } from '../../src/process/config';
import { createSiteNode, type SiteNode } from '../../src/process/node';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { keepLogLines } from '../support/log-lines';
import { until } from '../support/until';

/** The site as an account of its own, so that Postgres can refuse it without refusing this test. */
const ROLE = `site_${process.pid}`;
const SECRET = 'a secret that is only for this test';
const PASSWORD = 'the-password-of-the-site';

const log = keepLogLines();
let database: TestDatabase;
let db: Database;
let site: SiteNode;
let dataDir: string;
let token: string;
let seriesId: string | undefined;

jest.setTimeout(30_000);

beforeAll(async () => {
  database = await createTestDatabase();
  await database.db.raw(`create role ${ROLE} login password '${PASSWORD}'`);
  await database.db.raw(`grant all on all tables in schema public to ${ROLE}`);
  await database.db.raw(`grant all on all sequences in schema public to ${ROLE}`);
  token = await createApiToken(database.db, 'test');
  const rows = await database
    .db('series')
    .insert({ slug: 'frieren', title: 'Frieren', kind: 'tv' })
    .returning('id');
  seriesId = rows[0]?.id;
  const url = Object.assign(new URL(database.url), { username: ROLE, password: PASSWORD }).href;
  db = createDatabase(url, { log: createLogger('info', log.destination) });
  dataDir = await mkdtemp(join(tmpdir(), 'nipnime-refuses-'));
  const config = loadConfig({ NODE_ENV: 'production', SESSION_SECRET: SECRET, DATA_DIR: dataDir });
  site = await createSiteNode(config, createLogger('info', log.destination), {
    db,
    url,
    close: async () => undefined,
  });
});
afterAll(async () => {
  await site?.close();
  await db?.destroy();
  await database?.db.raw(`drop owned by ${ROLE}`);
  await database?.db.raw(`drop role ${ROLE}`);
  await database?.drop();
  await rm(dataDir, { recursive: true });
});

async function admin(sql: string): Promise<void> {
  await database.db.raw(sql);
}

/** What was open goes on as it was; only new sessions meet what was changed. */
async function endSessions(): Promise<void> {
  await admin(`select pg_terminate_backend(pid) from pg_stat_activity where usename = '${ROLE}'`);
}

const getPage = () => request(site.app).get('/series/frieren');
/** As somebody who seems to be logged in. */
const getAdmin = () => {
  const signature = createHmac('sha256', SECRET).update('sid').digest('base64').replace(/=+$/, '');
  return request(site.app)
    .get('/admin')
    .set('Cookie', `nipnime.sid=${encodeURIComponent(`s:sid.${signature}`)}`);
};
const getList = () => request(site.app).get('/api/v1/episodes').set('Authorization', `Bearer ${token}`);
const post = () =>
  request(site.app)
    .post('/api/v1/episodes')
    .set('Authorization', `Bearer ${token}`)
    .send({
      seriesId,
      number: '1',
      status: 'draft',
      videoServers: [{ name: 'Main', kind: 'file', url: 'https://video.example/1.mp4' }],
    });

type Asked = ReturnType<typeof getPage>;

/** Answers that Postgres had no time for; nothing of what it said goes out. */
async function expectNotNow(asked: Asked): Promise<void> {
  const startedMs = performance.now();
  const { status, headers, text } = await asked;
  expect([status, headers['retry-after']]).toEqual([503, '5']);
  expect(headers['cache-control']).toBe('no-store');
  expect(text).toContain(headers['x-request-id']);
  expect(text).not.toMatch(/password|select|too many|timeout|canceling|55P03|at .*\.[jt]s:\d+/i);
  // The title; its address is that of the page.
  expect(text).not.toContain('Frieren');
  expect(performance.now() - startedMs).toBeLessThan(3_000);
}

async function expectProblem(asked: Asked): Promise<void> {
  await expectNotNow(
    asked.expect('Content-Type', /^application\/problem\+json/).expect(({ text }) => {
      expect(JSON.parse(text)).toMatchObject({ status: 503, title: 'Not available for the moment' });
    }),
  );
}

const untilWell = () =>
  until(async () => (await getPage()).status === 200 && (await getList()).status === 200);

describe('no session is to be had', () => {
  afterEach(() => admin(`alter role ${ROLE} login connection limit -1 password '${PASSWORD}'`));

  test.each([
    ['too many clients', 'connection limit 0', 'connection limit -1'],
    ['another password', `password 'another'`, `password '${PASSWORD}'`],
    ['no log-in', 'nologin', 'login'],
  ])('%s: everything that needs one says so, at once, and the log does once', async (_what, close, open) => {
    await untilWell();
    await admin(`alter role ${ROLE} ${close}`);
    await endSessions();
    // What the pool still held finds out first.
    await until(async () => (await getPage()).status === 503);
    log.clear();
    const startedMs = performance.now();
    for (let each = 0; each < 20; each++) await expectNotNow(getPage());
    await expectNotNow(getAdmin());
    await expectProblem(getList());
    await expectProblem(post());
    // Nobody waited for a deadline: that would be two seconds each.
    expect(performance.now() - startedMs).toBeLessThan(15_000);
    expect(log.messages(30)).toEqual([]);
    await admin(`alter role ${ROLE} ${open}`);
    await untilWell();
    await until(() => log.messages(30).length > 0);
    expect(log.messages(30)).toEqual(['Postgres is back']);
  });

  const isUp = async () =>
    /nipnime_dependency_up\{dependency="postgres"\} (\d)/.exec(await site.registry.metrics())?.[1];

  test('the line says that it is away, and why; a gauge shows it', async () => {
    await untilWell();
    log.clear();
    await admin(`alter role ${ROLE} connection limit 0`);
    await endSessions();
    await until(async () => (await getPage()).status === 503);
    expect(await isUp()).toBe('0');
    await admin(`alter role ${ROLE} connection limit -1`);
    await until(() => log.messages(30).length > 1);
    expect(await isUp()).toBe('1');
    expect(log.messages(30)).toEqual([
      expect.stringMatching(/^Postgres is away: (too many connections for role|terminating connection)/),
      'Postgres is back',
    ]);
    expect(log.text()).not.toMatch(/\bat .*\.[jt]s:\d+/);
  });
});

describe('Postgres refuses what is asked', () => {
  const refuse = (code: string) =>
    admin(
      `create function refuse() returns trigger language plpgsql as $$ begin raise exception 'no' using errcode = '${code}'; end $$;
       create trigger refuse before insert on episodes for each row execute function refuse()`,
    );
  afterEach(async () => {
    await admin('drop function if exists refuse cascade');
    await admin(`alter role ${ROLE} reset all`);
  });

  test('a standby, which only reads', async () => {
    await untilWell();
    await admin(`alter role ${ROLE} set default_transaction_read_only = on`);
    await endSessions();
    await until(async () => (await getPage()).status === 200);
    log.clear();
    await expectProblem(post());
    await expectProblem(post());
    await getPage().expect(200);
    expect(log.messages(40).filter((message) => message.includes('read-only'))).toHaveLength(1);
    expect(log.text()).not.toContain('A request failed');
    await admin(`alter role ${ROLE} reset default_transaction_read_only`);
    await endSessions();
    await untilWell();
  });

  async function whileLocked(work: () => Promise<void>): Promise<void> {
    const trx = await database.db.transaction();
    try {
      await trx.raw('lock table series in access exclusive mode');
      await work();
    } finally {
      await trx.rollback();
    }
    await untilWell();
  }

  test('a locked table', () =>
    whileLocked(async () => {
      await Promise.all([expectNotNow(getPage()), expectProblem(post())]);
    }));

  test('a statement that is cancelled', () =>
    whileLocked(async () => {
      const page = expectNotNow(getPage());
      await until(async () => {
        const { rows } = await database.db.raw(
          `select pg_cancel_backend(pid) from pg_stat_activity where usename = ? and wait_event_type = 'Lock'`,
          [ROLE],
        );
        return rows.length > 0;
      });
      await page;
    }));

  test.each(['53100', '53200', '58030', '40001', '40P01'])('a write, with %s', async (code) => {
    await refuse(code);
    await expectProblem(post());
  });

  test('a fault of ours stays one', async () => {
    await refuse('23514');
    log.clear();
    const { headers } = await post().expect(500);
    expect(headers['retry-after']).toBeUndefined();
    expect(log.messages(50)).toEqual(['A request failed']);
    expect(log.text()).toContain(headers['x-request-id']);
  });
});
