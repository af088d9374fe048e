import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { projectRoot } from '../../src/platform/project';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { describeWithRedis, freePort, startRedis, type TestRedis } from '../support/redis';
import { type ServerProcess, startServer } from '../support/server-process';
import { until } from '../support/until';

const production = {
  NODE_ENV: 'production',
  SESSION_SECRET: 'a secret that is only for this test',
  WEB_CONCURRENCY: '1',
};

let database: TestDatabase;
let folder: string;
let blocker: Server;
let takenPort: string;
let server: ServerProcess | undefined;

beforeAll(async () => {
  database = await createTestDatabase();
  // Else an import would come first.
  await database.db('series').insert({ slug: 'frieren', title: 'Frieren', kind: 'tv' });
  folder = await mkdtemp(join(tmpdir(), 'nipnime-start-'));
  blocker = createServer().listen(0, '127.0.0.1');
  await once(blocker, 'listening');
  takenPort = String((blocker.address() as AddressInfo).port);
});
afterEach(async () => {
  await server?.stop();
  server = undefined;
});
afterAll(async () => {
  blocker.close();
  await rm(folder, { recursive: true });
  await database.drop();
});

/** The database's address with another part, and a password that must not be told. */
function urlWith(parts: Partial<URL>): string {
  return Object.assign(new URL(database.url), { password: 'hidden-word', ...parts }).href;
}

/** Starts the site, and returns why it could not start. There is one line of that, no stack and no password. */
async function reasonOf(env: Readonly<Record<string, string>>): Promise<string> {
  server = await startServer({ ...production, DATABASE_URL: database.url, ...env });
  expect(await server.ended).toBe(1);
  const text = server
    .lines()
    .map((line) => JSON.stringify(line))
    .join('\n');
  expect(text).not.toMatch(/ {4}at |hidden-word|"err"/);
  const reasons = server.lines().flatMap((line) => (typeof line === 'string' ? [] : [line.msg]));
  const found = reasons.filter((message) => message.startsWith('nipnime could not start: '));
  expect(found).toHaveLength(1);
  return found[0] ?? '';
}

test('a user that Postgres does not know, or a wrong password', async () => {
  expect(await reasonOf({ DATABASE_URL: urlWith({ username: 'nobody_here' }) })).toMatch(
    /: Postgres at 127\.0\.0\.1:\d+ refuses the log-in \(.*nobody_here.*\): correct the user and the password in DATABASE_URL\.$/,
  );
});

test('a database that is not there', async () => {
  const DATABASE_URL = Object.assign(new URL(database.url), { pathname: '/not_there' }).href;
  const sentence =
    /Postgres at \S+:\d+ lacks the database \(database "not_there" does not exist\): create it, or correct its name in DATABASE_URL\.$/m;
  expect(await reasonOf({ DATABASE_URL })).toMatch(sentence);
  for (const command of ['migrate', 'import'])
    await expect(
      promisify(execFile)(process.execPath, [`dist/commands/${command}.js`], {
        cwd: projectRoot(),
        env: { PATH: process.env.PATH ?? '', DATABASE_URL },
      }),
    ).rejects.toMatchObject({ code: 1, stderr: expect.stringMatching(sentence) });
});

test('a host that has no address', async () => {
  expect(await reasonOf({ DATABASE_URL: urlWith({ hostname: 'nowhere.invalid' }) })).toMatch(
    /the host of Postgres at nowhere\.invalid:\d+ is not known \(.*(ENOTFOUND|EAI_AGAIN).*\): correct it in DATABASE_URL/,
  );
});

test.each(['127.0.0.1', 'localhost'])('no Postgres at %s', async (hostname) => {
  const port = String(await freePort());
  expect(await reasonOf({ DATABASE_URL: urlWith({ hostname, port }) })).toMatch(
    new RegExp(`Postgres at ${hostname}:${port} can't be reached \\(.*ECONNREFUSED.*\\): see that it runs`),
  );
});

