import cluster from 'node:cluster';
import { once } from 'node:events';
import { WorkerStartError } from './cluster/worker-pool';
import { type Config, ConfigError, loadConfig } from './config';
import { prepareFirstStart } from './first-start';
import { createDatabase } from './platform/database';
import { createLogger, type Logger } from './platform/log';
import { openDatabase } from './platform/open-database';
import { logProcess } from './platform/process-log';
import { serveByWorkers } from './primary';
import { serve } from './serve';
import { work } from './worker';

async function main(): Promise<void> {
  const config = loadConfig(process.env);
  const log = createLogger(config.logLevel);
  logProcess(log);
  try {
    await (cluster.isWorker ? work(config, log) : run(config, log));
  } catch (error) {
    // A worker has told its own error.
    const reason = error instanceof WorkerStartError ? error.message : messageOf(error);
    log.fatal(error instanceof WorkerStartError ? {} : { err: error }, `nipnime could not start: ${reason}`);
    process.exit(1);
  }
}

/** The site from its start to its end, in this process or in several that it starts. */
async function run(config: Config, log: Logger): Promise<void> {
  const database = await openDatabase(config, log, (error) => {
    // Everybody would be told 503 for ever; whoever started this process can start another one.
    log.fatal({ err: error }, `The embedded database has gone and can't be started again: ${error.message}`);
    process.exit(1);
  });
  const db = createDatabase(database.url, { log });
  try {
    await prepareFirstStart(database.db, config, log);
    const serving =
      config.processCount === 1
        ? await serve(config, log, { ...database, db })
        : await serveByWorkers(config, log, database.url);
    log.info(`nipnime is ready: ${urlOf(config.host, serving.port)}`);
    const [signal] = await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
    // A second one means now.
    for (const again of ['SIGTERM', 'SIGINT']) process.once(again, () => process.exit(1));
    await serving.drain(config.production && signal === 'SIGTERM');
  } finally {
    await db.destroy();
    await database.close();
  }
}

function urlOf(host: string, port: number): string {
  return `http://${['127.0.0.1', '0.0.0.0', '::'].includes(host) ? 'localhost' : host}:${port}`;
}

main().catch((error: unknown) => {
  // Before there is a log: what is wrong in the environment.
  process.stderr.write(`${error instanceof ConfigError ? error.message : String(error)}\n`);
  process.exit(1);
});

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
