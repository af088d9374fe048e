import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Hub } from './hub';
import { byeFrame, retryFrame } from './sse-frame';
import { acceptsGzip, parseStreamHead, resumePoint } from './stream-head';

/** A connection that says nothing is closed after this time. */
const FIRST_BYTES_MS = 10_000;

/**
 * Where requests for the stream are taken from an HTTP server, ahead of everything that they don't need. A connection that
 * begins with a plain `GET /events` never meets Node's HTTP parser: request, response and parser, kept for half an hour, would
 * be most of a stream's memory. All other connections go on to it, and a request for the stream on one of them is served, too.
 */
export class StreamListener {
  readonly #hub: Hub;
  /** Connections that have said nothing yet. */
  readonly #silent = new Set<Socket>();

  constructor(hub: Hub) {
    this.#hub = hub;
  }

  /** From now on new connections of this server are looked at first. */
  listenTo(server: Server): void {
    const toHttp = server.listeners('connection');
    server.removeAllListeners('connection');
    server.on('connection', (socket: Socket) => {
      this.#silent.add(socket);
      socket.setTimeout(FIRST_BYTES_MS, destroy);
      socket.on('error', destroy);
      const heard = (): void => {
        this.#silent.delete(socket);
        socket.setTimeout(0, destroy).off('close', heard).off('end', destroy);
      };
      socket.once('close', heard).once('end', destroy);
      socket.once('data', (bytes: Buffer) => {
        heard();
        const request = parseStreamHead(bytes, socket.remoteAddress ?? '');
        if (request) {
          socket.allowHalfOpen = false;
          // Nothing belongs here after the head; yet what isn't read shows no end.
          socket.on('data', destroy);
          return this.#hub.open(socket, request);
        }
        socket.off('error', destroy).pause().unshift(bytes);
        for (const listener of toHttp) listener.call(server, socket);
        socket.resume();
      });
    });
  }

  /** False when the request is for something else. */
  handle(request: IncomingMessage, response: ServerResponse): boolean {
    const [path, query] = request.url?.split('?', 2) ?? [];
    if (path !== '/events') return false;
    if (request.method !== 'GET') {
      response.writeHead(405, { Allow: 'GET', 'Content-Type': 'text/plain; charset=utf-8' });
      response.end('The stream is read with GET.\n');
      return true;
    }
    const { headers, socket } = request;
    // Behind another answer of its connection, which is not ours to overtake.
    if (!response.socket) {
      response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8', Connection: 'close' });
      response.end(retryFrame(2_000) + byeFrame('busy', 2_000));
      return true;
    }
    this.#hub.open(socket, {
      remoteAddress: socket.remoteAddress ?? '',
      forwardedFor: single(headers['x-forwarded-for']),
      resumeFrom: resumePoint(
        single(headers['last-event-id']),
        new URLSearchParams(query).get('cursor') ?? undefined,
      ),
      gzip: acceptsGzip(single(headers['accept-encoding'])),
      chunked: request.httpVersion === '1.1',
    });
    return true;
  }

  /** Closes the connections that have said nothing. */
  close(): void {
    for (const socket of this.#silent) socket.destroy();
  }
}

function single(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : value?.[0];
}

function destroy(this: Socket): void {
  this.destroy();
}
