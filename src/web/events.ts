import { json, type Request, type RequestHandler, Router } from 'express';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { z } from 'zod';
import type { StreamListener } from '../live/hub/stream-listener';
import type { Logger } from '../platform/log';

/** A page whose list is not what the heartbeat says it should be. */
const divergenceSchema = z.object({
  topic: z.string().max(64),
  head: z.string().max(64),
  expected: z.string().max(64),
  shown: z.string().max(64),
});

/** Pages of one address that are counted in a minute, and of all: whoever makes reports up must not fill the log. */
const MAX_REPORTS = 5;
const MAX_ALL_REPORTS = 60;
const MINUTE_S = 60;

export type EventsOptions = {
  readonly streams: StreamListener;
  readonly log: Logger;
  readonly clientAddress: (request: Request) => string;
  /** A page has told that it was not right. */
  readonly onDivergence: () => void;
};

/**
 * `GET /events`, for what the listener ahead of HTTP has left: a stream is answered on its socket, and not by this response.
 * `POST /events/divergence`: where a page tells that it was not right, and has read its list again.
 */
export function eventsRoutes({ streams, log, clientAddress, onDivergence }: EventsOptions): Router {
  const router = Router({ caseSensitive: true, strict: true });
  const perAddress = new RateLimiterMemory({ points: MAX_REPORTS, duration: MINUTE_S });
  const all = new RateLimiterMemory({ points: MAX_ALL_REPORTS, duration: MINUTE_S });

  const answerStream: RequestHandler = (request, response) => streams.answer(request, response);
  router.all('/events', answerStream);

  router.post('/events/divergence', json({ limit: '1kb' }), async (request, response) => {
    const { data: divergence } = divergenceSchema.safeParse(request.body);
    if (!divergence) return response.status(400).end();
    try {
      await perAddress.consume(clientAddress(request));
      await all.consume('all');
    } catch {
      return response.status(429).end();
    }
    onDivergence();
    log.warn(divergence, 'A page showed something else than its list');
    return response.status(204).end();
  });

  return router;
}
