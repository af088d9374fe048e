import { join } from 'node:path';
import compression from 'compression';
import express, { type Express, type RequestHandler } from 'express';
import expressStaticGzip from 'express-static-gzip';
import { refuseUnreadablePaths } from './http/addresses';
import { adminRoutes } from './http/admin/routes';
import { apiRoutes } from './http/api/routes';
import { trustedProxy } from './http/client-address';
import type { Dependencies } from './http/dependencies';
import { errorHandler, notFound } from './http/error-handler';
import { healthRoutes } from './http/ops/health';
import { measureRequests, metricsRoutes } from './http/ops/metrics-routes';
import { requestLog } from './http/request-log';
import { aboutRoutes } from './http/site/about';
import { latestRoutes } from './http/site/latest';
import { seriesRoutes } from './http/site/series';
import { watchRoutes } from './http/site/watch';
import { viewLocals } from './http/view-locals';
import { projectRoot } from './platform/project';
import { securityHeaders } from './platform/security-headers';

/** The whole site as a request handler: what a request passes, in order. */
export function createApp(dependencies: Dependencies): Express {
  const { config, log } = dependencies;
  const publicFolder = join(projectRoot(), 'public');
  const app = express();
  app.disable('x-powered-by');
  app.set('views', join(projectRoot(), 'views'));
  app.set('view engine', 'ejs');
  app.set('view cache', !config.reloadViews);
  app.set('query parser', 'simple');
  app.set('trust proxy', trustedProxy(config.trustProxy));
  Object.assign(app.locals, viewLocals(publicFolder, config.reloadViews));

  app.use(requestLog(log, dependencies.requestId));
  app.use(setHeaders(securityHeaders()));
  app.use(measureRequests(dependencies.metrics));
  app.use(refuseUnreadablePaths);
  app.use(healthRoutes(dependencies));
  app.use(metricsRoutes(dependencies.readMetrics));
  app.use('/assets', expressStaticGzip(join(publicFolder, 'assets'), ASSET_OPTIONS));
  app.use('/media', express.static(join(publicFolder, 'media'), FILE_OPTIONS));
  app.use('/icons', express.static(join(publicFolder, 'icons'), FILE_OPTIONS));
  app.get('/favicon.ico', (_request, response) => response.redirect(301, '/icons/favicon.svg'));
  // Ahead of compression: these pages are kept compressed.
  app.use(latestRoutes(dependencies));
  app.use(compression());
  app.use(seriesRoutes(dependencies));
  app.use(watchRoutes(dependencies));
  app.use(aboutRoutes());
  app.use('/api/v1', apiRoutes(dependencies));
  app.use('/admin', adminRoutes(dependencies));
  app.use(notFound);
  app.use(errorHandler(dependencies));
  return app;
}

/** A folder has no page; the redirect to it would carry a policy of its own instead of ours. */
const FILE_OPTIONS = { maxAge: '1d', fallthrough: false, redirect: false };

/** File names carry a hash of their content: a browser never has to ask again. */
const ASSET_OPTIONS: expressStaticGzip.ExpressStaticGzipOptions = {
  enableBrotli: true,
  orderPreference: ['br', 'gz'],
  index: false,
  serveStatic: { immutable: true, maxAge: '365d', fallthrough: false, redirect: false },
};

function setHeaders(headers: ReadonlyMap<string, string>): RequestHandler {
  return (_request, response, next) => {
    for (const [name, value] of headers) response.setHeader(name, value);
    next();
  };
}
