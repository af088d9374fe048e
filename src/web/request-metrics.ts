import type { RequestHandler } from 'express';

/** @param route class of the route, such as `page`: never an address, of which there are too many */
type OnAnswer = (route: string, status: number, seconds: number) => void;

/** Reports how long each answer took. */
export function measureRequests(onAnswer: OnAnswer): RequestHandler {
  return (request, response, next) => {
    const startedMs = performance.now();
    const route = routeClass(request.path);
    response.once('finish', () => {
      onAnswer(route, response.statusCode, (performance.now() - startedMs) / 1_000);
    });
    next();
  };
}

/** Classes by the first part of the path. Everything else is a page. */
const ROUTE_CLASSES: ReadonlyMap<string, string> = new Map([
  ['admin', 'admin'],
  ['api', 'api'],
  ['art', 'asset'],
  ['assets', 'asset'],
  ['icons', 'asset'],
  ['media', 'asset'],
  ['healthz', 'ops'],
  ['readyz', 'ops'],
]);

/** Returns one of a few words for all addresses: each label costs every scrape a histogram. */
function routeClass(path: string): string {
  return ROUTE_CLASSES.get(path.split('/', 2)[1] ?? '') ?? 'page';
}
