import { Router } from 'express';
import type { FindLanguage } from '../../web/language';
import { wordsIn } from '../../web/words';
import { siteMeta } from '../metadata/public';

/** What this site is, and whose work it shows. */
export function aboutRoutes({ findLanguage }: { readonly findLanguage: FindLanguage }): Router {
  const router = Router();
  router.get('/about', (request, response) => {
    const words = wordsIn(findLanguage(request));
    const meta = siteMeta(words, '/about', words.t('about.description'));
    response.render('about/page', { title: words.t('about.name'), meta });
  });
  return router;
}
