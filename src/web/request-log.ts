import type { IncomingMessage } from 'node:http';
import type { Request, RequestHandler, Response } from 'express';
import { pinoHttp } from 'pino-http';
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

function pathOf(address: string): string {
  const end = address.search(/[?#]/);
  return end < 0 ? address : address.slice(0, end);
}
