import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { Server as NetServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../platform/log';
import { measureProcess, shareMetrics } from '../platform/metrics';
import type { OpenDatabase } from '../platform/open-database';
import type { Config } from './config';
import { createSiteNode, type SiteNode } from './node';
import type { PrimaryLink } from './workers/primary-link';

/** How long a deploy's load balancer has to notice that this node is no longer ready. */
const UNREADY_MS = 5_000;
/** The closing of the streams is spread over this time. */
const DRAIN_MS = 25_000;
/** Requests that are being answered get this long to end. */
const LAST_ANSWERS_MS = 10_000;
/** The longest that a drain takes. */
export const PATIENT_DRAIN_MS = UNREADY_MS + DRAIN_MS + LAST_ANSWERS_MS;
export const QUICK_DRAIN_MS = LAST_ANSWERS_MS;
/** How long a process takes to end its background work after the last answer. */
export const CLOSING_MS = 3_000;
export const SERVER_OPTIONS = {
  // The site itself refuses a request without a Host.
  requireHostHeader: false,
  // Whoever sends a head or a body drop by drop holds a socket no longer than this.
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  connectionsCheckingInterval: 2_000,
  // Longer than a proxy keeps an idle connection (nginx: 60 s): else it sends a request into one that is closing.
  keepAliveTimeout: 75_000,
};

export type Serving = {
  readonly port: number;
  /** The figures of all processes that serve, as Prometheus reads them. */
  readMetrics(): Promise<string>;
  /** Resolves when everything is answered and closed. The caller closes the database. */
  drain(patient: boolean): Promise<void>;
};

/** Serves the site in this process. Resolves when it listens. `link` leads to the primary of several processes. */
export async function serve(
  config: Config,
  log: Logger,
  database: OpenDatabase,
  link?: PrimaryLink,
): Promise<Serving> {
  const node = await createSiteNode(config, log, database, link);
  measureProcess(node.registry);
  if (link) shareMetrics(node.registry);
  const server = createServer(SERVER_OPTIONS, node.app);
  const closeWaiting = node.acceptStreams(server);
  server.listen({ port: config.port, host: config.host, backlog: config.listenBacklog });
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : config.port,
    readMetrics: () => node.registry.metrics(),
    drain: async (patient) => {
      log.info(patient ? 'Draining: the streams are closed within half a minute' : 'Stopping');
      await drain(server, node, closeWaiting, patient);
      await node.close();
    },
  };
}

/** @param patient whether a load balancer is in front, and browsers must not all come back at once */
async function drain(
  server: Server,
  node: SiteNode,
  closeWaiting: () => void,
  patient: boolean,
): Promise<void> {
  node.setUnready();
  if (patient) await sleep(UNREADY_MS);
  const closed = once(server, 'close');
  // From now on the kernel refuses a proxy at once, which asks another node; open connections are served to their end.
  // This is not http's own close(), which since Node 19 also cuts connections whose request is still on its way.
  NetServer.prototype.close.call(server);
  await node.hub.drain(patient ? DRAIN_MS : 0);
  closeWaiting();
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), LAST_ANSWERS_MS);
  await closed;
  clearTimeout(timer);
}
