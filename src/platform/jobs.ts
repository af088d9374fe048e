import { setTimeout as sleep } from 'node:timers/promises';
import type { Runner, Task } from 'graphile-worker';
import type { Pool } from 'pg';
import { createPool, type Database, exclusively, type Transaction } from './database';
import { logFailure } from './database-errors';
import { within } from './deadline';
import type { Logger } from './log';

/** Work that is done in the background, by one node at a time. */
export type Job = {
  /** When, in UTC, as cron writes it: `17 * * * *`. A job without it is done when `addJob` asks for it. */
  readonly cron?: string;
  /** @param payload as `addJob` was given it, by whichever version of the site: parse it */
  readonly run: (payload: unknown, attempt: Attempt) => Promise<unknown>;
};

/** One try of a job. */
export type Attempt = {
  readonly isLast: boolean;
  /** Aborts when the node ends: what is begun now is tried again by another one. */
  readonly signal: AbortSignal;
};

/** A job throws this when it has not come to its end and is tried again, which is nothing that an operator has to know. */
export class TryAgain extends Error {
  override readonly name = 'TryAgain';
}

/** What a job that is asked for may say of itself. */
export type JobOptions = {
  /** After so many tries it is given up; they are e, e², e³ … seconds apart, at most six hours. */
  readonly maxAttempts: number;
  /** Of two jobs with the same key that nobody has begun, the second one takes the place of the first. */
  readonly key?: string;
  /** Not before; at once by default. */
  readonly at?: Date;
};

/**
 * Asks for a job, in the transaction that makes it necessary: it is done, at least once, if and when that commits.
 * @param payload as JSON; kept in the database, so no secrets
 */
export async function addJob(
  trx: Transaction,
  name: string,
  payload: unknown,
  { maxAttempts, key, at }: JobOptions,
): Promise<void> {
  await trx.raw(
    `select 1 from graphile_worker.add_job(
      ?, payload => ?::json, run_at => ?::timestamptz, max_attempts => ?, job_key => ?)`,
    [name, JSON.stringify(payload), at ?? null, maxAttempts, key ?? null],
  );
}

/** For each of the two kinds one listens; one looks at the clock, the others fetch jobs and say that they are done. */
export const JOB_CONNECTIONS = 6;
/** Jobs that are asked for mostly wait for somebody else, such as the target of a webhook. */
const ASKED_AT_ONCE = 4;
/** A notification comes at once; this is for when none comes. */
const LOOK_MS = 5_000;
/** After an error that ended everything. */
const RESTART_MS = 5_000;
/** A job that is being done gets this long to end. */
const STOP_MS = 5_000;
/** After this much of it, it is told to give up what it waits for. */
const ABORT_MS = 2_000;
const GOODBYE_MS = 2_000;

/** Of the schema `graphile_worker`, as the installed version of the package makes it. */
export const JOBS_SCHEMA = 19;

/** Brings the schema up to date in which jobs are kept; processes that start together wait for each other. */
export async function migrateJobs(db: Database, url: string): Promise<void> {
  if (!(await isJobsSchemaPending(db))) return;
  const { runMigrations } = await import('graphile-worker');
  await exclusively(db, 'migrate jobs', async () => {
    const pool = createPool(url, 'nipnime-jobs', 1);
    try {
      await runMigrations({ pgPool: pool });
    } finally {
      await pool.end();
    }
  });
}

/** Whether the schema in which jobs are kept is missing, or older than this version needs. */
export async function isJobsSchemaPending(db: Database): Promise<boolean> {
  return (await findSchema(db)) < JOBS_SCHEMA;
}

/** 0 where there is none. */
async function findSchema(db: Database): Promise<number> {
  const { rows } = await db.raw<{ rows: { is: boolean }[] }>(
    `select to_regclass('graphile_worker.migrations') is not null as is`,
  );
  if (!rows[0]?.is) return 0;
  const found = await db.raw<{ rows: { id: number | null }[] }>(
    'select max(id) as id from graphile_worker.migrations',
  );
  return found.rows[0]?.id ?? 0;
}

/** `later`: their time has not come, also after a try that failed. `failed`: given up, after their last try. */
export type JobState = 'waiting' | 'later' | 'running' | 'failed';

/** Counts the jobs that are kept: those that were done are not. */
export async function countJobs(db: Database): Promise<Readonly<Record<JobState, number>>> {
  const { rows } = await db.raw<{ rows: { state: JobState; count: number }[] }>(
    `select case
       when locked_at is not null then 'running'
       when attempts >= max_attempts then 'failed'
       when run_at <= now() then 'waiting'
       else 'later' end as state, count(*)::int as count
     from graphile_worker.jobs group by state`,
  );
  const counts = { waiting: 0, later: 0, running: 0, failed: 0 };
  for (const { state, count } of rows) counts[state] = count;
  return counts;
}

/**
 * Does the jobs at their times, or when they are asked for, for ever; returns what ends it. They are kept in Postgres, in the schema
 * `graphile_worker`: nodes that do the same jobs share them. A job that fails is tried again, at growing intervals; one that is cut
 * off when the node ends is tried again after four hours, or at its next time. A node does one timed job at a time; those that are
 * asked for have turns of their own, so that neither kind waits for the other.
 * https://worker.graphile.org/docs/cron
 */
