import { Router } from 'express';
import { posterSvg, stillSvg } from '../../catalog/artwork';

/** Pictures that are drawn from a title. The address decides every byte, so they never have to be asked for again. */
export function artRoutes(): Router {
  const router = Router();
  const KEY = '[0-9a-f]{12}';

  router.get(new RegExp(`^/art/posters/(${KEY})\\.svg$`), (request, response) => {
    response.set(ART_HEADERS).send(posterSvg(request.params[0] ?? ''));
  });
  router.get(
    new RegExp(`^/art/stills/(${KEY})/((?:regular|special)-[0-9.]{1,8})\\.svg$`),
    (request, response) => {
      response.set(ART_HEADERS).send(stillSvg(request.params[0] ?? '', request.params[1] ?? ''));
    },
  );
  return router;
}

const ART_HEADERS = {
  'Content-Type': 'image/svg+xml',
  'Cache-Control': 'public, max-age=31536000, immutable',
};
