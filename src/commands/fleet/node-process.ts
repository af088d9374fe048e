import { siteArguments } from '../../platform/project';
import { secretVariables } from '../../platform/secret-files';
import { freePort } from './ports';
import { Service, type ServiceOptions } from './service';

export type NodeProcess = {
  readonly service: Service;
  readonly port: number;
  readonly url: string;
  readonly metricsUrl: string;
};

type NodeProcessOptions = ServiceOptions & {
  readonly port: number;
  readonly databaseUrl: string;
  readonly redisUrl: string;
  /** The same for every node, or a login counts on one of them only. */
  readonly sessionSecret: string;
  /** The folder of the built site; this one by default. */
  readonly root?: string;
  /** Further variables for the node. */
  readonly env: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
};

/** Starts a node of the built site (dist/server.js) behind a proxy on this machine. Resolves when it is ready. */
export async function startNodeProcess(options: NodeProcessOptions): Promise<NodeProcess> {
  const { port, databaseUrl, redisUrl, sessionSecret, root, env, signal, ...rest } = options;
  const metricsPort = await freePort();
  const service = new Service(rest, {
    file: process.execPath,
    args: siteArguments(root),
    env: {
      // A fleet has several nodes, so that each is one process.
      WEB_CONCURRENCY: '1',
      ...env,
      HOST: '127.0.0.1',
      PORT: String(port),
      METRICS_PORT: String(metricsPort),
      METRICS_HOST: '127.0.0.1',
      ...secretVariables({
        DATABASE_URL: databaseUrl,
        REDIS_URL: redisUrl,
        SESSION_SECRET: sessionSecret,
      }),
      TRUST_PROXY: 'loopback',
    },
  });
  const url = `http://127.0.0.1:${port}`;
  try {
    await service.untilReady(() => isReady(url), signal);
  } catch (error) {
    await service.stop('SIGINT');
    throw error;
  }
  return { service, port, url, metricsUrl: `http://127.0.0.1:${metricsPort}/metrics` };
}

async function isReady(url: string): Promise<boolean> {
  return fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2_000) }).then(
    (response) => response.ok,
    () => false,
  );
}