export function startJobs(
  url: string,
  jobs: Readonly<Record<string, Job>>,
  log: Logger,
): () => Promise<void> {
  const pool = releasedOnce(createPool(url, 'nipnime-jobs', JOB_CONNECTIONS));
  const isTimed = ([, { cron }]: readonly [string, Job]): boolean => cron !== undefined;
  const all = Object.entries(jobs);
  const stops = [
    startRunner(pool, all.filter(isTimed), 1, log),
    startRunner(
      pool,
      all.filter((job) => !isTimed(job)),
      ASKED_AT_ONCE,
      log,
    ),
  ];
  return async () => {
    // Each is given up in time: Postgres may be silent, and a job may be a long one.
    const stopped = Promise.all(stops.map((stop) => stop()));
    await within(STOP_MS, 'Ending the jobs', stopped).catch((error: unknown) =>
      logFailure(log, error, 'A job was not done when the node ended'),
    );
    await within(GOODBYE_MS, 'Closing the connections of the jobs', pool.end()).catch((error: unknown) =>
      logFailure(log, error, 'The connections of the jobs were not closed in order'),
    );
  };
}

/**
 * graphile-worker gives the connection that it listens on back twice where that breaks while it ends. pg-pool throws at the second time,
 * where nobody waits for it, and that would end the process in the middle of its last answers.
 */
export function releasedOnce(pool: Pool): Pool {
  const connect = pool.connect.bind(pool);
  type Callback = Parameters<typeof connect>[0];
  const connectOnce = (callback?: Callback) => {
    if (!callback) return connect();
    return connect((error, client, release) => {
      let isReleased = false;
      // Whatever the types say: pg-pool gives none where no connection was free in time, or the pool has ended.
      const given: typeof release | undefined = release;
      callback(error, client, (reason) => {
        if (!isReleased) given?.(reason);
        isReleased = true;
      });
    });
  };
  return Object.assign(pool, { connect: connectOnce });
}

/** Does jobs of these names, so many at a time, until it is ended. */
function startRunner(
  pool: Pool,
  jobs: readonly (readonly [string, Job])[],
  concurrency: number,
  log: Logger,
): () => Promise<void> {
  if (jobs.length === 0) return async () => undefined;
  const ending = new AbortController();
  let runner: Runner | undefined;

  const runUntilItEnds = async (): Promise<void> => {
    // Loaded when the site is ready: it takes a quarter of a second, and nobody waits for a job.
    const { Logger: WorkerLogger, run } = await import('graphile-worker');
    const started = await run({
      pgPool: pool,
      concurrency,
      pollInterval: LOOK_MS,
      // PgBouncer has none.
      noPreparedStatements: true,
      noHandleSignals: true,
      logger: new WorkerLogger(() => workerLog(log)),
      // Delays not to save statements: without them, nobody waits for the promise that tells a job is done, and its failure ends the process.
      preset: {
        worker: { completeJobBatchDelay: 0, failJobBatchDelay: 0, gracefulShutdownAbortTimeout: ABORT_MS },
      },
      taskList: Object.fromEntries(jobs.map(([name, job]) => [name, task(job)])),
      crontab: jobs.flatMap(([name, { cron }]) => (cron ? [`${cron} ${name} ?max=5`] : [])).join('\n'),
    });
    runner = started;
    if (ending.signal.aborted) await started.stop();
    await started.promise;
  };

  const running = (async () => {
    while (!ending.signal.aborted) {
      await runUntilItEnds().catch((error: unknown) => logFailure(log, error, 'The jobs have ended'));
      runner = undefined;
      await sleep(RESTART_MS, undefined, { signal: ending.signal }).catch(() => undefined);
    }
  })();

  return async () => {
    ending.abort();
    await Promise.all([runner?.stop(), running]);
  };
}

function task({ run }: Job): Task {
  return async (payload, { job, abortSignal }) => {
    // Nothing is returned: graphile-worker would look for failures in a list.
    await run(payload, {
      isLast: job.attempts >= job.max_attempts,
      signal: abortSignal,
    });
  };
}

/** What graphile-worker tells of itself is for whoever looks for a fault; its errors are told like those of all loops. */
function workerLog(log: Logger) {
  return (level: string, message: string, meta?: Readonly<Record<string, unknown>>): void => {
    if (meta?.error instanceof TryAgain) log.debug(`Jobs: ${meta.error.message}`);
    else if (level === 'error')
      logFailure(log, meta?.error ?? new Error(message), `Jobs: ${subjectOf(meta)}`);
    else if (level === 'warning') log.warn({ from: 'graphile-worker' }, message);
    else log.debug({ from: 'graphile-worker' }, message);
  };
}

/** Not the message: it has that of the error in it, which may hold what a row has. */
function subjectOf(meta: Readonly<Record<string, unknown>> | undefined): string {
  const job = meta?.job;
  const isJob = typeof job === 'object' && job !== null && 'task_identifier' in job;
  return isJob ? `${job.task_identifier} has failed` : 'something has failed';
}
