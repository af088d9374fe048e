import cluster from 'node:cluster';
import { once } from 'node:events';
import { join } from 'node:path';
import { keepAssets } from './features/kept-assets/repository';
import { foldChangedTitles } from './features/titles/public';
import { endsBySignal } from './platform/close-on-signal';
import { createDatabase } from './platform/database';
import { logFailure } from './platform/database-errors';
import { keptSecret } from './platform/kept-secret';
import { createLogger, type Logger } from './platform/log';
import { createRegistry } from './platform/metrics';
import { openDatabase } from './platform/open-database';
import { logProcess } from './platform/process-log';
import { assetsFolder } from './platform/project';
import { startBackground } from './process/background';
import { type Config, ConfigError, loadConfig } from './process/config';
import { prepareFirstStart } from './process/first-start';
import { serveMetrics } from './process/metrics-server';
import { misspeltSettings } from './process/misspelt-settings';
import { serveByWorkers } from './process/primary';
import { CLOSING_MS, PATIENT_DRAIN_MS, QUICK_DRAIN_MS, serve } from './process/serve';
import { SETTINGS } from './process/settings';
import { startProblem } from './process/start-problem';
import { watchOverProcess } from './process/watchdog';
import { work } from './process/worker';
import { WorkerStartError } from './process/workers/worker-pool';

/** For what is closed after the workers: with it a node has ended before the 45 s are over that it is given. */
const LAST_MS = 1_000;

async function main(): Promise<void> {
  const config = loadConfig(process.env);
  const log = createLogger(config.logLevel);
  logProcess(log);
  // Not while somebody may stop the process in a debugger.
  if (config.production) watchOverProcess();
  // Its workers have the same environment.
  if (cluster.isPrimary) for (const line of misspeltSettings(process.env, SETTINGS)) log.warn(line);
  try {
    await (cluster.isWorker ? work(config, log) : run(config, log));
  } catch (error) {
    if (endsBySignal()) return;
    // The worker has logged its own error.
    const reason = error instanceof WorkerStartError ? error.message : startProblem(error, config);
    log.fatal(
      reason === undefined ? { err: error } : {},
      `nipnime could not start: ${reason ?? messageOf(error)}`,
    );
    process.exit(1);
  }
}

/** Runs the site from its start to its end, in this process or in several that it starts. */
async function run(config: Config, log: Logger): Promise<void> {
  const database = await openDatabase(config, log, (error) => {
    // The site would answer 503 for ever; whoever started this process can start another one.
    log.fatal({ err: error }, `The embedded database has gone and can't be started again: ${error.message}`);
    process.exit(1);
  });
  const db = createDatabase(database.url, { log });
  try {
    await prepareFirstStart(database.db, config, log);
    // Ahead of the first page that names them. Where somebody changes the assets there would be ever more.
    if (!config.reloadViews) await keepAssets(database.db, assetsFolder());
    const sessionSecret = config.sessionSecret ?? (await keptSecret(join(config.dataDir, 'session-secret')));
    const serving =
      config.processCount === 1
        ? await serve(config, log, { ...database, db })
        : await serveByWorkers(config, log, database.url);
    const ownRegistry = createRegistry();
    const readMetrics = async () => `${await serving.readMetrics()}\n${await ownRegistry.metrics()}`;
    const metrics = config.metrics && (await serveMetrics(config.metrics, readMetrics, log));
    log.info(`nipnime is ready: ${urlOf(config.host, serving.port)}`);
    // Not before: nobody should wait for it, and what is not done when the node ends is done by the job of that name.
    foldChangedTitles(database.db).catch((error: unknown) =>
      logFailure(log, error, 'Titles were not folded'),
    );
    const stopBackground = startBackground({
      config,
      sessionSecret,
      log,
      database,
      db,
      registry: ownRegistry,
    });
    const [signal] = await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
    // A second signal ends the process at once.
    for (const again of ['SIGTERM', 'SIGINT']) process.once(again, () => process.exit(1));
    const patient = config.production && signal === 'SIGTERM';
    endInTime(patient, log);
    await Promise.all([serving.drain(patient), stopBackground()]);
    metrics?.close();
  } finally {
    await db.destroy();
    await database.close();
  }
  // A job that was cut off may still wait for its next try.
  process.exit();
}

/** What can't be closed in order, as where Postgres is silent, must not keep the process from being started again. */
function endInTime(patient: boolean, log: Logger): void {
  const longestMs = (patient ? PATIENT_DRAIN_MS : QUICK_DRAIN_MS) + CLOSING_MS + LAST_MS;
  setTimeout(() => {
    log.error(`nipnime could not close everything within ${longestMs / 1_000} s, and ends as it is`);
    process.exit(1);
  }, longestMs).unref();
}

function urlOf(host: string, port: number): string {
  return `http://${['127.0.0.1', '0.0.0.0', '::'].includes(host) ? 'localhost' : host}:${port}`;
}

main().catch((error: unknown) => {
  // There is no log yet: the environment itself is wrong.
  process.stderr.write(`${error instanceof ConfigError ? error.message : String(error)}\n`);
  process.exit(1);
});

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
