import type { RequestHandler, Response } from 'express';
import { describeRefusedToken, findTokenBearer } from '../../accounts/api-tokens';
import { RefusalJournal } from '../../accounts/refusal-journal';
import type { Actor } from '../../changes/actor';
import { addressKey } from '../../platform/address';
import type { Dependencies } from '../dependencies';
import { ClientError } from '../error-handler';

const BEARER = /^Bearer ([A-Za-z0-9._~+/-]{1,200}=*)$/i;
/** A script with an old token tries on and on. */
const REFUSALS = { perMinute: 60, perMinuteAndAddress: 10 };

/** Lets requests with a valid token through (RFC 6750). */
export function requireToken({ catalog, clientAddress, log }: Dependencies): RequestHandler {
  const refusals = new RefusalJournal(catalog.db, log, REFUSALS);
  return async (request, response, next) => {
    const authorization = request.get('Authorization');
    const [, token] = BEARER.exec(authorization ?? '') ?? [];
    const bearer = token && (await findTokenBearer(catalog.db, token));
    if (bearer) {
      response.locals.bearer = bearer;
      return next();
    }
    // Who sends none has not read how it goes; nothing was refused that could be a token.
    if (authorization !== undefined) {
      const address = clientAddress(request);
      await refusals.record(addressKey(address), () => describeRefusedToken(catalog.db, token, address));
    }
    throw new ClientError(
      401,
      token
        ? 'The token is not known, or was revoked.'
        : 'A token is required: send "Authorization: Bearer <token>".',
    );
  };
}

/** Who sends the request, for the audit log. Only behind `requireToken`. */
export function bearerOf(response: Response): Actor {
  const bearer: Actor | undefined = response.locals.bearer;
  if (!bearer) throw new Error('bearerOf() was called on a request without a token.');
  return bearer;
}
