import { Router } from 'express';
import { posterSvg, stillSvg } from '../../catalog/artwork';
import { ART_PATH } from '../card-view';

/** Pictures that are drawn from a title. The address decides every byte, so they never have to be asked for again. */
export function artRoutes(): Router {
  const router = Router();

  router.get(new RegExp(`^${ART_PATH}/posters/([0-9a-f]{12})\\.svg$`), (request, response) => {
    response.set(ART_HEADERS).send(posterSvg(request.params[0] ?? ''));
  });
  router.get(
    new RegExp(`^${ART_PATH}/stills/([0-9a-f]{12})/((?:regular|special)-[0-9.]{1,8})\\.svg$`),
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
