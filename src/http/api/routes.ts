import express, { type RequestHandler, Router } from 'express';
import type { Dependencies } from '../dependencies';
import { ClientError } from '../error-handler';
import { requireToken } from './bearer';
import { episodeRoutes } from './episodes';
import { seriesRoutes } from './series';

/** The JSON API for scripts, version 1. Documented in docs/api.md. */
export function apiRoutes(dependencies: Dependencies): Router {
  const router = Router();
  router.use(noStore, requireToken(dependencies), requireJson, express.json({ limit: '256kb' }));
  router.use(seriesRoutes(dependencies));
  router.use(episodeRoutes(dependencies));
  return router;
}

const noStore: RequestHandler = (_request, response, next) => {
  response.set('Cache-Control', 'no-store');
  next();
};

const requireJson: RequestHandler = (request, _response, next) => {
  if (['POST', 'PATCH', 'PUT'].includes(request.method) && !request.is('application/json')) {
    throw new ClientError(415, 'The body must be JSON: send "Content-Type: application/json".');
  }
  next();
};
