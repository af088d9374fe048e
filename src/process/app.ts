import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import compression from 'compression';
import express, { type Express, type RequestHandler, Router } from 'express';
import expressStaticGzip from 'express-static-gzip';
import { aboutRoutes } from '../features/about/page';
import { guardRoutes, requireAdmin, sessions } from '../features/accounts/admin';
import { guardScopes, limitRequests, requireToken } from '../features/accounts/api';
import { HashQueue } from '../features/accounts/hash-queue';
import { loginRoutes } from '../features/accounts/page';
import type { LoginLimits, RequestLimit } from '../features/accounts/rate-limits';
import { referenceRoutes } from '../features/api-reference/page';
import { previewRoutes as pictureRoutes } from '../features/artwork/page';
import type { Previews } from '../features/artwork/previews';
import { journalRoutes } from '../features/audit/admin';
import { browseRoutes } from '../features/browse/page';
import { episodeRoutes as adminEpisodeRoutes, showUnsavedEpisode } from '../features/episodes/admin';
import { episodeRoutes as apiEpisodeRoutes } from '../features/episodes/api';
import { episodesApi } from '../features/episodes/openapi';
import { seriesPageRoutes } from '../features/episodes/page';
import { REVERTIBLE_EPISODE_ACTS, revertEpisodeAct } from '../features/episodes/revert';
import type { WriteContext } from '../features/episodes/write';
import { feedRoutes } from '../features/feeds/page';
import { followingRoutes } from '../features/following/page';
import { answerOnce } from '../features/idempotency/api';
import { imageRoutes as adminImageRoutes } from '../features/images/admin';
import { parseUploads, takeUploads } from '../features/images/admin-uploads';
import { readPicture } from '../features/images/api';
import type { ImageContext } from '../features/images/images';
import { imageRoutes } from '../features/images/page';
import type { ServedFiles } from '../features/images/served-files';
import { keptAssetRoutes } from '../features/kept-assets/page';
import { latestRoutes } from '../features/latest/page';
import { offlineRoutes } from '../features/offline/page';
import { ownAccountRoutes } from '../features/own-account/admin';
import { secondStepRoutes } from '../features/own-account/admin-second-steps';
import { peopleRoutes } from '../features/people/admin';
import { joinRoutes } from '../features/people/page';
import { previewLinkRoutes } from '../features/preview/admin';
import { PreviewLinks } from '../features/preview/link';
import { previewRoutes } from '../features/preview/page';
import { readNextOf } from '../features/schedule/next';
import { scheduleRoutes } from '../features/schedule/page';
import { readUsualDelays } from '../features/schedule/public';
import { UsualDelays } from '../features/schedule/usual-delays';
import { searchRoutes } from '../features/search/page';
import { seriesRoutes as adminSeriesRoutes, showUnsavedSeries } from '../features/series/admin';
import { seriesRoutes as apiSeriesRoutes } from '../features/series/api';
import { seriesApi } from '../features/series/openapi';
import { redirectFormerSlugs } from '../features/series/page';
import { revertSeriesAct } from '../features/series/revert';
import { sitemapRoutes } from '../features/sitemap/page';
import { styleguideRoutes } from '../features/styleguide/page';
import { todayRoutes } from '../features/today/admin';
import { tokenRoutes } from '../features/tokens/admin';
import { transferRoutes } from '../features/transfer/admin';
import { reportRoutes, showReportCount } from '../features/watch/admin';
import { watchRoutes } from '../features/watch/page';
import { webhookRoutes } from '../features/webhooks/admin';
import { WEBHOOK_SECRETS } from '../features/webhooks/tell';
import type { Revert } from '../journal/revert';
import type { Changes } from '../live/changes/changes';
import type { StreamListener } from '../live/hub/stream-listener';
import type { RenderedItems } from '../live/rendered';
import type { Topics } from '../live/topics';
import type { Database, SessionPool } from '../platform/database';
import type { DatabaseWatch } from '../platform/database-watch';
import type { Logger } from '../platform/log';
import { projectRoot } from '../platform/project';
import { SealedTexts } from '../platform/sealed-text';
import { securityHeaders } from '../platform/security-headers';
import { refuseUnreadablePaths } from '../web/addresses';
import { changesRoutes } from '../web/changes';
import { trustedProxy } from '../web/client-address';
import { refuseOtherSites } from '../web/csrf';
import { ClientError, errorHandler, notFound } from '../web/error-handler';
import { eventsRoutes } from '../web/events';
import { healthRoutes, type Readiness } from '../web/health';
import { jsonApi } from '../web/json';
import { keepUnsavedForms, unpackKeptForm } from '../web/kept-form';
import type { FindLanguage } from '../web/language';
import { languageSwitch, tellWords } from '../web/language-switch';
import { viewLocals } from '../web/locals';
import { noticeRoutes, showNotice } from '../web/notice';
import { openApiDocument } from '../web/openapi';
import type { PageCache } from '../web/page-cache';
import { requestLog } from '../web/request-log';
import { measureRequests } from '../web/request-metrics';
import { createFindOrigin, type FindOrigin, tellOrigin } from '../web/site-origin';
import { ADMIN_ROUTES } from './admin-routes';
import { API_SCOPES } from './api-scopes';
import type { Config } from './config';
import type { createLists } from './lists';
import type { Metrics } from './metrics';

