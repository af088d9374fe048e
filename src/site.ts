import type { IncomingMessage, RequestListener, Server } from 'node:http';
import { join } from 'node:path';
import { recordAudit } from './accounts/audit-log';
import { createApp } from './app';
import type { Catalog } from './catalog/catalog-write';
import { findPublicEpisodes } from './catalog/public-catalog';
import { startScheduler } from './catalog/scheduler';
import { type ChangeBus, createMemoryChangeBus, createRedisChangeBus } from './changes/change-bus';
import { ChangeFeed } from './changes/change-feed';
import { pruneChanges } from './changes/change-log';
import type { PrimaryLink } from './cluster/primary-link';
import type { Config } from './config';
import { createClientAddress } from './http/client-address';
import { createCardRenderer } from './http/fragments';
import { createMetrics, type Metrics } from './http/ops/metrics';
import { PageCache } from './http/page-cache';
import { Pictures } from './http/pictures';
import { createLoginLimits } from './http/rate-limits';
import { answerRefusals, requireHost } from './http/refusals';
import { createRequestId } from './http/request-id';
import { viewsDigest } from './http/view-locals';
import { formatAcceptEncoding, parseAcceptEncoding } from './platform/accept-encoding';
import { addressKey } from './platform/address';
import { createAvailability } from './platform/availability';
import { createDatabase, createSessionPool, type Database, WATCHING } from './platform/database';
import { logFailure } from './platform/database-errors';
import { watchDatabase } from './platform/database-watch';
import { keptSecret } from './platform/kept-secret';
import type { Logger } from './platform/log';
import { createRegistry, type Registry } from './platform/metrics';
import type { OpenDatabase } from './platform/open-database';
import { projectRoot } from './platform/project';
import { securityHeaders } from './platform/security-headers';
import { AddressCounts } from './realtime/admission';
import { Hub } from './realtime/hub';
import { StreamListener } from './realtime/stream-listener';

/** One node of the site, all but the listening. */
export type Site = {
  readonly app: RequestListener;
  readonly catalog: Catalog;
  readonly feed: ChangeFeed;
  readonly hub: Hub;
  /** Where a process adds figures of its own. */
  readonly registry: Registry;
  /** Lets streams be taken from the connections of a server ahead of Node's HTTP parser; gives what ends the waiting ones. */
  readonly acceptStreams: (server: Server) => () => void;
  /** From now on `/readyz` says that no new visitors should be sent here. */
  readonly setUnready: () => void;
  /** Ends what runs in the background; the database is the caller's. */
  readonly close: () => Promise<void>;
};

/** What a write of the catalog needs, with a bus whose failures are logged: the change log has the events already. */
function createCatalog(
  database: OpenDatabase,
  { bus, feed, log, metrics }: { bus: ChangeBus; feed: ChangeFeed; log: Logger; metrics: Metrics },
): Catalog {
  return {
    db: database.db,
    // Not waited for: the change is committed, and whoever made it has nothing to gain from how fast others hear of it.
    publish: (events) => {
      feed.takeOwn(events);
      bus.publish(events).catch((error: unknown) => {
        metrics.busPublishFailed();
        log.debug({ err: error }, 'A change was not published');
      });
    },
    audit: recordAudit,
  };
}

/**
 * Puts the parts together. Resolves when streams can be served.
 * @param link to the primary, where several processes share the port
 */
