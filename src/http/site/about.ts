import { Router } from 'express';

/** What this site is, and whose work it shows. */
export function aboutRoutes(): Router {
  const router = Router();
  router.get('/about', (_request, response) => response.render('pages/about', { title: 'About' }));
  return router;
}
