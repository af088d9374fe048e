import type { ErrorRequestHandler } from 'express';
import type { Database } from '../../platform/database';
import { ClientError } from '../../web/error-handler';
import { findSlugAfter } from './public';

/** An hour: the slug may be given to another series one day. */
const KEPT_S = 3_600;

/**
 * Leads from whatever is not found under a slug that a series had before to the same thing under the one that it has now. Only
 * what is not found costs a look at the former slugs.
 */
export function redirectFormerSlugs({ db }: { readonly db: Database }): ErrorRequestHandler {
  return async (error: unknown, request, response, next) => {
    const isMissing = error instanceof ClientError && error.status === 404;
    const slug =
      isMissing && ['GET', 'HEAD'].includes(request.method) && typeof request.params.slug === 'string'
        ? await findSlugAfter(db, request.params.slug)
        : undefined;
    if (slug === undefined) return next(error);
    // The first two are nothing and `series`.
    const [, , , ...rest] = request.originalUrl.replace(/\?.*$/s, '').split('/');
    const query = request.originalUrl.includes('?') ? request.originalUrl.replace(/^[^?]*/, '') : '';
    response
      .set('Cache-Control', `public, max-age=${KEPT_S}`)
      .redirect(301, ['/series', slug, ...rest].join('/') + query);
  };
}
