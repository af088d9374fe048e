import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { type TrustProxy, trustedProxy } from './client-address';

const UUID = /^[0-9a-f]{8}(-?)[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{12}$/i;

/**
 * Returns a function that finds the id of a request: the one under which a trusted proxy has it in its own log, else a new
 * one. Anybody but such a proxy could write into our log with an id.
 */
export function createRequestId(
  trustProxy: TrustProxy,
): (request: Pick<IncomingMessage, 'headers' | 'socket'>) => string {
  const isTrusted = trustedProxy(trustProxy);
  return ({ headers, socket }) => {
    const id = headers['x-request-id'];
    // A proxy says for whom it asks; whatever else is on a trusted network makes requests of its own.
    const isFromProxy = headers['x-forwarded-for'] !== undefined && isTrusted(socket.remoteAddress ?? '', 0);
    return isFromProxy && typeof id === 'string' && UUID.test(id) ? id : randomUUID();
  };
}
