import { siteArguments } from '../../platform/project';
import { Service, type ServiceOptions } from './service';

export type SiteNode = { readonly service: Service; readonly port: number; readonly url: string };

type SiteNodeOptions = ServiceOptions & {
  readonly port: number;
  readonly databaseUrl: string;
  readonly redisUrl: string;
  /** The same for every node, or a login counts on one of them only. */
  readonly sessionSecret: string;
  /** What else the node is told. */
  readonly env: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
};

/** Starts a node of the built site (dist/server.js) behind a proxy on this machine. Resolves when it is ready. */
export async function startNode(options: SiteNodeOptions): Promise<SiteNode> {
  const { port, databaseUrl, redisUrl, sessionSecret, env, signal, ...rest } = options;
  const service = new Service(rest, {
    file: process.execPath,
    args: siteArguments(),
    env: {
      // Its nodes are what a cluster has several of.
      WEB_CONCURRENCY: '1',
      ...env,
      HOST: '127.0.0.1',
      PORT: String(port),
      DATABASE_URL: databaseUrl,
      REDIS_URL: redisUrl,
      SESSION_SECRET: sessionSecret,
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
  return { service, port, url };
}

async function isReady(url: string): Promise<boolean> {
  return fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2_000) }).then(
    (response) => response.ok,
    () => false,
  );
}
