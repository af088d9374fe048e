import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { Server as NetServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createFirstAdmin } from './accounts/first-admin';
import type { Actor, Catalog } from './catalog/catalog-write';
import { importBangumi, recentSince } from './catalog/import-bangumi';
import { hasSeries } from './catalog/series-repository';
import { type Config, ConfigError, loadConfig } from './config';
import { exclusively } from './platform/database';
import { createLogger, type Logger } from './platform/log';
import { openDatabase } from './platform/open-database';
import { createSite, type Site } from './site';

/** How long a deploy's load balancer has to notice that this node is no longer ready. */
const UNREADY_MS = 5_000;
/** Over which time the streams are then closed. */
const DRAIN_MS = 25_000;
const SERVER_LIMITS = {
  // Whoever sends a head or a body drop by drop holds a socket no longer than this.
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  connectionsCheckingInterval: 2_000,
  // Longer than a proxy keeps an idle connection (nginx: 60 s): else it sends a request into one that is closing.
  keepAliveTimeout: 75_000,
};
/** Requests that are being answered get this long to end. */
const LAST_ANSWERS_MS = 10_000;

async function main(): Promise<void> {
  const config = loadConfig(process.env);
  const log = createLogger(config.logLevel);
  const database = await openDatabase(config, log);
  const site = await createSite(config, log, database);
  await exclusively(database.db, 'first start', () => prepareFirstStart(site.catalog, config, log));

  const server = createServer(SERVER_LIMITS, site.app);
  const closeWaiting = site.acceptStreams(server);
  server.listen(config.port, config.host);
  await once(server, 'listening');
  log.info(`nipnime is ready: ${addressOf(server, config.host)}`);

  const [signal] = await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
  // A second one means now.
  for (const again of ['SIGTERM', 'SIGINT']) process.once(again, () => process.exit(1));
  await drain(server, site, log, config.production && signal === 'SIGTERM', closeWaiting);
  await site.close();
  await database.close();
}

/**
 * Makes of a new site one that has something to see and somebody who can log in. In production both are an
 * operator's decision: a password does not belong into logs that are kept.
 */
async function prepareFirstStart(catalog: Catalog, config: Config, log: Logger): Promise<void> {
  if (config.production) return;
  if (!(await hasSeries(catalog.db))) {
    log.info('The catalog is empty: importing the series of the last two years from bangumi-data …');
    const now = new Date();
    const result = await importBangumi(catalog, system, { now, since: recentSince(now) });
    log.info(`Imported ${result.series.added} series and ${result.episodes.added} episodes.`);
  }
  const admin = await createFirstAdmin(catalog.db);
  if (!admin) return;
  // On standard output, not in the log: this is the one time that the password can be read.
  process.stdout.write(
    `
  The first admin was created. Log in at /admin with

    address   ${admin.email}
    password  ${admin.password}

  It is not shown again. More admins: npm run admin:create -- --email ADDRESS

`,
  );
}
const system: Actor = { kind: 'system', id: null, name: 'nipnime' };

/** @param patient a load balancer is in front, and browsers that must not all come back at once */
async function drain(
  server: Server,
  site: Site,
  log: Logger,
  patient: boolean,
  closeWaiting: () => void,
): Promise<void> {
  log.info(patient ? 'Draining: the streams are closed within half a minute' : 'Stopping');
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

function addressOf(server: Server, host: string): string {
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : '';
  return `http://${['127.0.0.1', '0.0.0.0', '::'].includes(host) ? 'localhost' : host}:${port}`;
}

main().catch((error: unknown) => {
  const reason = error instanceof Error ? error.stack : String(error);
  process.stderr.write(
    error instanceof ConfigError ? `${error.message}\n` : `nipnime could not start: ${reason}\n`,
  );
  process.exit(1);
});
