import cluster from 'node:cluster';
import { createDatabase } from '../platform/database';
import type { Logger } from '../platform/log';
import { answerMetrics } from '../platform/metrics';
import type { OpenDatabase } from '../platform/open-database';
import type { Config } from './config';
import { pageConnections } from './connections';
import { type Serving, serve } from './serve';
import { startProblem } from './start-problem';
import { PrimaryLink } from './workers/primary-link';

/** Serves the site in one of several processes. Resolves when it listens. The process ends when the primary says so, or is gone. */
export async function work(config: Config, log: Logger): Promise<void> {
  // This comes before anything that takes time: the primary waits for an answer of each worker, also of one that is starting.
  answerMetrics();
  const link = new PrimaryLink();
  let serving: Serving | undefined;
  let isEnding = false;
  const end = (patient: boolean): void => {
    if (isEnding) return;
    isEnding = true;
    (serving?.drain(patient) ?? Promise.resolve()).then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ err: error }, 'A worker did not end in order');
        process.exit(1);
      },
    );
  };
  link.onDrain(end);
  // A terminal signals every process of the group, and this one may get the signal before the primary does.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => end(config.production && signal === 'SIGTERM'));
  }
  process.prependOnceListener('disconnect', () => {
    // Node's own listener, which comes next, would exit in the middle of answers.
    if (cluster.worker) cluster.worker.exitedAfterDisconnect = true;
    end(false);
  });
  try {
    serving = await serve(config, log, openWorkerDatabase(config, log), link);
  } catch (error) {
    const problem = startProblem(error, config);
    // The primary says which problem it is.
    if (problem === undefined) log.error({ err: error }, 'A worker ends before it could serve');
    await link.failed(problem ?? (error instanceof Error ? error.message : String(error)));
    process.exit(1);
  }
}

/** Connects to the database that the primary has opened. */
function openWorkerDatabase({ databaseUrl, processCount }: Config, log: Logger): OpenDatabase {
  if (databaseUrl === undefined)
    throw new Error('A worker is started by its primary, which knows the database.');
  const db = createDatabase(databaseUrl, { maxConnections: pageConnections(processCount), log });
  return { db, url: databaseUrl, close: () => db.destroy() };
}
