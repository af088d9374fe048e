import type { IncomingMessage, RequestListener, Server } from 'node:http';
import { join } from 'node:path';
import { type Counters, createCounters } from '../features/accounts/counters';
import { createLoginLimits, createRequestLimit } from '../features/accounts/rate-limits';
import { findOpenSessions } from '../features/accounts/sessions';
import { Pictures } from '../features/artwork/pictures';
import { Previews } from '../features/artwork/previews';
import { startScheduler } from '../features/episodes/scheduler';
import type { WriteContext } from '../features/episodes/write';
import { ServedFiles } from '../features/images/served-files';
import { Workshop } from '../features/images/workshop';
import { countBrowsers, leastTold, PRESENCE_TOPICS } from '../features/presence/public';
import { isReceiptTopic, LEAST_TOLD, RECEIPT_TOPICS, Receipts } from '../features/receipts/public';
import { tellChangeRate } from '../features/today/change-rate';
import { recordMinutes } from '../features/today/minutes';
import { recordAudit } from '../journal/journal';
import { Changes } from '../live/changes/changes';
import { type Bus, createMemoryBus, createRedisBus } from '../live/feed/bus';
import { Feed } from '../live/feed/feed';
import { Present } from '../live/feed/present';
import { AddressCounts } from '../live/hub/admission';
import { Hub } from '../live/hub/hub';
import { StreamListener } from '../live/hub/stream-listener';
import { Windows } from '../live/hub/windows';
import type { Lists } from '../live/list';
import { createLiveLog, readHead } from '../live/log/live-log';
import { RenderedItems } from '../live/rendered';
import { Topics } from '../live/topics';
import { nodeClock } from '../live/turns';
import { Whispers } from '../live/whispers';
import { formatAcceptEncoding, parseAcceptEncoding } from '../platform/accept-encoding';
import { addressKey } from '../platform/address';
import { type Availability, createAvailability } from '../platform/availability';
import { createDatabase, createSessionPool, WATCHING } from '../platform/database';
import { logFailure } from '../platform/database-errors';
import { watchDatabase } from '../platform/database-watch';
import { keptSecret } from '../platform/kept-secret';
import type { Logger } from '../platform/log';
import { createRegistry, type Registry } from '../platform/metrics';
import type { OpenDatabase } from '../platform/open-database';
import { figuresOfDatabase, figuresOfPool } from '../platform/pool-figures';
import { projectRoot, projectVersion } from '../platform/project';
import { securityHeaders } from '../platform/security-headers';
import { createClientAddress } from '../web/client-address';
import { type Readiness, whyUnready } from '../web/health';
import { createFindLanguage, languagesOf } from '../web/language';
import { viewsDigest } from '../web/locals';
import { PageCache } from '../web/page-cache';
import { answerRefusals, requireHost } from '../web/refusals';
import { createRequestId } from '../web/request-id';
import { streamLog } from '../web/request-log';
import { createApp } from './app';
import type { Config } from './config';
import { createImageStore } from './image-store';
import { createLists } from './lists';
import { createMetrics, type Metrics } from './metrics';
import { measureServing } from './metrics-at-scrape';
import type { PrimaryLink } from './workers/primary-link';

/** What one process of a node serves, without the listening. */
export type SiteNode = {
  readonly app: RequestListener;
  readonly catalog: WriteContext;
  readonly feed: Feed;
  readonly hub: Hub;
  /** What is measured; a process adds figures of its own. */
  readonly registry: Registry;
  /**
   * Lets the site take streams from the connections of a server, ahead of Node's HTTP parser. Returns a function that closes
   * the connections which have not sent a request yet.
   */
  readonly acceptStreams: (server: Server) => () => void;
  /** From now on `/readyz` says that no new visitors should be sent here. */
  readonly setUnready: () => void;
  /** Ends what runs in the background. The caller closes the database. */
  readonly close: () => Promise<void>;
};

