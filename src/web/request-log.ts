import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Request, RequestHandler, Response } from 'express';
import { pinoHttp } from 'pino-http';
import type { StreamRequest } from '../live/wire/stream-head';
import { errorForLog } from '../platform/error-for-log';
import type { Logger } from '../platform/log';

/**
 * Gives each request its id and its log. The log gets who asked for what, but neither the query of the address nor
 * headers, since searches, addresses and secrets are in them.
 */
export function requestLog(log: Logger, requestId: (request: IncomingMessage) => string): RequestHandler {
  return pinoHttp<Request, Response>({
    logger: log,
    genReqId: (request, response) => {
      const id = requestId(request);
      response.setHeader('X-Request-Id', id);
      return id;
    },
    // The error handler logs what fails.
    customLogLevel: (_request, _response, error) => (error ? 'warn' : 'debug'),
    wrapSerializers: false,
    serializers: {
      req: ({ id, method, originalUrl, url }: Request) => ({ id, method, path: pathOf(originalUrl ?? url) }),
      res: ({ statusCode }: Response) => ({ statusCode }),
      err: errorForLog,
    },
  });
}

/**
 * Logs when a stream begins and ends, under the id that a trusted proxy has it in its own log; undefined where nobody reads lines of that
 * level, so that a stream costs nothing for them.
 */
export function streamLog(
  log: Logger,
  requestId: (request: Pick<IncomingMessage, 'headers' | 'socket'>) => string,
): ((socket: Socket, request: StreamRequest) => void) | undefined {
  if (!log.isLevelEnabled('debug')) return undefined;
  return (socket, request) => {
    const headers = { 'x-forwarded-for': request.forwardedFor, 'x-request-id': request.requestId };
    const req = { id: requestId({ headers, socket }), method: 'GET', path: '/events' };
    const startedMs = performance.now();
    log.debug({ req, resumed: request.resumeFrom !== undefined }, 'A stream begins');
    socket.once('close', () => {
      const responseTime = Math.round(performance.now() - startedMs);
      log.debug({ req, bytes: socket.bytesWritten, responseTime }, 'A stream has ended');
    });
  };
}

function pathOf(address: string): string {
  const end = address.search(/[?#]/);
  return end < 0 ? address : address.slice(0, end);
}
