import { type RequestHandler, Router } from 'express';
import { Registry } from 'prom-client';
import type { Metrics } from './metrics';

/** `GET /metrics`: figures for Prometheus. Nobody but operators should get to it: see docs/deployment.md. */
export function metricsRoutes(readMetrics: () => Promise<string>): Router {
  // By this one name only: a proxy that hides it has no other spelling to think of.
  const router = Router({ caseSensitive: true, strict: true });
  router.get('/metrics', async (_request, response) => {
    const text = await readMetrics();
    response
      .set('Cache-Control', 'no-store')
      .set('Content-Type', Registry.PROMETHEUS_CONTENT_TYPE)
      .send(text);
  });
  return router;
}

/** Tells how long each answer took. */
export function measureRequests(metrics: Metrics): RequestHandler {
  return (request, response, next) => {
    const startedMs = performance.now();
    const route = routeClass(request.path);
    response.once('finish', () => {
      metrics.requestAnswered(route, response.statusCode, (performance.now() - startedMs) / 1_000);
    });
    next();
  };
}

/** By the first part of the path; the rest are the site's pages. */
const ROUTE_CLASSES: ReadonlyMap<string, string> = new Map([
  ['admin', 'admin'],
  ['api', 'api'],
  ['art', 'asset'],
  ['assets', 'asset'],
  ['icons', 'asset'],
  ['media', 'asset'],
  ['healthz', 'ops'],
  ['metrics', 'ops'],
  ['readyz', 'ops'],
]);

/** A few words for all addresses: each label costs every scrape a histogram. */
function routeClass(path: string): string {
  return ROUTE_CLASSES.get(path.split('/', 2)[1] ?? '') ?? 'site';
}
