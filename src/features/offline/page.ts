import { type Request, type RequestHandler, Router } from 'express';
import type { FindLanguage } from '../../web/language';
import { pageLocals } from '../../web/page-locals';
import { wordsIn } from '../../web/words';
import { REMOVING_SCRIPT, workerScript } from './worker-script';

const PATH = '/offline';

type Offline = {
  /** False: browsers that have the worker lose it. */
  readonly isOn: boolean;
  /** Address of a built file. */
  readonly asset: (name: string) => string;
  readonly findLanguage: FindLanguage;
};

/** The page that a browser shows where it can't reach the site, and the worker that shows it. */
export function offlineRoutes({ isOn, asset, findLanguage }: Offline): Router {
  const router = Router();

  const viewFor = (request: Request) => {
    const words = wordsIn(findLanguage(request));
    return { ...pageLocals(words, PATH), title: words.t('offline.name') };
  };

  router.get(PATH, (request, response) => {
    response
      .set({ 'Cache-Control': 'no-cache', 'X-Robots-Tag': 'noindex' })
      .render('offline/page', viewFor(request));
  });

  const sendScript: RequestHandler = (request, response) => {
    const files = [PATH, asset('site.css'), asset('inter.woff2'), '/icons/favicon.svg', '/icons/sprite.svg'];
    request.app.render('offline/page', viewFor(request), (error: Error | null, html?: string) => {
      if (error || html === undefined) throw error ?? new Error('The offline page is empty.');
      // Asked for again with each visit: another page is another worker.
      response
        .set('Cache-Control', 'no-cache')
        .type('text/javascript')
        .send(isOn ? workerScript(files, html) : REMOVING_SCRIPT);
    });
  };
  router.get('/service-worker.js', sendScript);

  return router;
}
