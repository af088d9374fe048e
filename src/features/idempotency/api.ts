import { createHash } from 'node:crypto';
import type { Request, RequestHandler, Response } from 'express';
import type { Database } from '../../platform/database';
import { logFailure } from '../../platform/database-errors';
import type { Logger } from '../../platform/log';
import { ClientError } from '../../web/error-handler';
import { bearerOf } from '../accounts/public';
import { claimKey, type KeptAnswer, type KeyOfToken, keepAnswer, releaseKey } from './repository';

const KEY = /^[\x21-\x7e]{1,255}$/;
/** What an answer says besides its body. */
const HEADERS = ['Content-Type', 'ETag', 'Location'] as const;

/**
 * Does a POST with an Idempotency-Key once: sent again, it gets the answer that it got, for a day. Only where it was done: what was
 * refused has changed nothing and is looked at anew. Behind `requireToken` and what reads the body.
 * https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
 */
export function answerOnce({ db, log }: { readonly db: Database; readonly log: Logger }): RequestHandler {
  return async (request, response, next) => {
    const given = request.get('Idempotency-Key');
    if (request.method !== 'POST' || given === undefined) return next();
    const name = { tokenId: bearerOf(response).id ?? '', key: parseKey(given) };
    const claim = await claimKey(db, name, hashOf(request));
    switch (claim.outcome) {
      case 'claimed':
        keepWhatIsSent(response, name);
        return next();
      case 'answered':
        return sendAgain(response, claim.answer);
      case 'under-way':
        response.set('Retry-After', '1');
        throw new ClientError(409, 'A request with this Idempotency-Key is being done. Send it again later.');
      case 'other-request':
        throw new ClientError(422, 'This Idempotency-Key was used for another request. Choose a new one.');
      default:
        return claim satisfies never;
    }
  };

  /** The answer is kept before it is sent: whoever has seen it gets it again. */
  function keepWhatIsSent(response: Response, name: KeyOfToken): void {
    const send = response.send.bind(response);
    response.send = (body: unknown) => {
      response.send = send;
      const isDone = response.statusCode < 300 && typeof body === 'string';
      const settled = isDone ? keepAnswer(db, name, answerOf(response, body)) : releaseKey(db, name);
      // What was done is answered all the same; the key is free again after a minute.
      void settled
        .catch((error: unknown) => logFailure(log, error, 'An answer to be given again was not kept'))
        .then(() => send(body));
      return response;
    };
  }
}

function answerOf(response: Response, body: string): KeptAnswer {
  const headers = HEADERS.flatMap((name) => {
    const value = response.get(name);
    return value === undefined ? [] : [[name, value]];
  });
  return { status: response.statusCode, headers: Object.fromEntries(headers), body };
}

function sendAgain(response: Response, { status, headers, body }: KeptAnswer): void {
  response.status(status).set(headers).set('Idempotency-Replayed', 'true').send(body);
}

/** The draft has it in quotes, and many send it without. @throws {ClientError} 400 */
function parseKey(given: string): string {
  const key = /^"(.*)"$/.exec(given.trim())?.[1] ?? given.trim();
  if (KEY.test(key)) return key;
  throw new ClientError(400, 'Idempotency-Key must have 1 to 255 characters of ASCII, such as a UUID.');
}

function hashOf({ method, baseUrl, path, body }: Request): Buffer {
  const said = JSON.stringify([method, `${baseUrl}${path}`, body ?? null]);
  return createHash('sha256').update(said).digest();
}
