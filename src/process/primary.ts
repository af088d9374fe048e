import { join } from 'node:path';
import { RateLimiterClusterMaster } from 'rate-limiter-flexible';
import { keptSecret } from '../platform/kept-secret';
import type { Logger } from '../platform/log';
import { createWorkerMetricsReader } from '../platform/metrics';
import { secretVariables } from '../platform/secret-files';
import type { Config } from './config';
import { CLOSING_MS, PATIENT_DRAIN_MS, QUICK_DRAIN_MS, type Serving } from './serve';
import { WorkerPool } from './workers/worker-pool';

/** Serves the site in several processes that share the port. This process only starts, connects and ends the others. */
export async function serveByWorkers(config: Config, log: Logger, databaseUrl: string): Promise<Serving> {
  // The other end of the workers' RateLimiterCluster: it counts wrong passwords for all of them.
  new RateLimiterClusterMaster();
  const env = secretVariables({
    DATABASE_URL: databaseUrl,
    SESSION_SECRET: config.sessionSecret ?? (await keptSecret(join(config.dataDir, 'session-secret'))),
  });
  const workers = new WorkerPool({ count: config.processCount, env, log });
  // Whatever ends this process early, no worker stays behind.
  process.once('exit', () => workers.kill());
  const port = await workers.start();
  return {
    port,
    readMetrics: createWorkerMetricsReader(),
    drain: (patient) => workers.stop(patient, (patient ? PATIENT_DRAIN_MS : QUICK_DRAIN_MS) + CLOSING_MS),
  };
}
