import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import request from 'supertest';
import { createDatabase, type Database } from '../../src/platform/database';
import { createLogger } from '../../src/platform/log';
import { loadConfig } from '../../src/process/config';
import { createSiteNode, type SiteNode } from '../../src/process/node';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy';
import { until } from '../support/until';

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
  dataDir = await mkdtemp(join(tmpdir(), 'nipnime-away-'));
  const config = loadConfig({ NODE_ENV: 'test', LOG_LEVEL: 'silent', DATA_DIR: dataDir });
  site = await createSiteNode(config, createLogger(config.logLevel), {
    db,
    url: url.href,
    close: async () => undefined,
  });
});
afterAll(async () => {
  await site?.close();
  await db?.destroy();
  await network?.close();
  await database?.drop();
  await rm(dataDir, { recursive: true });
});

const status = async (path: string): Promise<number> => (await request(site.app).get(path)).status;

test('while the database is away the node is alive but not ready, and pages say so; then all is well again', async () => {
  expect([await status('/healthz'), await status('/readyz'), await status('/episodes/latest')]).toEqual([
    200, 200, 200,
  ]);

  network.cut();
  expect(await status('/healthz')).toBe(200);
  const unready = await request(site.app).get('/readyz');
  expect([unready.status, unready.text]).toEqual([503, 'the database does not answer\n']);
  // A page that is kept may be sent until the node can't be sure any more that there is no newer one.
  await until(async () => (await status('/episodes/latest')) === 503);
  const page = await request(site.app).get('/episodes/latest');
  expect(page.headers['retry-after']).toBe('5');
  expect(page.text).toContain(page.headers['x-request-id']);
  expect(page.text).not.toMatch(/ECONN|Connection terminated|at .*\.[jt]s:\d+/);

  network.mend();
  await until(async () => (await status('/readyz')) === 200);
  expect(await status('/episodes/latest')).toBe(200);
});
