import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isAlive } from '../../src/platform/files';
import { projectRoot } from '../../src/platform/project';
import { type ServerProcess, startServer } from '../support/server-process';
import { openStream } from '../support/stream-client';
import { until } from '../support/until';

/** initdb, migrations, several starts of Node. */
jest.setTimeout(120_000);

let dataDir: string;
let site: ServerProcess;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'nipnime-embedded-'));
  // As root the server runs as somebody else, who has to get to its files.
  await chmod(dataDir, 0o755);
});
afterEach(async () => {
  await site.stop();
  await rm(dataDir, { recursive: true, force: true });
});

const pidFile = () => join(dataDir, 'postgres/cluster/data/postmaster.pid');

async function killServer(): Promise<number> {
  const pid = Number((await readFile(pidFile(), 'utf8')).split('\n')[0]);
  process.kill(pid, 'SIGKILL');
  await until(() => !isAlive(pid));
  return pid;
}

async function api(
  path: string,
  token: string,
  body?: object,
): Promise<{ status: number; body: { id?: string } }> {
  const answer = await fetch(`${site.url}/api/v1/${path}`, {
    method: body ? 'POST' : 'GET',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: JSON.parse(await answer.text()) };
}

test.each(['1', '2'])(
  'the site of %s process(es) starts a database that was killed again, and goes on with its streams',
  async (processes) => {
    const env = {
      NODE_ENV: 'production',
      SESSION_SECRET: 'a secret that is only for this test',
      DATA_DIR: dataDir,
    };
    site = await startServer({ ...env, WEB_CONCURRENCY: processes });
    await site.untilReady();
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['dist/commands/token-create.js', '--name', 'test'],
      { cwd: projectRoot(), env: { PATH: process.env.PATH ?? '', ...env } },
    );
    const token = stdout.trim();
    const { body: series } = await api('series', token, { title: 'Frieren', kind: 'tv' });
    const stream = await openStream(`${site.url}/events`);
    await stream.next('hello');

    const killedMs = performance.now();
    await killServer();
    const episode = {
      seriesId: series.id,
      number: '1',
      status: 'published',
      videoServers: [{ name: 'Main', kind: 'file', url: 'https://video.example/1.mp4' }],
    };
    await until(async () => (await api('episodes', token, episode)).status === 201, 30_000);
    const awayMs = performance.now() - killedMs;
    await stream.next('upsert');
    await until(async () => (await fetch(`${site.url}/episodes/latest`)).status === 200);
    expect(awayMs).toBeLessThan(20_000);
    expect(site.process.exitCode).toBeNull();
    const messages = site.lines().map((line) => (typeof line === 'string' ? `not JSON: ${line}` : line.msg));
    expect(messages.filter((message) => /database server (has gone|is back)/.test(message))).toHaveLength(2);
    expect(messages.filter((message) => message.startsWith('not JSON'))).toEqual([]);
    stream.close();

    const pid = Number((await readFile(pidFile(), 'utf8')).split('\n')[0]);
    site.process.kill('SIGINT');
    expect(await site.ended).toBe(0);
    await expectNoServer(pid);
  },
);

const serverPid = async (): Promise<number> =>
  Number((await readFile(pidFile(), 'utf8').catch(() => '')).split('\n')[0]);

test('the database ends with a site whose terminal was closed', async () => {
  site = await startServer({ DATA_DIR: dataDir, WEB_CONCURRENCY: '2' });
  await site.untilReady();
  const pid = await serverPid();
  expect(isAlive(pid)).toBe(true);
  site.process.kill('SIGHUP');
  await until(() => site.process.signalCode === 'SIGHUP', 30_000);
  await expectNoServer(pid);
});

test.each(['SIGINT', 'SIGTERM'] as const)(
  'the database ends with a site that gets %s while it starts',
  async (signal) => {
    site = await startServer({ DATA_DIR: dataDir });
    await until(async () => (await serverPid()) > 0, 30_000);
    const pid = await serverPid();
    site.process.kill(signal);
    await until(() => site.process.signalCode === signal || site.process.exitCode !== null, 30_000);
    await expectNoServer(pid);
  },
);

/** It takes a moment to be reaped by whoever adopted it; until then it is a zombie. */
async function expectNoServer(pid: number): Promise<void> {
  expect(existsSync(pidFile())).toBe(false);
  await until(() => !isAlive(pid));
}

test('a site whose database can not be started again ends, with one clear line and status 1', async () => {
  site = await startServer({
    NODE_ENV: 'production',
    SESSION_SECRET: 'a secret that is only for this test',
    DATA_DIR: dataDir,
    WEB_CONCURRENCY: '2',
  });
  await site.untilReady();
  const pid = Number((await readFile(pidFile(), 'utf8')).split('\n')[0]);
  await rm(join(dataDir, 'postgres/cluster/data/global'), { recursive: true });
  process.kill(pid, 'SIGKILL');
  expect(await site.ended).toBe(1);
  expect(site.lines().filter((line) => typeof line !== 'string' && line.level === 60)).toEqual([
    expect.objectContaining({
      msg: expect.stringMatching(/^The embedded database has gone and can't be started again: .*postgres/),
    }),
  ]);
});
