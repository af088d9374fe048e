import { type IncomingMessage, type RequestListener, type Server, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';

/** The status that Node answers with, by the code of its parser's error. */
const STATUS_OF_ERROR: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

/**
 * Answers what Node would answer by itself, before there is a request for the site: as Node does, but with the headers that
 * every answer carries.
 */
export function answerRefusals(server: Server, headers: ReadonlyMap<string, string>): void {
  const lines = [...headers].map(([name, value]) => `${name}: ${value}\r\n`).join('');
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    if (socket.writable && !hasBegunAnswer(socket)) {
      const status = STATUS_OF_ERROR[error.code ?? ''] ?? 400;
      socket.write(
        `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines}Content-Length: 0\r\nConnection: close\r\n\r\n`,
      );
    }
    socket.destroy(error);
  });
  server.on('checkExpectation', (_request, response) => {
    response.writeHead(417, [...[...headers].flat(), 'Content-Length', '0']);
    response.end();
  });
}

/** Node checks the same before it writes: a client would read an answer within another one as a part of that. */
function hasBegunAnswer(socket: Duplex): boolean {
  const answer: unknown = Reflect.get(socket, '_httpMessage');
  return typeof answer === 'object' && answer !== null && Reflect.get(answer, 'headersSent') === true;
}

/**
 * Refuses HTTP/1.1 without a Host (RFC 9112, section 3.2) in the place of Node, which has to be told not to
 * (`requireHostHeader: false`): its own refusal carries no headers.
 */
export function requireHost(
  headers: ReadonlyMap<string, string>,
  listener: RequestListener,
): RequestListener {
  const refusal = [...[...headers].flat(), ...['Content-Length', '0', 'Connection', 'close']];
  return (request, response) => {
    if (hasHost(request)) return listener(request, response);
    response.writeHead(400, refusal);
    response.end();
  };
}

function hasHost({ headers, httpVersion }: IncomingMessage): boolean {
  return headers.host !== undefined || httpVersion !== '1.1';
}
