import { Router } from 'express';
import { ClientError } from '../../web/error-handler';
import type { Previews } from './previews';
import { ART_PATH, parseArtKey, parseArtTake } from './public';

/** Seconds after which whoever was sent away may ask again. */
const RETRY_AFTER_S = '10';

/** `/art/1/previews/<key>.png` and `/art/1/previews/<key>/regular-12.5.png`: what other sites show beside a link to a page. */
export function previewRoutes(previews: Previews): Router {
  const router = Router({ caseSensitive: true, strict: true });

  router.get(
    [`${ART_PATH}/previews/:key.png`, `${ART_PATH}/previews/:key/:take.png`],
    async (request, response) => {
      const key = parseArtKey(String(request.params.key));
      const given = 'take' in request.params ? String(request.params.take) : undefined;
      const take = given === undefined ? undefined : parseArtTake(given);
      if (!key || (given !== undefined && !take))
        throw new ClientError(404, 'There is no picture at this address.');
      const png = await previews.get(key, take);
      if (!png) {
        response.status(503).set({ 'Retry-After': RETRY_AFTER_S, 'Cache-Control': 'no-store' });
        return response.type('text').send('Too many pictures are being drawn at the moment.\n');
      }
      response.set({
        'Cache-Control': 'public, max-age=31536000, immutable',
        // It is made for the pages of others.
        'Cross-Origin-Resource-Policy': 'cross-origin',
      });
      return response.type('png').send(png);
    },
  );

  return router;
}
