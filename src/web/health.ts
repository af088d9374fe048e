import { Router } from 'express';
import type { Database } from '../platform/database';

/** What says whether requests should come to this node. */
export type Readiness = {
  readonly db: Database;
  /** No new visitors should be sent here any more. */
  readonly isDraining: () => boolean;
  /** Whether this node knows of all changes but those of the last seconds. */
  readonly isFeedReady: () => boolean;
};

type HealthNeeds = {
  readonly readiness: Readiness;
  /** What is worse than it should be while the site is served all the same: a sentence each. */
  readonly findTroubles: () => readonly string[];
};

/** `GET /healthz`: the process answers. `GET /readyz`: it can serve pages and streams, and what it has to do without. */
export function healthRoutes({ readiness, findTroubles }: HealthNeeds): Router {
  const router = Router();
  router.get('/healthz', (_request, response) => {
    response.set('Cache-Control', 'no-store').type('text').send('ok\n');
  });
  router.get('/readyz', async (_request, response) => {
    response.set('Cache-Control', 'no-store').type('text');
    const unready = await whyUnready(readiness);
    if (unready) return response.status(503).send(`${unready}\n`);
    const troubles = findTroubles();
    const lines = [troubles.length === 0 ? 'ready' : 'degraded', ...troubles];
    return response.send(lines.map((line) => `${line}\n`).join(''));
  });
  return router;
}

/** Why no requests should come here; undefined where they should. */
export async function whyUnready({ db, isDraining, isFeedReady }: Readiness): Promise<string | undefined> {
  if (isDraining()) return 'draining';
  if (!isFeedReady()) return 'the head of the changes can not be read';
  try {
    await db.raw('select 1');
    return undefined;
  } catch {
    return 'the database does not answer';
  }
}