test('a user without rights in the database', async () => {
  await database.db.raw(`create role start_problems login password 'hidden-word'`);
  try {
    await database.db.raw('revoke all on all tables in schema public from public');
    expect(await reasonOf({ DATABASE_URL: urlWith({ username: 'start_problems' }) })).toMatch(
      /the user of DATABASE_URL lacks a right \(.*permission denied.*\): make it the owner of the database\.$/,
    );
  } finally {
    await database.db.raw('drop role start_problems');
  }
});

test.each(['1', '2'])('a port that is taken, with %s process(es)', async (WEB_CONCURRENCY) => {
  expect(await reasonOf({ PORT: takenPort, WEB_CONCURRENCY })).toBe(
    `nipnime could not start: something listens at 127.0.0.1:${takenPort} already (EADDRINUSE): end it, or choose another PORT.`,
  );
});

test('a port for metrics that is taken', async () => {
  expect(await reasonOf({ METRICS_PORT: takenPort })).toBe(
    `nipnime could not start: something listens at 127.0.0.1:${takenPort} already (EADDRINUSE): end it, or choose another METRICS_PORT.`,
  );
});

test.each(['203.0.113.9', 'nowhere.invalid'])('an address %s that the machine has not', async (HOST) => {
  expect(await reasonOf({ HOST })).toMatch(
    /is no address of this machine \((EADDRNOTAVAIL|ENOTFOUND|EAI_AGAIN)\): correct HOST/,
  );
  await server?.stop();
  expect(await reasonOf({ METRICS_PORT: '0', METRICS_HOST: HOST })).toMatch(/: correct METRICS_HOST/);
});

test.each([
  ['the embedded database', { DATABASE_URL: '' }],
  ['a secret', { NODE_ENV: 'test', SESSION_SECRET: '' }],
])('a DATA_DIR that can’t be written, for %s', async (_what, env) => {
  const DATA_DIR = join(folder, 'data');
  await writeFile(DATA_DIR, 'This is no folder.');
  const sentence =
    /data(\/postgres)? can't be used \((ENOTDIR|EEXIST)\): let the account of this process write to DATA_DIR, which is .*data, or choose another one\.$/;
  expect(await reasonOf({ ...env, DATA_DIR })).toMatch(sentence);
});

test('assets that are not built', async () => {
  const site = join(folder, 'site');
  await mkdir(site);
  for (const name of ['package.json', 'dist'])
    await cp(join(projectRoot(), name), join(site, name), { recursive: true });
  for (const name of ['node_modules', 'views']) await symlink(join(projectRoot(), name), join(site, name));
  await expect(
    promisify(execFile)(process.execPath, ['dist/server.js'], {
      cwd: site,
      env: { PATH: process.env.PATH ?? '', ...production, DATABASE_URL: database.url, PORT: '0' },
    }),
  ).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/the site is not built \(there is no .*assets.*\): run npm run build\./),
  });
});

describeWithRedis('Redis with another password', () => {
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await startRedis();
    const client = new Redis(redis.url);
    await client.config('SET', 'requirepass', 'right-word');
    client.disconnect();
  });
  afterAll(() => redis.stop());

  test.each(['//:hidden-word@', '//'])('is one line of the log, and the site serves (%s)', async (login) => {
    const running = await startServer({
      ...production,
      DATABASE_URL: database.url,
      REDIS_URL: redis.url.replace('//', login),
    });
    server = running;
    await running.untilReady();
    await until(async () => (await fetch(`${running.url}/readyz`)).ok);
    const warnings = running.lines().filter((line) => typeof line === 'string' || line.level >= 40);
    expect(warnings).toEqual([
      expect.objectContaining({
        msg: 'Redis is away',
        reason: expect.stringMatching(
          /^it refuses the user or the password of REDIS_URL \((WRONGPASS|NOAUTH)\)$/,
        ),
      }),
    ]);
    running.process.kill('SIGINT');
  });
});
