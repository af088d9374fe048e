import { Router } from 'express';
import type { Dependencies } from '../dependencies';

/** `GET /healthz`: the process answers. `GET /readyz`: it can serve pages and streams. */
export function healthRoutes({ catalog, isDraining, isFeedReady }: Dependencies): Router {
  const router = Router();
  router.get('/healthz', (_request, response) => {
    response.set('Cache-Control', 'no-store').type('text').send('ok\n');
  });
  router.get('/readyz', async (_request, response) => {
    response.set('Cache-Control', 'no-store').type('text');
    if (isDraining()) return response.status(503).send('draining\n');
    if (!isFeedReady()) return response.status(503).send('the head of the changes can not be read\n');
    try {
      await catalog.db.raw('select 1');
      return response.send('ready\n');
    } catch {
      return response.status(503).send('the database does not answer\n');
    }
  });
  return router;
}
