import express, { type RequestHandler, Router } from 'express';
import { refuseOtherSites, requireSessionToken } from '../csrf';
import type { Dependencies } from '../dependencies';
import { requireAdmin, sessions } from '../sessions';
import { episodeRoutes } from './episodes';
import { loginRoutes } from './login';
import { seriesRoutes } from './series';

/** The back office: forms → parse → repository → 303. */
export function adminRoutes(dependencies: Dependencies): Router {
  const router = Router();
  router.use(sessions(dependencies), express.urlencoded({ extended: true, limit: '256kb' }));
  router.use(refuseOtherSites);
  router.use(loginRoutes(dependencies));
  router.use(requireSessionToken, notice, requireAdmin(dependencies));
  router.get('/', (_request, response) => response.redirect(303, '/admin/episodes'));
  router.use(seriesRoutes(dependencies));
  router.use(episodeRoutes(dependencies));
  return router;
}

/** What the action before the redirect had to say; shown once. */
const notice: RequestHandler = (request, response, next) => {
  if (request.method === 'GET') {
    response.locals.notice = request.session.notice;
    delete request.session.notice;
  }
  next();
};
