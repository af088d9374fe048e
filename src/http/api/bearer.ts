import type { RequestHandler, Response } from 'express';
import { findTokenBearer } from '../../accounts/api-tokens';
import type { Actor } from '../../changes/actor';
import type { Dependencies } from '../dependencies';
import { ClientError } from '../error-handler';

const BEARER = /^Bearer ([A-Za-z0-9._~+/-]{1,200}=*)$/i;

/** Lets requests with a valid token through (RFC 6750). */
export function requireToken({ catalog }: Dependencies): RequestHandler {
  return async (request, response, next) => {
    const [, token] = BEARER.exec(request.get('Authorization') ?? '') ?? [];
    if (!token) throw new ClientError(401, 'A token is required: send "Authorization: Bearer <token>".');
    const bearer = await findTokenBearer(catalog.db, token);
    if (!bearer) throw new ClientError(401, 'The token is not known, or was revoked.');
    response.locals.bearer = bearer;
    next();
  };
}

/** Who sends the request, for the audit log. Only behind `requireToken`. */
export function bearerOf(response: Response): Actor {
  const bearer: Actor | undefined = response.locals.bearer;
  if (!bearer) throw new Error('bearerOf() was called on a request without a token.');
  return bearer;
}
