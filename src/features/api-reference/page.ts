import { Router } from 'express';
import type { FindLanguage } from '../../web/language';
import { pageLocals } from '../../web/page-locals';
import { parseParameters } from '../../web/parameters';
import type { FindOrigin } from '../../web/site-origin';
import { wordsIn } from '../../web/words';
import { SCOPE_LABELS, SCOPES } from '../accounts/public';
import { referenceOf } from './reference';

/** The description of the API, for programs and for people. Neither needs a token: they say how to come by one. */
export function referenceRoutes({
  description,
  findOrigin,
  findLanguage,
}: {
  /** In the words of OpenAPI. */
  readonly description: Readonly<Record<string, unknown>>;
  readonly findOrigin: FindOrigin;
  readonly findLanguage: FindLanguage;
}): Router {
  const router = Router();

  router.get('/openapi.json', (request, response) => {
    parseParameters(request, {});
    response.set('Cache-Control', 'no-cache').json(description);
  });

  router.get('/', (request, response) => {
    parseParameters(request, {});
    const api = `${findOrigin(request).origin}/api/v1`;
    response.set('Cache-Control', 'no-cache').vary('Accept-Language').vary('Cookie');
    response.render('api-reference/page', {
      // The links around it are in the reader's language; what it says is English, as the API is.
      ...pageLocals(wordsIn(findLanguage(request)), '/api/v1/'),
      title: 'The API',
      reference: referenceOf(description, api),
      scopes: SCOPES.map((scope) => ({ scope, label: SCOPE_LABELS[scope] })),
    });
  });

  return router;
}
