import { join } from 'node:path';
import { RateLimiterClusterMaster } from 'rate-limiter-flexible';
import { Exchange } from './cluster/exchange';
import { sendTo, WorkerPool } from './cluster/worker-pool';
import type { Config } from './config';
import { keptSecret } from './platform/kept-secret';
import type { Logger } from './platform/log';
import { PATIENT_DRAIN_MS, QUICK_DRAIN_MS, type Serving } from './serve';

/** What a worker needs to end its background work after the last answer. */
const CLOSING_MS = 3_000;

/** Serves the site in several processes that share the port. This one only starts, connects and ends them. */
export async function serveByWorkers(config: Config, log: Logger, databaseUrl: string): Promise<Serving> {
  const exchange = new Exchange({ maxPerAddress: config.stream.maxConnectionsPerAddress, send: sendTo });
  // The other end of the workers' RateLimiterCluster: it counts wrong passwords for all of them.
  new RateLimiterClusterMaster();
  const env = {
    DATABASE_URL: databaseUrl,
    SESSION_SECRET: config.sessionSecret ?? (await keptSecret(join(config.dataDir, 'session-secret'))),
  };
  const workers = new WorkerPool({ count: config.processCount, env, exchange, log });
  // Whatever ends this process early, nobody stays behind.
  process.once('exit', () => workers.kill());
  const port = await workers.start();
  return {
    port,
    drain: (patient) => workers.stop(patient, (patient ? PATIENT_DRAIN_MS : QUICK_DRAIN_MS) + CLOSING_MS),
  };
}
