import { type RequestHandler, Router } from 'express';
import { ClientError } from './error-handler';
import { type FindLanguage, LANGUAGE_COOKIE, type Language, languagesOf } from './language';
import { pageLocals } from './page-locals';
import { wordsIn } from './words';

const YEAR_MS = 365 * 24 * 3_600_000;
/** What no host can be: only a path of the site leads nowhere else from there. */
const NOWHERE = 'http://site.invalid';

/** `/language?to=ja&back=/series`: where the switch of each page leads. It works without a script, and goes back to the page. */
export function languageSwitch(hasPseudo: boolean): Router {
  const router = Router();
  const known: readonly Language[] = languagesOf(hasPseudo);
  router.get('/language', ({ query, secure }, response) => {
    const language = known.find((each) => each === query.to);
    if (!language) throw new ClientError(400, `The language is one of ${known.join(', ')}.`);
    response
      .cookie(LANGUAGE_COOKIE, language, { maxAge: YEAR_MS, httpOnly: true, sameSite: 'lax', secure })
      .set('Cache-Control', 'no-store')
      .redirect(303, ownPath(query.back));
  });
  return router;
}

/** Gives the pages that are rendered for one request their words, and says what they depend on. */
export function tellWords(findLanguage: FindLanguage): RequestHandler {
  return (request, response, next) => {
    response.vary('Accept-Language').vary('Cookie');
    Object.assign(response.locals, pageLocals(wordsIn(findLanguage(request)), request.originalUrl));
    next();
  };
}

/** The path as it stands, if it leads to a page of this site; else the first page. */
function ownPath(back: unknown): string {
  const path = typeof back === 'string' ? back : '';
  if (!path.startsWith('/') || !URL.canParse(path, NOWHERE)) return '/';
  const { origin, pathname, search } = new URL(path, NOWHERE);
  return origin === NOWHERE ? `${pathname}${search}` : '/';
}