export async function createSite(
  config: Config,
  log: Logger,
  database: OpenDatabase,
  link?: PrimaryLink,
): Promise<Site> {
  const { db } = database;
  const registry = createRegistry();
  const metrics = createMetrics(registry, link?.workerId);
  link?.shareMetrics(() => registry.getMetricsAsJSON());
  const sessionSecret = config.sessionSecret ?? (await keptSecret(join(config.dataDir, 'session-secret')));
  const redisAvailability = createAvailability({
    name: 'Redis',
    log,
    onChange: (isUp) => {
      if (config.redisUrl) metrics.dependencyIsUp('redis', isUp);
    },
  });
  const bus = config.redisUrl
    ? createRedisChangeBus(config.redisUrl, log, { secret: sessionSecret, availability: redisAvailability })
    : (link?.bus ?? createMemoryChangeBus());
  const viewsFolder = join(projectRoot(), 'views');
  const renderCard = createCardRenderer(viewsFolder);
  // Of its own: whatever the others wait for, the head is looked at.
  const watchingDb = createDatabase(database.url, { maxConnections: 2, limits: WATCHING, log });
  const databaseWatch = watchDatabase([db, watchingDb], log, (isUp) =>
    metrics.dependencyIsUp('postgres', isUp),
  );
  const findPublic = (episodeIds: readonly string[]) => findPublicEpisodes(watchingDb, episodeIds);
  const feed = new ChangeFeed({ db: watchingDb, bus, log, findPublic });
  const catalog = createCatalog(database, { bus, feed, log, metrics });
  await feed.start();
  const clientAddress = createClientAddress(config.trustProxy);
  const hub = new Hub({
    feed,
    renderCard,
    findPublicIds: async (episodeIds) =>
      new Set((await findPublic(episodeIds)).map(({ episodeId }) => episodeId)),
    isElsewhereBetter: () => feed.isElsewhereBetter,
    clientAddress: (remoteAddress, forwardedFor) => addressKey(clientAddress(remoteAddress, forwardedFor)),
    addressLimit: link?.addresses ?? new AddressCounts(config.stream.maxConnectionsPerAddress),
    metrics: metrics.stream,
    onError: (error, message) => logFailure(log, error, message),
    ...config.stream,
  });
  const streams = new StreamListener(hub);
  const stopScheduler = startScheduler(catalog, log);
  const stopPruning = startPruning(db, log);
  const sessionPool = createSessionPool(database.url);
  const loginLimits = createLoginLimits(config.redisUrl, log, {
    shared: link !== undefined,
    availability: redisAvailability,
  });
  const headers = securityHeaders();
  const requestId = createRequestId(config.trustProxy);
  const pages = new PageCache({
    head: () => feed.sureCursor,
    build: config.reloadViews ? undefined : viewsDigest(viewsFolder, join(projectRoot(), 'public')),
    headers,
    requestId,
    observe: metrics.pageCacheRequest,
  });
  const pictures = new Pictures({ headers, requestId });
  metrics.measureKept('pages', () => pages.heldBytes);
  metrics.measureKept('pictures', () => pictures.heldBytes);
  feed.onBatch((batch) => {
    if (batch.type === 'reset' && batch.reason === 'epoch') pages.clear();
  });
  let draining = false;
  const app = createApp({
    config,
    log,
    catalog,
    pages,
    requestId,
    clientAddress: ({ headers, socket }) =>
      clientAddress(socket.remoteAddress ?? '', headers['x-forwarded-for']?.toString()),
    databaseWatch,
    sessionPool,
    sessionSecret,
    loginLimits,
    metrics,
    readMetrics: () => link?.readMetrics() ?? registry.metrics(),
    isDraining: () => draining,
    isFeedReady: () => feed.isReady,
  });
  return {
    app: requireHost(headers, (request, response) => {
      simplifyAcceptEncoding(request);
      if (streams.handle(request, response)) return;
      if (pages.serve(request, response) || pictures.serve(request, response)) return;
      app(request, response);
    }),
    catalog,
    feed,
    hub,
    registry,
    acceptStreams: (server) => {
      answerRefusals(server, headers);
      return streams.listenTo(server);
    },
    setUnready: () => {
      draining = true;
    },
    close: async () => {
      stopPruning();
      await stopScheduler();
      hub.close();
      await feed.stop();
      await bus.close();
      loginLimits.close();
      await sessionPool.end();
      await watchingDb.destroy();
    },
  };
}

/** What it says is read once, by us: each library behind this would parse it in its own way, which may be a slow one. */
function simplifyAcceptEncoding({ headers }: IncomingMessage): void {
  const header = headers['accept-encoding'];
  if (typeof header === 'string')
    headers['accept-encoding'] = formatAcceptEncoding(parseAcceptEncoding(header));
}

/** Forgets old changes, once an hour; gives what ends it. */
function startPruning(db: Database, log: Logger): () => void {
  const timer = setInterval(() => {
    pruneChanges(db).catch((error: unknown) => logFailure(log, error, 'Pruning the change log failed'));
  }, 3_600_000);
  return () => clearInterval(timer);
}
