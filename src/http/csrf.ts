import { csrfSync } from 'csrf-sync';
import type { RequestHandler } from 'express';
import { ClientError } from './error-handler';

const { csrfSynchronisedProtection, generateToken } = csrfSync({
  getTokenFromRequest: (request) => request.body?._csrf,
  errorConfig: { statusCode: 403, message: 'invalid csrf token' },
});

/**
 * Refuses forms that another site sent. Browsers say where a request comes from (Sec-Fetch-Site, Origin), which
 * needs no state; the token of the session is for the ones that don't.
 */
export const csrf: readonly RequestHandler[] = [
  (request, _response, next) => {
    if (request.method === 'GET' || request.method === 'HEAD') return next();
    const site = request.get('Sec-Fetch-Site');
    if (site !== undefined && site !== 'same-origin') throw crossSite();
    const origin = request.get('Origin');
    if (site === undefined && origin !== undefined && !isOwnOrigin(origin, request.get('Host')))
      throw crossSite();
    next();
  },
  (request, response, next) => {
    csrfSynchronisedProtection(request, response, (error?: unknown) => {
      if (error)
        return next(
          new ClientError(403, 'The form is too old. Go back, load the page again, and send it once more.'),
        );
      response.locals.csrfToken = generateToken(request);
      next();
    });
  },
];

function isOwnOrigin(origin: string, host: string | undefined): boolean {
  return URL.canParse(origin) && new URL(origin).host === host;
}

function crossSite(): ClientError {
  return new ClientError(403, 'This form was sent by another site.');
}
