import type { RequestListener, Server } from 'node:http';
import { join } from 'node:path';
import { recordAudit } from './accounts/audit-log';
import { createApp } from './app';
import type { Catalog } from './catalog/catalog-write';
import { findPublicEpisodes } from './catalog/public-catalog';
import { startScheduler } from './catalog/scheduler';
import { type ChangeBus, createMemoryChangeBus, createRedisChangeBus } from './changes/change-bus';
import { ChangeFeed } from './changes/change-feed';
import { pruneChanges } from './changes/change-log';
import type { Config } from './config';
import { createClientAddress } from './http/client-address';
import { createCardRenderer } from './http/fragments';
import { createLoginLimits } from './http/rate-limits';
import { createSessionPool, type Database } from './platform/database';
import { keptSecret } from './platform/kept-secret';
import type { Logger } from './platform/log';
import type { OpenDatabase } from './platform/open-database';
import { projectRoot } from './platform/project';
import { AddressCounts } from './realtime/admission';
import { Hub } from './realtime/hub';
import { StreamListener } from './realtime/stream-listener';

/** One node of the site, all but the listening. */
export type Site = {
  readonly app: RequestListener;
  readonly catalog: Catalog;
  readonly feed: ChangeFeed;
  readonly hub: Hub;
  /** Lets streams be taken from the connections of a server ahead of Node's HTTP parser; gives what ends the waiting ones. */
  readonly acceptStreams: (server: Server) => () => void;
  /** From now on `/readyz` says that no new visitors should be sent here. */
  readonly setUnready: () => void;
  /** Ends what runs in the background; the database is the caller's. */
  readonly close: () => Promise<void>;
};

/** What a write of the catalog needs, with a bus whose failures are logged: the change log has the events already. */
function createCatalog(database: OpenDatabase, bus: ChangeBus, log: Logger): Catalog {
  return {
    db: database.db,
    publish: (events) =>
      bus.publish(events).catch((error: unknown) => log.warn({ err: error }, 'A change was not published')),
    audit: recordAudit,
  };
}

/** Puts the parts together. Resolves when streams can be served. */
export async function createSite(config: Config, log: Logger, database: OpenDatabase): Promise<Site> {
  const { db } = database;
  const bus = config.redisUrl ? createRedisChangeBus(config.redisUrl, log) : createMemoryChangeBus();
  const catalog = createCatalog(database, bus, log);
  const renderCard = createCardRenderer(join(projectRoot(), 'views'));
  const sessionSecret = config.sessionSecret ?? (await keptSecret(join(config.dataDir, 'session-secret')));
  const feed = new ChangeFeed({ db, bus, log });
  await feed.start();
  const hub = new Hub({
    feed,
    renderCard,
    findPublicIds: async (episodeIds) =>
      new Set((await findPublicEpisodes(db, episodeIds)).map(({ episodeId }) => episodeId)),
    clientAddress: createClientAddress(config.trustProxy),
    addressLimit: new AddressCounts(config.stream.maxConnectionsPerAddress),
    metrics: { opened() {}, closed() {}, refused() {}, delivered() {} },
    onError: (error, message) => log.error({ err: error }, message),
    ...config.stream,
  });
  const streams = new StreamListener(hub);
  const stopScheduler = startScheduler(catalog, log);
  const stopPruning = startPruning(db, log);
  const sessionPool = createSessionPool(database.url);
  const loginLimits = createLoginLimits(config.redisUrl, log);
  let ready = true;
  const app = createApp({
    config,
    log,
    catalog,
    sessionPool,
    sessionSecret,
    loginLimits,
    isReady: () => ready,
  });
  return {
    app: (request, response) => {
      if (!streams.handle(request, response)) app(request, response);
    },
    catalog,
    feed,
    hub,
    acceptStreams: (server) => {
      streams.listenTo(server);
      return () => streams.close();
    },
    setUnready: () => {
      ready = false;
    },
    close: async () => {
      stopPruning();
      await stopScheduler();
      hub.close();
      await feed.stop();
      await bus.close();
      loginLimits.close();
      await sessionPool.end();
    },
  };
}

/** Forgets old changes, once an hour; gives what ends it. */
function startPruning(db: Database, log: Logger): () => void {
  const timer = setInterval(() => {
    pruneChanges(db).catch((error: unknown) => log.warn({ err: error }, 'Pruning the change log failed'));
  }, 3_600_000);
  return () => clearInterval(timer);
}
