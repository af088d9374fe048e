import { randomBytes } from 'node:crypto';
import { csrfSync } from 'csrf-sync';
import type { Request, RequestHandler, Response } from 'express';
import { Signature } from '../platform/signature';
import { cookieOf } from './cookies';
import { ClientError } from './error-handler';

const { csrfSynchronisedProtection, generateToken } = csrfSync({
  getTokenFromRequest: (request) => request.body?._csrf,
  errorConfig: { statusCode: 403, message: 'invalid csrf token' },
});

/** Refuses forms that another site sent, as far as browsers say where a request comes from (Sec-Fetch-Site, Origin). */
export const refuseOtherSites: RequestHandler = (request, _response, next) => {
  if (!isRead(request) && saysOwnSite(request) === false)
    throw new ClientError(403, 'This form was sent by another site.');
  next();
};

/**
 * Refuses forms without the token of the session. Whoever has not logged in has no session and gets no token: a session is
 * a row in the database, and anybody can ask for pages.
 */
export const requireSessionToken: RequestHandler = (request, response, next) => {
  const isAnonymous = request.session.adminId === undefined;
  if (isAnonymous) return next(isRead(request) ? undefined : tooOld());
  csrfSynchronisedProtection(request, response, (error?: unknown) => {
    if (error) return next(tooOld());
    response.locals.csrfToken = generateToken(request);
    next();
  });
};

const LOGIN_COOKIE = 'nipnime.login';

/**
 * Protects the form of those who have no session yet, without keeping anything: a token in the form has to fit a cookie. Only
 * for browsers that don't say where a form comes from; from the others a page may be sent that is days old.
 */
export class LoginForm {
  readonly #signature: Signature;

  constructor(secret: string) {
    this.#signature = new Signature(secret, 'login form');
  }

  /** The token for the page; its cookie is set where the browser has none. */
  tokenFor(request: Request, response: Response): string {
    const known = cookieOf(request, LOGIN_COOKIE);
    const nonce =
      known !== undefined && /^[\w-]{24}$/.test(known) ? known : randomBytes(18).toString('base64url');
    if (nonce !== known)
      response.cookie(LOGIN_COOKIE, nonce, {
        httpOnly: true,
        sameSite: 'lax',
        secure: request.secure,
        path: '/admin/login',
      });
    return this.#signature.of(nonce);
  }

  /** @throws {ClientError} for a form that may be of another site */
  check(request: Request): void {
    if (saysOwnSite(request)) return;
    const token: unknown = request.body?._csrf;
    const nonce = cookieOf(request, LOGIN_COOKIE);
    if (nonce === undefined || typeof token !== 'string' || !this.#signature.isOf(token, nonce))
      throw tooOld();
  }
}

function isRead({ method }: Request): boolean {
  return method === 'GET' || method === 'HEAD';
}

/** Undefined when the browser doesn't say. */
function saysOwnSite(request: Request): boolean | undefined {
  const site = request.get('Sec-Fetch-Site');
  if (site !== undefined) return site === 'same-origin';
  const origin = request.get('Origin');
  return origin === undefined ? undefined : isOwnOrigin(origin, request.get('Host'));
}

function isOwnOrigin(origin: string, host: string | undefined): boolean {
  return URL.canParse(origin) && new URL(origin).host === host;
}

function tooOld(): ClientError {
  return new ClientError(403, 'The form is too old. Go back, load the page again, and send it once more.');
}
