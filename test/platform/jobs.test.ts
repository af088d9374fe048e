import { createPool } from '../../src/platform/database';
import {
  addJob,
  countJobs,
  JOBS_SCHEMA,
  type Job,
  migrateJobs,
  releasedOnce,
  startJobs,
} from '../../src/platform/jobs';
import { createLogger } from '../../src/platform/log';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { until } from '../support/until';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

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

test('a job is done once, whichever of two nodes does it, and their signals stay theirs', async () => {
  const listeners = process.listenerCount('SIGTERM');
  const jobs = [counted(), counted()];
  const stops = jobs.map((job) => startJobs(database.url, { once: job }, log));
  for (let count = 0; count < 10; count++) await add('once');
  await until(() => jobs.reduce((sum, { count }) => sum + count, 0) === 10);
  expect(process.listenerCount('SIGTERM')).toBe(listeners);
  await Promise.all(stops.map((stop) => stop()));
  const { rows } = await database.db.raw('select * from graphile_worker.jobs');
  expect(rows).toEqual([]);
});

test('a connection that is given back twice is given back once', async () => {
  const pool = releasedOnce(createPool(database.url, 'nipnime-jobs', 1));
  const twice = await new Promise<() => void>((resolve, reject) => {
    pool.connect((error, _client, release) => {
      if (error) return reject(error);
      return resolve(() => {
        release();
        release();
      });
    });
  });
  twice();
  // And the other way to have one is as it was.
  const client = await pool.connect();
  client.release();
  expect(() => client.release()).toThrow('already been released');
  await pool.end();
});

test('a connection that there was none of in time can be given back', async () => {
  const pool = releasedOnce(createPool(database.url, 'nipnime-jobs', 1));
  const held = await pool.connect();
  pool.options.connectionTimeoutMillis = 1;
  const refused = await new Promise<{ error: Error | undefined; release: () => void }>((resolve) => {
    pool.connect((error, _client, release) => resolve({ error, release }));
  });
  expect(refused.error?.message).toContain('timeout exceeded');
  expect(refused.release).not.toThrow();
  held.release();
  await pool.end();
});

test('are counted by state: what waits, is done later, or was given up', async () => {
  const nothing = { waiting: 0, later: 0, running: 0, failed: 0 };
  expect(await countJobs(database.db)).toEqual(nothing);
  const addOne = (at: Date, maxAttempts: number) =>
    database.db.transaction((trx) => addJob(trx, 'counted', {}, { maxAttempts, at }));
  await addOne(new Date('2999-01-01'), 1);
  await addOne(new Date(), 1);
  await until(async () => (await countJobs(database.db)).waiting === 1);
  expect(await countJobs(database.db)).toEqual({ ...nothing, later: 1, waiting: 1 });

  let end = (): void => undefined;
  const run = () =>
    new Promise((_resolve, reject) => {
      end = () => reject(new Error('not today'));
    });
  const stop = startJobs(database.url, { counted: { run } }, log);
  await until(async () => (await countJobs(database.db)).running === 1);
  expect(await countJobs(database.db)).toEqual({ ...nothing, later: 1, running: 1 });
  end();
  await until(async () => (await countJobs(database.db)).failed === 1);
  expect(await countJobs(database.db)).toEqual({ ...nothing, later: 1, failed: 1 });
  await stop();
  await database.db.raw('select graphile_worker.complete_jobs(array_agg(id)) from graphile_worker.jobs');
});

test('each job has its times, which are the database’s to remember', async () => {
  const stop = startJobs(database.url, { hourly: { ...counted(), cron: '17 * * * *' } }, log);
  await until(async () => {
    const { rows } = await database.db.raw<{ rows: { identifier: string }[] }>(
      'select identifier from graphile_worker._private_known_crontabs',
    );
    return rows.some(({ identifier }) => identifier === 'hourly');
  });
  await stop();
});

test('are ended in time when they have hardly begun', async () => {
  expect(await elapsedMs(startJobs(database.url, { job: counted() }, log))).toBeLessThan(3_000);
});

test('are kept in a schema of the version that the package makes', async () => {
  const scratch = await createTestDatabase();
  try {
    await scratch.db.raw('drop schema graphile_worker cascade');
    await Promise.all([migrateJobs(scratch.db, scratch.url), migrateJobs(scratch.db, scratch.url)]);
    const { rows } = await scratch.db.raw('select max(id) as id from graphile_worker.migrations');
    expect(rows).toEqual([{ id: JOBS_SCHEMA }]);
  } finally {
    await scratch.drop();
  }
});

describe('a job that is asked for', () => {
  const ask = (payload: unknown, key?: string) =>
    database.db.transaction((trx) => addJob(trx, 'asked', payload, { maxAttempts: 3, ...(key && { key }) }));

  test('is done with its payload once its transaction has committed, and never when that is rolled back', async () => {
    const payloads: unknown[] = [];
    const stop = startJobs(database.url, { asked: { run: async (payload) => payloads.push(payload) } }, log);
    const rolledBack = database.db.transaction(async (trx) => {
      await addJob(trx, 'asked', { id: 'never' }, { maxAttempts: 1 });
      throw new Error('Rolled back.');
    });
    await expect(rolledBack).rejects.toThrow('Rolled back.');
    await ask({ id: '7', title: 'Pluto’s "7" ?' });
    await until(() => payloads.length > 0);
    await stop();
    expect(payloads).toEqual([{ id: '7', title: 'Pluto’s "7" ?' }]);
  });

  test('takes the place of one with its key that nobody has begun', async () => {
    for (const id of ['1', '2']) await ask({ id }, 'the one');
    await ask({ id: '3' }, 'another');
    const payloads: unknown[] = [];
    const stop = startJobs(database.url, { asked: { run: async (payload) => payloads.push(payload) } }, log);
    await until(() => payloads.length === 2);
    await stop();
    expect(payloads).toEqual(expect.arrayContaining([{ id: '2' }, { id: '3' }]));
  });

  test('holds up no timed one', async () => {
    let finish = (): void => undefined;
    const slow = new Promise<void>((resolve) => {
      finish = resolve;
    });
    let begun = false;
    const asked: Job = {
      run: () => {
        begun = true;
        return slow;
      },
    };
    const timed = counted();
    const stop = startJobs(database.url, { asked, timed }, log);
    await ask({});
    await until(() => begun);
    await add('timed');
    await until(() => timed.count === 1);
    finish();
    await stop();
  });
});
