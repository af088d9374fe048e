import { addJob, type Job, startJobs, TryAgain } from '../../src/platform/jobs';
import { createLogger } from '../../src/platform/log';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy';
import { until } from '../support/until';

let database: TestDatabase;
let network: TcpProxy;
let url: string;
beforeAll(async () => {
  database = await createTestDatabase();
  const through = new URL(database.url);
  network = await startTcpProxy({ port: Number(through.port || 5432) });
  through.host = `127.0.0.1:${network.port}`;
  url = through.href;
});
afterAll(async () => {
  await network?.close();
  await database?.drop();
});
afterEach(() => network.mend());

const log = createLogger('silent');
const NEVER = '0 0 31 2 *';

/** A job that counts how often it was begun. */
function counted(work: (count: number) => Promise<void> = async () => undefined): Job & { count: number } {
  const job = { cron: NEVER, count: 0, run: () => work(++job.count) };
  return job;
}

const add = (name: string) => database.db.raw('select graphile_worker.add_job(?)', [name]);

async function elapsedMs(work: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return performance.now() - startedMs;
}

test('a job that fails is tried again, and holds up no other', async () => {
  const warnings = jest.spyOn(log, 'warn').mockImplementation(() => undefined);
  const failing = counted(async (count) => {
    if (count === 1) throw new Error('The first time it fails.');
  });
  const other = counted();
  const stop = startJobs(url, { failing, other }, log);
  await add('failing');
  await add('other');
  await until(() => other.count === 1);
  await until(() => failing.count === 2);
  expect(warnings.mock.calls.map((call) => String(call.at(-1)))).toEqual(['Jobs: failing has failed']);
  warnings.mockRestore();
  await stop();
});

const ask = (maxAttempts: number) =>
  database.db.transaction((trx) => addJob(trx, 'asked', {}, { maxAttempts }));

test('a job that is asked for is tried again without a warning, and knows its last try', async () => {
  const warnings = jest.spyOn(log, 'warn').mockImplementation(() => undefined);
  const lasts: boolean[] = [];
  const asked: Job = {
    run: async (_payload, { isLast }) => {
      lasts.push(isLast);
      if (!isLast) throw new TryAgain('The target answered 503.');
    },
  };
  const stop = startJobs(url, { asked }, log);
  await ask(2);
  await until(() => lasts.length === 2);
  await stop();
  expect(lasts).toEqual([false, true]);
  expect(warnings).not.toHaveBeenCalled();
  warnings.mockRestore();
});

test('a job that is asked for is told when the node ends, and is left for another one', async () => {
  let begun = false;
  const asked: Job = {
    run: (_payload, { signal }) => {
      begun = true;
      return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    },
  };
  const stop = startJobs(url, { asked }, log);
  await ask(3);
  await until(() => begun);
  expect(await elapsedMs(stop)).toBeLessThan(4_000);
  const { rows } = await database.db.raw('select attempts, locked_at from graphile_worker.jobs');
  expect(rows).toEqual([{ attempts: 1, locked_at: null }]);
  await database.db.raw('delete from graphile_worker._private_jobs');
});

test('go on after the database has dropped all connections, or was away', async () => {
  const job = counted();
  const stop = startJobs(url, { job }, log);
  await add('job');
  await until(() => job.count === 1);
  await database.db.raw(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where application_name = 'nipnime-jobs' and datname = current_database()`,
  );
  network.cut();
  await add('job');
  network.mend();
  await until(() => job.count === 2, 18_000);
  await stop();
});

test.each([
  ['silent', () => network.mute()],
  ['away', () => network.cut()],
])(
  'are ended in time while the database is %s, also in the middle of a job',
  async (_state, breakNetwork) => {
    const begun = counted(async () => {
      breakNetwork();
    });
    const stop = startJobs(url, { begun }, log);
    await add('begun');
    await until(() => begun.count > 0);
    expect(await elapsedMs(stop)).toBeLessThan(8_000);
    await database.db.raw('delete from graphile_worker._private_jobs');
  },
);
