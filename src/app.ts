import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import compression from 'compression';
import express, { type Express, type Request, type Response } from 'express';
import expressStaticGzip from 'express-static-gzip';
import helmet from 'helmet';
import { pinoHttp } from 'pino-http';
import { adminRoutes } from './http/admin/routes';
import { apiRoutes } from './http/api/routes';
import { trustedProxy } from './http/client-address';
import type { Dependencies } from './http/dependencies';
import { errorHandler, notFound } from './http/error-handler';
import { healthRoutes } from './http/ops/health';
import { aboutRoutes } from './http/site/about';
import { artRoutes } from './http/site/art';
import { latestRoutes } from './http/site/latest';
import { seriesRoutes } from './http/site/series';
import { watchRoutes } from './http/site/watch';
import { viewLocals } from './http/view-locals';
import { projectRoot } from './platform/project';

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

  app.use(
    pinoHttp<Request, Response>({
      logger: log,
      genReqId: (request, response) => {
        const id = idFromProxy(request) ?? randomUUID();
        response.setHeader('X-Request-Id', id);
        return id;
      },
      customLogLevel: (_request, response, error) =>
        error || response.statusCode >= 500 ? 'error' : 'debug',
    }),
  );
  app.use(securityHeaders());
  app.use(healthRoutes(dependencies));
  app.use('/assets', expressStaticGzip(join(publicFolder, 'assets'), ASSET_OPTIONS));
  app.use('/media', express.static(join(publicFolder, 'media'), { maxAge: '1d', fallthrough: false }));
  app.use('/icons', express.static(join(publicFolder, 'icons'), { maxAge: '1d', fallthrough: false }));
  app.get('/favicon.ico', (_request, response) => response.redirect(301, '/icons/favicon.svg'));
  app.use(compression());
  app.use(artRoutes());
  app.use(latestRoutes(dependencies));
  app.use(seriesRoutes(dependencies));
  app.use(watchRoutes(dependencies));
  app.use(aboutRoutes());
  app.use('/api/v1', apiRoutes(dependencies));
  app.use('/admin', adminRoutes(dependencies));
  app.use(notFound);
  app.use(errorHandler(log));
  return app;
}

/** The id under which a trusted proxy has this request in its own log; anybody else could write into ours with one. */
function idFromProxy(request: Request): string | undefined {
  // Empty unless a proxy that is trusted said for whom it asks.
  if (request.ips.length === 0) return undefined;
  const id = request.get('X-Request-Id');
  return id && /^[0-9a-f]{8}(-?)[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{12}$/i.test(id)
    ? id
    : undefined;
}

/** File names carry a hash of their content: a browser never has to ask again. */
const ASSET_OPTIONS: expressStaticGzip.ExpressStaticGzipOptions = {
  enableBrotli: true,
  orderPreference: ['br', 'gz'],
  index: false,
  serveStatic: { immutable: true, maxAge: '365d', fallthrough: false },
};

/** Videos and embedded players come from wherever an admin says, over https or from this machine. */
const VIDEO_SOURCES = ['https:', 'http://localhost:*', 'http://127.0.0.1:*'];

function securityHeaders() {
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        baseUri: ["'none'"],
        connectSrc: ["'self'", ...VIDEO_SOURCES],
        fontSrc: ["'self'"],
        formAction: ["'self'"],
        frameAncestors: ["'self'"],
        frameSrc: ["'self'", ...VIDEO_SOURCES],
        imgSrc: ["'self'", 'https:', 'data:'],
        mediaSrc: ["'self'", 'blob:', ...VIDEO_SOURCES],
        objectSrc: ["'none'"],
        scriptSrc: ["'self'"],
        scriptSrcAttr: ["'none'"],
        styleSrc: ["'self'"],
        workerSrc: ["'self'", 'blob:'],
      },
    },
    // Embedded players may need to know which site they are on.
    referrerPolicy: { policy: 'strict-origin-when-cross-origin' },
    crossOriginEmbedderPolicy: false,
  });
}
