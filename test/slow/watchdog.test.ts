import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { type ServerProcess, startServer } from '../support/server-process';
import { openStream } from '../support/stream-client';
import { until } from '../support/until';

/** A process is given fifteen seconds, and its successor some to start. */
jest.setTimeout(120_000);

let database: TestDatabase;
let site: ServerProcess;
let folder: string;
beforeAll(async () => {
  database = await createTestDatabase();
  folder = await mkdtemp(join(tmpdir(), 'nipnime-hang-'));
});
afterEach(() => site.stop());
afterAll(async () => {
  await database.drop();
  await rm(folder, { recursive: true });
});

const HANGS = 'The process hangs: it did nothing for 15 s, and is ended';

/** A site whose processes hang for ever at SIGUSR2. */
async function start(processes: number): Promise<void> {
  const preload = join(folder, 'hang.cjs');
  await writeFile(preload, `process.on('SIGUSR2', () => { for (;;); });`);
  site = await startServer({
    NODE_ENV: 'production',
    SESSION_SECRET: 'a secret that is only for this test',
    DATABASE_URL: database.url,
    WEB_CONCURRENCY: String(processes),
    NODE_OPTIONS: `--require ${preload}`,
  });
  await site.untilReady();
}

/** The processes that it has started. */
async function childrenOf({ pid }: ServerProcess['process']): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text.trim().split(' ').map(Number);
}

const isHanging = (line: ReturnType<ServerProcess['lines']>[number]) =>
  typeof line === 'object' && line.msg === HANGS;

test('a process that hangs ends, and so do the streams that nobody served', async () => {
  await start(1);
  const stream = await openStream(`${site.url}/events`);
  await stream.next('hello');
  site.process.kill('SIGUSR2');
  await stream.ended;
  await site.ended;
  expect(site.process.signalCode).toBe('SIGKILL');
  expect(site.lines().filter(isHanging)).toHaveLength(1);
});

test('one of several is replaced', async () => {
  await start(2);
  const [worker = 0] = await childrenOf(site.process);
  process.kill(worker, 'SIGUSR2');
  await until(() => site.lines().some(isHanging), 60_000);
  await until(async () => {
    const children = await childrenOf(site.process);
    return children.length === 2 && !children.includes(worker);
  }, 60_000);
  await until(async () => (await fetch(`${site.url}/healthz`)).status === 200);
});