/** The parts that the site's requests need. node.ts makes them; each router names those that it uses. */
type AppParts = {
  readonly config: Config;
  readonly log: Logger;
  readonly db: Database;
  readonly catalog: WriteContext;
  readonly pages: PageCache;
  readonly previews: Previews;
  readonly images: ImageContext;
  readonly imageFiles: ServedFiles;
  readonly lists: ReturnType<typeof createLists>;
  readonly items: RenderedItems;
  readonly streams: StreamListener;
  readonly changes: Changes;
  readonly topics: Topics;
  /** A signed list of what is live in the back office, for pages of the session with this live id. */
  readonly liveTicket: (liveId: string, topics: readonly string[]) => string;
  /** Ends the streams that hang on the session with this live id, on every node. */
  readonly signOut: (liveId: string) => void;
  readonly findLanguage: FindLanguage;
  /** The id of a request, for logs and for whoever reports an error. */
  readonly requestId: (request: IncomingMessage) => string;
  /** The address of a request's client, found as for a stream: Express's `request.ip` takes any text for an address. */
  readonly clientAddress: (request: IncomingMessage) => string;
  readonly databaseWatch: DatabaseWatch;
  readonly sessionPool: SessionPool;
  readonly sessionSecret: string;
  readonly loginLimits: LoginLimits;
  readonly requestLimit: RequestLimit;
  readonly metrics: Metrics;
  readonly readiness: Readiness;
  /** What is worse than it should be while the site is served all the same: a sentence each. */
  readonly findTroubles: () => readonly string[];
};

