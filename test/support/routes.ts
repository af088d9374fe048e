import type { Router } from 'express';

/** `get /series` and so on: the routes of a router and of those within it. */
export function routesIn(stack: Router['stack']): string[] {
  return stack.flatMap(({ route, handle }) => {
    // A route with several addresses is one for each.
    if (route)
      return route.stack.flatMap(({ method }) => [route.path].flat().map((path) => `${method} ${path}`));
    return 'stack' in handle ? routesIn((handle as Router).stack) : [];
  });
}
