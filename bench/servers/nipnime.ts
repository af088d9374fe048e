import { join } from 'node:path';
import { freePort } from '../../src/commands/fleet/ports';
import { siteArguments } from '../../src/platform/project';
import { streamRequest } from '../generator/request-head';
import { builtFile } from '../machine/compile';
import type { Workplace } from '../machine/workplace';
import { type ServerUnderTest, startServer } from './server-under-test';
import type { SiteSurroundings } from './site-surroundings';

const MANY = '1000000';

/** Another way to the site (peers/front.ts): a port, or the path of a Unix socket; over TLS with the paths of a certificate and its key. */
type Front = { readonly listen: number | string; readonly cert?: string; readonly key?: string };

/** Starts the site as it is shipped: dist/server.js in production, one process, limits that let the load in. */
export async function startNipnime(
  workplace: Workplace,
  { databaseUrl, redisUrl, sessionSecret, publisher }: SiteSurroundings,
  options: {
    readonly gzip?: boolean;
    readonly env?: NodeJS.ProcessEnv;
    readonly front?: Front | undefined;
  } = {},
): Promise<ServerUnderTest> {
  const port = await freePort();
  const metricsPort = await freePort();
  const { gzip = false, env, front } = options;
  const { pids, stop } = await startServer(workplace, {
    name: 'nipnime',
    file: process.execPath,
    args: [...(front ? ['--require', builtFile('front.js')] : []), ...siteArguments()],
    env: {
      PATH: process.env.PATH,
      NODE_ENV: 'production',
      HOST: '127.0.0.1',
      PORT: String(port),
      METRICS_PORT: String(metricsPort),
      DATABASE_URL: databaseUrl,
      REDIS_URL: redisUrl,
      DATA_DIR: join(workplace.folder, 'data'),
      SESSION_SECRET: sessionSecret,
      LOG_LEVEL: 'warn',
      WEB_CONCURRENCY: '1',
      // A process that reads the titles of the new catalog, in some minute or other, would be taken for a part of its load.
      TITLE_READINGS: 'off',
      SSE_MAX_CONNECTIONS: MANY,
      SSE_MAX_CONNECTIONS_PER_IP: MANY,
      ...(front && {
        BENCH_FRONT_LISTEN: String(front.listen),
        BENCH_FRONT_CERT: front.cert,
        BENCH_FRONT_KEY: front.key,
      }),
      ...env,
    },
    port,
    // In production SIGTERM is a deploy, which takes half a minute.
    stopSignal: 'SIGINT',
    isReady: () => isReady(port),
  });
  return {
    name: gzip ? 'nipnime-gzip' : 'nipnime',
    pids,
    port,
    metricsPort,
    request: streamRequest({ gzip }),
    isOpaque: gzip,
    greets: true,
    publisher,
    stop,
  };
}

async function isReady(port: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(2_000) }).then(
    (response) => response.ok,
    () => false,
  );
}
