import { Router } from 'express';
import type { Database } from '../platform/database';

/** `GET /healthz`: the process answers. `GET /readyz`: it can serve pages and streams. */
export function healthRoutes({
  db,
  isDraining,
  isFeedReady,
}: {
  readonly db: Database;
  /** No new visitors should be sent here any more. */
  readonly isDraining: () => boolean;
  /** Whether this node knows of all changes but those of the last seconds. */
  readonly isFeedReady: () => boolean;
}): Router {
  const router = Router();
  router.get('/healthz', (_request, response) => {
    response.set('Cache-Control', 'no-store').type('text').send('ok\n');
  });
  router.get('/readyz', async (_request, response) => {
    response.set('Cache-Control', 'no-store').type('text');
    if (isDraining()) return response.status(503).send('draining\n');
    if (!isFeedReady()) return response.status(503).send('the head of the changes can not be read\n');
    try {
      await db.raw('select 1');
      return response.send('ready\n');
    } catch {
      return response.status(503).send('the database does not answer\n');
    }
  });
  return router;
}