/** Makes the request handler of the whole site: the list of what a request passes, in order. */
export function createApp(parts: AppParts): Express {
  const { config, log } = parts;
  const publicFolder = join(projectRoot(), 'public');
  const findOrigin = createFindOrigin(config.siteUrl);
  const usualDelays = new UsualDelays((seriesIds) => readUsualDelays(parts.db, seriesIds));
  const app = express();
  app.disable('x-powered-by');
  app.set('views', join(projectRoot(), 'views'));
  app.set('view engine', 'ejs');
  app.set('view cache', !config.reloadViews);
  app.set('query parser', 'simple');
  app.set('trust proxy', trustedProxy(config.trustProxy));
  const locals = viewLocals(publicFolder, config.reloadViews);
  Object.assign(app.locals, locals, { siteOrigin: config.siteUrl });

  // Ahead of the log: a stream is answered on its socket, for half an hour.
  app.use(eventsRoutes({ ...parts, onDivergence: parts.metrics.divergentPage }));
  app.use(requestLog(log, parts.requestId));
  app.use(setHeaders(securityHeaders()));
  app.use(tellOrigin(config.siteUrl));
  // Ahead of the times of answers: this one waits.
  app.use(changesRoutes({ ...parts, onAnswered: parts.metrics.changesAnswered }));
  app.use(measureRequests(parts.metrics.requestAnswered));
  app.use(refuseUnreadablePaths);
  app.use(healthRoutes(parts));
  app.use('/assets', expressStaticGzip(join(publicFolder, 'assets'), ASSET_OPTIONS));
  app.use(keptAssetRoutes(parts));
  app.use('/media', express.static(join(publicFolder, 'media'), FILE_OPTIONS));
  app.use('/icons', express.static(join(publicFolder, 'icons'), FILE_OPTIONS));
  app.get('/favicon.ico', (_request, response) => response.redirect(301, '/icons/favicon.svg'));
  app.use(pictureRoutes(parts.previews));
  app.use(imageRoutes(parts));
  // Ahead of compression: these pages are kept compressed.
  app.use(latestRoutes({ ...parts, list: parts.lists.latest }));
  app.use(feedRoutes({ ...parts, findOrigin }));
  app.use(compression());
  app.use('/api/v1', apiRoutes(parts));
  app.use('/admin', adminRoutes(parts));
  app.use(sitemapRoutes({ ...parts, findOrigin }));
  app.use(languageSwitch(!config.production));
  app.use(tellWords(parts.findLanguage));
  app.use(browseRoutes(parts));
  app.use(
    seriesPageRoutes({
      ...parts,
      lists: { oldest: parts.lists.seriesEpisodes, newest: parts.lists.newestEpisodes },
      readNext: readNextOf({ ...parts, list: parts.lists.next, usualDelays }),
    }),
  );
  app.use(watchRoutes({ ...parts, list: parts.lists.seriesEpisodes }));
  app.use(previewRoutes({ ...parts, previewLinks: new PreviewLinks(parts.sessionSecret) }));
  app.use(followingRoutes({ ...parts, list: parts.lists.latest }));
  app.use(scheduleRoutes({ ...parts, findOrigin, list: parts.lists.schedule, usualDelays }));
  app.use(searchRoutes(parts));
  app.use(offlineRoutes({ ...parts, isOn: config.offlinePage, asset: locals.asset }));
  app.use(aboutRoutes(parts));
  if (!config.production) app.use(styleguideRoutes(parts));
  app.use(notFound);
  app.use('/series/:slug', redirectFormerSlugs(parts));
  app.use(errorHandler(parts));
  return app;
}

/** The JSON API for scripts, version 1. Documented in docs/api.md. */
function apiRoutes(parts: AppParts): Router {
  const router = Router();
  const findOrigin = createFindOrigin(parts.config.siteUrl);
  router.use(referenceRoutes({ ...parts, findOrigin, description: apiDescription() }));
  router.all(['/', '/openapi.json'], onlyGet);
  router.use(requireToken(parts), limitRequests(parts.requestLimit), guardScopes(API_SCOPES));
  // Ahead of what reads the bodies of all others.
  router.put(['/series/:key/poster', '/episodes/:key/still'], ...readPicture);
  router.post('/episodes/bulk', express.json({ limit: '4mb' }));
  router.use(...jsonApi, answerOnce(parts));
  router.use(apiOperations(parts));
  return router;
}

/** What is only read, without a token. */
const onlyGet: RequestHandler = (request, response) => {
  response.set('Allow', 'GET, HEAD');
  throw new ClientError(405, `${request.method} is not for this address. It takes GET and HEAD.`);
};

/** The API in the words of OpenAPI. */
export function apiDescription(): ReturnType<typeof openApiDocument> {
  return openApiDocument('nipnime', [seriesApi, episodesApi], API_SCOPES);
}

/** What a token is good for. Which one is said in api-scopes.ts. */
export function apiOperations(parts: Pick<AppParts, 'catalog' | 'images'>): Router {
  const router = Router();
  router.use(apiSeriesRoutes(parts));
  router.use(apiEpisodeRoutes(parts));
  return router;
}

/** A file of the catalog is larger than any form: its route reads it, behind the log-in, and nothing that reads forms may do so before. */
const FILE_OF_CATALOG = '/transfer/imports';

