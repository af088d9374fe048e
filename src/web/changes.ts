import { type RequestHandler, Router } from 'express';
import type { Changes, ChangesAnswer } from '../live/changes/changes';
import { parseCursor } from '../live/log/change';
import { changesPath } from '../live/state/changes-path';
import type { Topics } from '../live/topics';
import { wholeAnswer } from '../live/wire/stream-bytes';
import { acceptsGzip } from '../live/wire/stream-head';
import { ClientError } from './error-handler';

export type ChangesRouteOptions = {
  readonly changes: Changes;
  readonly topics: Topics;
  readonly onAnswered: (is: ChangesAnswer['is'] | 'refused') => void;
};

/** What quotes items is kept for a second: what is hidden meanwhile must be gone within three. */
const FOR_A_MOMENT = 'public, max-age=1, stale-while-revalidate=0';
const KEEPING: Readonly<Record<ChangesAnswer['is'], string>> = {
  // As long as the log keeps its rows.
  full: 'public, max-age=604800, immutable',
  tail: FOR_A_MOMENT,
  gone: FOR_A_MOMENT,
};
const RETRY_AFTER_S = '5';
const TURN = /^\d{1,9}$/;

/** `GET /changes/<epoch>.<seq>?topics=…`: what comes after this point, for any HTTP cache. docs/realtime.md */
export function changesRoutes({ changes, topics, onAnswered }: ChangesRouteOptions): Router {
  const router = Router({ caseSensitive: true, strict: true });

  const answer: RequestHandler<{ point: string }> = async (request, response) => {
    const { topics: asked, wait } = request.query;
    // Signed lists are for one session: nothing of them may be kept for others.
    const { names } = topics.choose(typeof asked === 'string' ? asked : undefined, []);
    if (names.length === 0) throw new ClientError(404, 'There are no such topics.');
    const turn = typeof wait === 'string' && TURN.test(wait) ? Number(wait) : undefined;
    const address = { point: request.params.point, topics: names, turn };
    const path = changesPath(address);
    if (request.originalUrl !== path && parseCursor(address.point))
      return response.set('Cache-Control', 'public, max-age=300').redirect(308, path);
    const found = await changes.answer(address);
    onAnswered(found?.is ?? 'refused');
    if (!found) {
      response.set({ 'Cache-Control': 'no-store', 'Retry-After': RETRY_AFTER_S });
      return response.status(503).type('text/plain').send('This node can’t say for the moment.\n');
    }
    const format = acceptsGzip(request.headers['accept-encoding']) ? 'gzip' : 'plain';
    const body = wholeAnswer(found.bytes, format);
    response.writeHead(found.is === 'gone' ? 410 : 200, {
      // Not that of a stream, which proxies are told not to keep.
      'Content-Type': 'text/plain; charset=utf-8',
      'Content-Length': body.length,
      'Cache-Control': KEEPING[found.is],
      Vary: 'Accept-Encoding',
      ...(format === 'gzip' && { 'Content-Encoding': 'gzip' }),
    });
    return response.end(body);
  };
  router.get('/changes/:point', answer);

  router.all('/changes/:point', (request, response) => {
    response.set('Allow', 'GET, HEAD');
    throw new ClientError(405, `${request.method} is not for this address. It takes GET and HEAD.`);
  });

  return router;
}
