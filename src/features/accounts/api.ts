import { type Request, type RequestHandler, type Response, Router } from 'express';
import { addressKey } from '../../platform/address';
import type { Database } from '../../platform/database';
import type { Logger } from '../../platform/log';
import { ClientError, notFound } from '../../web/error-handler';
import { describeRefusedToken, findTokenBearer } from './api-tokens';
import { bearerOf } from './public';
import type { RequestLimit } from './rate-limits';
import { RefusalJournal } from './refusal-journal';
import type { RouteScopes } from './scopes';

const BEARER = /^Bearer ([A-Za-z0-9._~+/-]{1,200}=*)$/i;
/** A script with an old token tries on and on. */
const REFUSALS = { perMinute: 60, perMinuteAndAddress: 10 };

/** Lets requests with a valid token through (RFC 6750). */
export function requireToken({
  db,
  clientAddress,
  log,
}: {
  readonly db: Database;
  readonly clientAddress: (request: Request) => string;
  readonly log: Logger;
}): RequestHandler {
  const refusals = new RefusalJournal(db, log, REFUSALS);
  return async (request, response, next) => {
    const authorization = request.get('Authorization');
    const [, token] = BEARER.exec(authorization ?? '') ?? [];
    const address = clientAddress(request);
    const bearer = token && (await findTokenBearer(db, token, address));
    if (bearer) {
      response.locals.bearer = bearer.actor;
      response.locals.bearerScopes = bearer.scopes;
      return next();
    }
    // Who sends none has not read how it goes; nothing was refused that could be a token.
    if (authorization !== undefined) {
      await refusals.record(addressKey(address), () => describeRefusedToken(db, token, address));
    }
    throw new ClientError(
      401,
      token
        ? 'The token is not known, was revoked, or its time is over.'
        : 'A token is required: send "Authorization: Bearer <token>".',
    );
  };
}

/**
 * Counts the requests of each token and says what is left to it. Only behind `requireToken`.
 * https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/
 */
export function limitRequests(limit: RequestLimit): RequestHandler {
  return async (_request, response, next) => {
    const { isRefused, remaining, resetSeconds } = await limit.count(bearerOf(response).id ?? '');
    response.set('RateLimit-Policy', `"token";q=${limit.perMinute};w=60`);
    response.set('RateLimit', `"token";r=${remaining};t=${resetSeconds}`);
    if (!isRefused) return next();
    response.set('Retry-After', String(resetSeconds));
    throw new ClientError(
      429,
      `A token has ${limit.perMinute} requests a minute. Go on in ${resetSeconds} s.`,
    );
  };
}

/**
 * Lets through what the token of the request is allowed (RFC 6750, 3.1). It matches addresses as the routers behind it do, by the same
 * patterns; what no pattern matches is not there, and a method that none of them has is told which they have. Only behind `requireToken`.
 */
export function guardScopes(routes: RouteScopes): Router {
  const router = Router();
  const known = new WeakSet<Response>();
  for (const [route, scope] of Object.entries(routes)) {
    const [method = '', path = ''] = route.split(' ');
    if (!isMethod(method)) throw new Error(`${route}: the API has no such method.`);
    router[method](path, (_request, response, next) => {
      const { bearerScopes } = response.locals;
      if (!Array.isArray(bearerScopes) || !bearerScopes.includes(scope)) {
        response.set('WWW-Authenticate', `Bearer error="insufficient_scope", scope="${scope}"`);
        throw new ClientError(403, `The token lacks the scope ${scope}.`);
      }
      known.add(response);
      next();
    });
  }
  const methodsOf = new WeakMap<Response, Set<string>>();
  for (const [path, methods] of methodsByPath(routes)) {
    router.all(path, (_request, response, next) => {
      methodsOf.set(response, new Set([...(methodsOf.get(response) ?? []), ...methods]));
      next();
    });
  }
  router.use((request, response, next) => {
    if (known.has(response)) return next();
    const methods = methodsOf.get(response);
    if (!methods) return notFound(request, response, next);
    const allowed = [...methods, 'OPTIONS'].join(', ');
    response.set('Allow', allowed);
    if (request.method !== 'OPTIONS')
      throw new ClientError(405, `${request.method} is not for this address. It takes ${allowed}.`);
    response.status(204).end();
  });
  return router;
}

/** What each pattern takes, as the header Allow has it. */
function methodsByPath(routes: RouteScopes): ReadonlyMap<string, readonly string[]> {
  const methods = new Map<string, readonly string[]>();
  for (const route of Object.keys(routes)) {
    const [method = '', path = ''] = route.split(' ');
    const named = method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()];
    methods.set(path, [...(methods.get(path) ?? []), ...named]);
  }
  return methods;
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

function isMethod(text: string): text is (typeof METHODS)[number] {
  return METHODS.some((method) => method === text);
}
