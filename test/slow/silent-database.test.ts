import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import request from 'supertest';
import { createAdmin } from '../../src/features/accounts/admin-users';
import { createDatabase, type Database } from '../../src/platform/database';
import { createLogger } from '../../src/platform/log';
import { loadConfig } from '../../src/process/config';
import { createSiteNode, type SiteNode } from '../../src/process/node';
import { newEpisode, newSeries, testCatalog } from '../support/catalog';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { newBrowser, sendLogin } from '../support/login';
import { startServer } from '../support/server-process';
import { listen, openStream } from '../support/stream-client';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy';
import { until } from '../support/until';

let database: TestDatabase;
let network: TcpProxy;
let db: Database;
let site: SiteNode;
let server: Awaited<ReturnType<typeof listen>>;
let dataDir: string;

beforeAll(async () => {
  database = await createTestDatabase();
  const url = new URL(database.url);
  network = await startTcpProxy({ port: Number(url.port || 5432) });
  url.host = `127.0.0.1:${network.port}`;
  db = createDatabase(url.href);
  dataDir = await mkdtemp(join(tmpdir(), 'nipnime-silent-'));
  const config = loadConfig({ NODE_ENV: 'test', LOG_LEVEL: 'silent', DATA_DIR: dataDir });
  site = await createSiteNode(config, createLogger('silent'), {
    db,
    url: url.href,
    close: async () => undefined,
  });
  server = await listen(site);
});
afterAll(async () => {
  await server?.close();
  await site?.close();
  await db?.destroy();
  await network?.close();
  await database?.drop();
  await rm(dataDir, { recursive: true });
});

/** As another node would: past this one, and without a message to it. */
const elsewhere = () => testCatalog(database.db);

test('when every open connection to Postgres goes silent, streams and scheduler catch up within seconds', async () => {
  const series = await newSeries(elsewhere());
  const stream = await openStream(`${server.url}/events`);
  await stream.next('hello');
  // Some for pages and some for sessions, beside those of the feed and of the scheduler.
  await Promise.all(
    ['/episodes/latest', '/episodes/latest?type=tv', '/series/frieren', '/admin/login'].map((path) =>
      request(site.app).get(path),
    ),
  );

  for (const number of [1, 3]) {
    network.mute();
    const mutedMs = performance.now();
    await newEpisode(elsewhere(), series.id, { number });
    const scheduled = await newEpisode(elsewhere(), series.id, {
      number: number + 1,
      status: 'scheduled',
      publishAt: new Date(Date.now() + 100).toISOString(),
    });
    await stream.next('upsert');
    expect(performance.now() - mutedMs).toBeLessThan(5_000);
    await until(async () => {
      const row = await database.db('episodes').where({ id: scheduled.id }).first('status');
      return row.status === 'published';
    });
    expect(performance.now() - mutedMs).toBeLessThan(8_000);
    await stream.next('upsert');
  }
  stream.close();
}, 40_000);

test('a page, a log-in page and the readiness are answered within three seconds, whatever they say', async () => {
  for (const path of ['/series/frieren', '/admin/episodes', '/readyz', '/episodes/latest?type=ova']) {
    network.mute();
    const startedMs = performance.now();
    const { status } = await request(site.app).get(path).set('Cookie', 'nipnime.sid=s%3Aunknown.unknown');
    expect([200, 303, 503]).toContain(status);
    expect(performance.now() - startedMs).toBeLessThan(3_000);
  }
}, 30_000);

test('the figures are told within three seconds, and say so', async () => {
  network.mute();
  const startedMs = performance.now();
  const text = await site.registry.metrics();
  expect(performance.now() - startedMs).toBeLessThan(3_000);
  expect(text).toContain('nipnime_feed_unseen_seconds ');
  await until(async () => /^nipnime_ready 1$/m.test(await site.registry.metrics()));
}, 30_000);

test('an admin who is logged in, and one who logs in, are answered within five seconds, and let in soon after', async () => {
  const fields = { email: 'ada@example.org', password: 'a boat of nine blue lanterns' };
  await createAdmin(database.db, fields.email, fields.password);
  const agent = newBrowser(site);
  await sendLogin(agent, fields).expect(303);
  const requests = [
    { send: () => agent.get('/admin/episodes'), wanted: 200 },
    { send: () => sendLogin(agent, fields), wanted: 303 },
  ];
  for (const { send, wanted } of requests) {
    expect((await send()).status).toBe(wanted);
    network.mute();
    const startedMs = performance.now();
    const { status } = await send();
    expect([wanted, 503]).toContain(status);
    expect(performance.now() - startedMs).toBeLessThan(5_000);
    await until(async () => (await send()).status === wanted);
  }
}, 60_000);

test('a process whose connections to Postgres are silent ends all the same', async () => {
  const own = await createTestDatabase();
  const url = new URL(own.url);
  const link = await startTcpProxy({ port: Number(url.port || 5432) });
  url.host = `127.0.0.1:${link.port}`;
  const process = await startServer({ DATABASE_URL: url.href });
  try {
    await process.untilReady();
    link.mute();
    const signalledMs = performance.now();
    process.process.kill('SIGINT');
    await process.ended;
    expect(performance.now() - signalledMs).toBeLessThan(20_000);
  } finally {
    await process.stop();
    await link.close();
    await own.drop();
  }
});