/** What a write of the catalog needs, with a bus whose failures are logged: the log has the changes already. */
function createCatalog(
  database: OpenDatabase,
  lists: Lists,
  { bus, feed, log, metrics }: { bus: Bus; feed: Feed; log: Logger; metrics: Metrics },
): WriteContext {
  return {
    db: database.db,
    lists,
    // Nobody waits for the bus: the change is committed, and the admin gains nothing from how fast other nodes learn of it.
    publish: (commit) => {
      feed.takeOwn(commit);
      bus.publish(commit).catch((error: unknown) => {
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
export async function createSiteNode(
  config: Config,
  log: Logger,
  database: OpenDatabase,
  link?: PrimaryLink,
): Promise<SiteNode> {
  const { db } = database;
  const registry = createRegistry();
  const metrics = createMetrics(registry, link?.workerId);
  const sessionSecret = config.sessionSecret ?? (await keptSecret(join(config.dataDir, 'session-secret')));
  const redisAvailability = createAvailability({
    name: 'Redis',
    log,
    onChange: (isUp) => {
      if (config.redisUrl) metrics.dependencyIsUp('redis', isUp);
    },
  });
  const bus = config.redisUrl
    ? createRedisBus(config.redisUrl, log, { secret: sessionSecret, availability: redisAvailability })
    : (link?.bus ?? createMemoryBus());
  const viewsFolder = join(projectRoot(), 'views');
  const lists = createLists();
  const items = new RenderedItems();
  // A pool of its own, so that looking at the head never waits for other queries.
  const watchingDb = createDatabase(database.url, { maxConnections: 2, limits: WATCHING, log });
  const databaseWatch = watchDatabase([db, watchingDb], log, (isUp) =>
    metrics.dependencyIsUp('postgres', isUp),
  );
  const liveLog = createLiveLog(watchingDb);
  const present = new Present(lists.all, watchingDb);
  const feed = new Feed({ log: liveLog, bus, present, logger: log });
  const catalog = createCatalog(database, lists.all, { bus, feed, log, metrics });
  await feed.start();
  const clientAddress = createClientAddress(config.trustProxy);
  const requestId = createRequestId(config.trustProxy);
  const onError = (error: unknown, message: string): void => logFailure(log, error, message);
  const whispers = new Whispers({
    bus,
    clock: nodeClock,
    deliver: (topic, key, value) => hub.whisper(topic, key, value),
    leastSum: (topic) => (isReceiptTopic(topic) ? LEAST_TOLD : leastTold(topic)),
  });
  const languages = languagesOf(!config.production);
  const listTopics = lists.declared.map(({ topic }) => ({ topic, languages }));
  const topics = new Topics([...listTopics, ...PRESENCE_TOPICS, ...RECEIPT_TOPICS], sessionSecret);
  const receipts = new Receipts({ whispers, clock: nodeClock });
  const hub = new Hub({
    feed,
    log: liveLog,
    present,
    lists: lists.all,
    items,
    windows: new Windows({ lists: lists.all, items, db: watchingDb, onError }),
    topics,
    findOpenSessions: (sessions) => findOpenSessions(db, sessions),
    lastWhispers: (names) => whispers.lastOf(names),
    isElsewhereBetter: () => feed.isElsewhereBetter,
    clientAddress: (remoteAddress, forwardedFor) => addressKey(clientAddress(remoteAddress, forwardedFor)),
    addressLimit: new AddressCounts(config.stream.maxConnectionsPerAddress),
    metrics: {
      ...metrics.stream,
      delivered: (delivery) => {
        metrics.stream.delivered(delivery);
        receipts.delivered(delivery);
      },
    },
    onError,
    ...config.stream,
  });
  const streams = new StreamListener(hub, streamLog(log, requestId));
  const changes = new Changes({ feed, log: liveLog, present, frames: hub.frames });
  feed.onNote((note, from) => {
    if (note.type === 'signed-out') hub.signOut(note.session);
    else whispers.hear(note, from);
  });
  const stopCounting = countBrowsers({ hub, whispers, clock: nodeClock });
  const stopChangeRate = tellChangeRate({ feed, whispers, clock: nodeClock });
  const stopMinutes = recordMinutes({ db, whispers, clock: nodeClock, onError });
  const stopScheduler = startScheduler(catalog, log);
  const sessionPool = createSessionPool(database.url);
  const counters = createCounters(config.redisUrl, log, {
    shared: link !== undefined,
    availability: redisAvailability,
  });
  const headers = securityHeaders();
  const findLanguage = createFindLanguage(!config.production);
  const pages = new PageCache({
    findLanguage,
    headOf: (names) => feed.headOf(names),
    build: config.reloadViews ? undefined : viewsDigest(viewsFolder, join(projectRoot(), 'public')),
    headers,
    requestId,
    observe: metrics.pageCacheRequest,
  });
  const pictures = new Pictures({ headers, requestId });
  const previews = new Previews();
  const imageStore = createImageStore(config);
  const imageFiles = new ServedFiles(imageStore);
  metrics.measureKept('pages', () => pages.heldBytes);
  metrics.measureKept('pictures', () => pictures.heldBytes);
  metrics.measureKept('previews', () => previews.heldBytes);
  metrics.measureKept('images', () => imageFiles.heldBytes);
  feed.follow({
    wants: () => false,
    onBatch: (batch) => {
      if (batch.type === 'reset' && batch.reason === 'epoch') pages.clear();
    },
  });
  let draining = false;
  const readiness: Readiness = { db, isDraining: () => draining, isFeedReady: () => feed.isReady };
  measureServing(registry, {
    version: projectVersion(),
    isDraining: () => draining,
    whyUnready: () => whyUnready(readiness),
    feed,
    readHead: () => readHead(watchingDb),
    pools: {
      pages: () => figuresOfDatabase(db),
      feed: () => figuresOfDatabase(watchingDb),
      sessions: () => figuresOfPool(sessionPool),
    },
  });
  const app = createApp({
    config,
    log,
    db,
    catalog,
    pages,
    previews,
    images: { db, store: imageStore, workshop: new Workshop() },
    imageFiles,
    lists,
    items,
    streams,
    changes,
    topics,
    liveTicket: (liveId, names) => topics.ticket(names, liveId),
    signOut: (liveId) => {
      hub.signOut(liveId);
      bus.tell({ type: 'signed-out', session: liveId });
    },
    findLanguage,
    requestId,
    clientAddress: ({ headers, socket }) =>
      clientAddress(socket.remoteAddress ?? '', headers['x-forwarded-for']?.toString()),
    databaseWatch,
    sessionPool,
    sessionSecret,
    loginLimits: createLoginLimits(counters),
    requestLimit: createRequestLimit(counters, config.apiRequestsPerMinute),
    metrics,
    readiness,
    findTroubles: () => troublesOf(redisAvailability, counters),
  });
  return {
    app: requireHost(headers, (request, response) => {
      simplifyAcceptEncoding(request);
      if (pages.serve(request, response) || pictures.serve(request, response)) return;
      app(request, response);
    }),
    catalog,
    feed,
    hub,
    registry,
    acceptStreams: (server) => {
      answerRefusals(server, headers);
      return config.stream.aheadOfHttp ? streams.listenTo(server) : () => undefined;
    },
    setUnready: () => {
      draining = true;
      hub.leave();
      changes.leave();
    },
    close: async () => {
      await stopScheduler();
      stopCounting();
      stopChangeRate();
      stopMinutes();
      receipts.close();
      changes.close();
      hub.close();
      whispers.close();
      await feed.stop();
      await bus.close();
      counters.close();
      await sessionPool.end();
      await watchingDb.destroy();
    },
  };
}

/** What a node does without while it serves, for its operators: a sentence each. */
function troublesOf(redis: Availability, counters: Counters): readonly string[] {
  const troubles: string[] = [];
  if (redis.awayMs !== undefined) {
    const seconds = Math.round(redis.awayMs / 1_000);
    troubles.push(
      `Redis has been away for ${seconds} s: what other nodes change comes up to 3 s late. The log says why.`,
    );
  }
  if (redis.awayMs !== undefined || counters.isAlone()) {
    troubles.push(
      'Each process counts for itself: limits of tries to log in, and of requests of the API, hold by process.',
    );
  }
  return troubles;
}

/** Reads Accept-Encoding once, here: each library behind this would parse the client's text in its own way, which may be slow. */
function simplifyAcceptEncoding({ headers }: IncomingMessage): void {
  const header = headers['accept-encoding'];
  if (typeof header === 'string')
    headers['accept-encoding'] = formatAcceptEncoding(parseAcceptEncoding(header));
}
