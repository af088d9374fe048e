import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { Server as NetServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PrimaryLink } from './cluster/primary-link';
import type { Config } from './config';
import type { Logger } from './platform/log';
import { measureProcess } from './platform/metrics';
import type { OpenDatabase } from './platform/open-database';
import { createSite, type Site } from './site';

/** How long a deploy's load balancer has to notice that this node is no longer ready. */
const UNREADY_MS = 5_000;
/** Over which time the streams are then closed. */
const DRAIN_MS = 25_000;
/** Requests that are being answered get this long to end. */
const LAST_ANSWERS_MS = 10_000;
/** The longest that a drain takes. */
export const PATIENT_DRAIN_MS = UNREADY_MS + DRAIN_MS + LAST_ANSWERS_MS;
export const QUICK_DRAIN_MS = LAST_ANSWERS_MS;
export const SERVER_OPTIONS = {
  // The site refuses such a request itself.
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
  /** Resolves when everything is answered and closed; the database is the caller's. */
  drain(patient: boolean): Promise<void>;
};

/** Serves the site in this process. Resolves when it listens. `link` leads to the primary of several processes. */
export async function serve(
  config: Config,
  log: Logger,
  database: OpenDatabase,
  link?: PrimaryLink,
): Promise<Serving> {
  const site = await createSite(config, log, database, link);
  measureProcess(site.registry);
  const server = createServer(SERVER_OPTIONS, site.app);
  const closeWaiting = site.acceptStreams(server);
  server.listen({ port: config.port, host: config.host, backlog: config.listenBacklog });
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : config.port,
    drain: async (patient) => {
      log.info(patient ? 'Draining: the streams are closed within half a minute' : 'Stopping');
      await drain(server, site, closeWaiting, patient);
      await site.close();
    },
  };
}

/** @param patient a load balancer is in front, and browsers that must not all come back at once */
async function drain(server: Server, site: Site, closeWaiting: () => void, patient: boolean): Promise<void> {
  site.setUnready();
  if (patient) await sleep(UNREADY_MS);
  const closed = once(server, 'close');
  // From now on a proxy is refused at once and asks another node; what is open is served to its end. Not http's own
  // close(), which since Node 19 also cuts connections whose request is still on its way.
  NetServer.prototype.close.call(server);
  await site.hub.drain(patient ? DRAIN_MS : 0);
  closeWaiting();
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), LAST_ANSWERS_MS);
  await closed;
  clearTimeout(timer);
}