function unlessFile(parse: RequestHandler): RequestHandler {
  return (request, response, next) =>
    request.path === FILE_OF_CATALOG ? next() : parse(request, response, next);
}

/** The back office: forms → parse → repository → 303. */
function adminRoutes(parts: AppParts): Router {
  const router = Router();
  const parse = unlessFile(
    Router().use(express.urlencoded({ extended: true, limit: '512kb' }), parseUploads),
  );
  router.use(refuseOtherSites, sessions(parts), parse, unpackKeptForm);
  const hashQueue = new HashQueue();
  const appSecrets = new SealedTexts(parts.sessionSecret, 'authenticator apps');
  const webhookSecrets = new SealedTexts(parts.sessionSecret, WEBHOOK_SECRETS);
  const findOrigin = createFindOrigin(parts.config.siteUrl);
  const onRefused = parts.metrics.loginRefused;
  router.use(loginRoutes({ ...parts, hashQueue, appSecrets, findOrigin, onRefused }));
  router.use(joinRoutes(parts));
  router.use(requireAdmin(parts), guardRoutes(ADMIN_ROUTES), takeUploads(parts.images));
  router.use(showNotice, showReportCount(parts));
  const previewLinks = new PreviewLinks(parts.sessionSecret);
  router.use(adminPages({ ...parts, hashQueue, appSecrets, webhookSecrets, findOrigin, previewLinks }));
  router.use(keepUnsavedForms(parts, parse, [showUnsavedEpisode, showUnsavedSeries]));
  return router;
}

/** What is behind the log-in. Who may use which of it is said in admin-routes.ts. */
export function adminPages(
  parts: Pick<AppParts, 'db' | 'catalog' | 'loginLimits' | 'signOut'> & {
    readonly hashQueue: HashQueue;
    readonly appSecrets: SealedTexts;
    readonly webhookSecrets: SealedTexts;
    readonly findOrigin: FindOrigin;
    readonly previewLinks: PreviewLinks;
  },
): Router {
  const router = Router();
  router.get('/', (_request, response) => response.redirect(303, '/admin/today'));
  router.use(todayRoutes(parts));
  router.use(noticeRoutes());
  router.use(adminSeriesRoutes(parts));
  router.use(adminImageRoutes());
  router.use(previewLinkRoutes(parts));
  router.use(adminEpisodeRoutes(parts));
  router.use(reportRoutes(parts));
  router.use(journalRoutes({ ...parts, reverts: revertsOf(parts) }));
  router.use(peopleRoutes(parts));
  router.use(tokenRoutes(parts));
  router.use(transferRoutes(parts));
  router.use(webhookRoutes(parts));
  router.use(ownAccountRoutes(parts));
  router.use(secondStepRoutes(parts));
  return router;
}

/** What takes an act of the journal back, by the act. */
function revertsOf({ catalog }: Pick<AppParts, 'catalog'>): Readonly<Record<string, Revert>> {
  const ofEpisode: Revert = (actor, entry) => revertEpisodeAct(catalog, actor, entry);
  return {
    ...Object.fromEntries(REVERTIBLE_EPISODE_ACTS.map((act) => [act, ofEpisode])),
    'series.update': (actor, entry) => revertSeriesAct(catalog, actor, entry),
  };
}

/** A folder has no page, and Express's redirect to it would carry another security policy than ours. */
const FILE_OPTIONS = { maxAge: '1d', fallthrough: false, redirect: false };

/** The name of a file carries a hash of its content, so that a browser never has to ask again. */
const ASSET_OPTIONS: expressStaticGzip.ExpressStaticGzipOptions = {
  enableBrotli: true,
  orderPreference: ['br', 'gz'],
  index: false,
  serveStatic: { immutable: true, maxAge: '365d', redirect: false },
};

function setHeaders(headers: ReadonlyMap<string, string>): RequestHandler {
  return (_request, response, next) => {
    for (const [name, value] of headers) response.setHeader(name, value);
    next();
  };
}
