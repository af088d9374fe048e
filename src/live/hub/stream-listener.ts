import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { securityHeaders } from '../../platform/security-headers';
import { byeFrame, retryFrame } from '../wire/sse-frame';
import { acceptsGzip, parseStreamHead, readStreamQuery, type StreamRequest } from '../wire/stream-head';
import type { Hub } from './hub';

/** A connection that says nothing is closed after this time, or a sweep later. */
const FIRST_BYTES_MS = 10_000;
const SWEEP_MS = 1_000;
const HEADERS = Object.fromEntries(securityHeaders());

/**
 * Where requests for the stream are taken from an HTTP server, ahead of everything that they don't need. A connection that
 * begins with a plain `GET /events` never meets Node's HTTP parser: request, response and parser, kept for half an hour, would
 * be most of a stream's memory. All other connections go on to it, and a request for the stream on one of them is served, too.
 */
export class StreamListener {
  readonly #hub: Hub;
  readonly #onRequest: ((socket: Socket, request: StreamRequest) => void) | undefined;

  /** @param onRequest is told of each request for the stream, ahead of its answer */
  constructor(hub: Hub, onRequest?: (socket: Socket, request: StreamRequest) => void) {
    this.#hub = hub;
    this.#onRequest = onRequest;
  }

  /**
   * From now on new connections of this server are looked at first. Gives a function that closes those that have said
   * nothing yet.
   */
  listenTo(server: Server): () => void {
    /** In the order in which they came, and `performance.now()` at which they have waited long enough. */
    const silent = new Map<Socket, number>();
    const toHttp = server.listeners('connection');
    const hear = (socket: Socket, bytes: Buffer): void => {
      // Nothing belongs here after the head; yet what isn't read shows no end.
      if (!silent.delete(socket)) return void socket.destroy();
      const request = parseStreamHead(bytes, socket.remoteAddress ?? '');
      if (request) return this.#open(socket, request);
      socket.off('data', onData).off('end', drop).off('error', drop).pause().unshift(bytes);
      for (const listener of toHttp) listener.call(server, socket);
      socket.resume();
    };
    // The same functions for all: tens of thousands have no closure and no timer of their own.
    function onData(this: Socket, bytes: Buffer): void {
      hear(this, bytes);
    }
    function drop(this: Socket): void {
      silent.delete(this);
      this.destroy();
    }
    server.removeAllListeners('connection');
    server.on('connection', (socket: Socket) => {
      silent.set(socket, performance.now() + FIRST_BYTES_MS);
      socket.on('data', onData).on('end', drop).on('error', drop);
    });
    const dropUntil = (nowMs: number): void => {
      for (const [socket, deadlineMs] of silent) {
        if (nowMs < deadlineMs) return;
        drop.call(socket);
      }
    };
    const sweeper = setInterval(() => dropUntil(performance.now()), SWEEP_MS);
    server.once('close', () => clearInterval(sweeper));
    return () => dropUntil(Number.POSITIVE_INFINITY);
  }

  /** Answers a request for the stream that Node's parser has read. */
  answer(request: IncomingMessage, response: ServerResponse): void {
    const query = (request.url ?? '').split('?').slice(1).join('?');
    if (request.method !== 'GET') {
      response.writeHead(405, {
        ...HEADERS,
        Allow: 'GET',
        'Content-Type': 'text/plain; charset=utf-8',
      });
      response.end('The stream is read with GET.\n');
      return;
    }
    const { headers, socket } = request;
    // Behind another answer of its connection, which is not ours to overtake.
    if (!response.socket) {
      response.writeHead(200, {
        ...HEADERS,
        'Content-Type': 'text/event-stream; charset=utf-8',
        'Cache-Control': 'no-store, no-transform',
        Connection: 'close',
      });
      response.end(retryFrame(2_000) + byeFrame('busy', 2_000));
      return;
    }
    this.#open(socket, {
      remoteAddress: socket.remoteAddress ?? '',
      forwardedFor: single(headers['x-forwarded-for']),
      requestId: single(headers['x-request-id']),
      ...readStreamQuery(query, single(headers['last-event-id'])),
      gzip: acceptsGzip(single(headers['accept-encoding'])),
      chunked: request.httpVersion === '1.1',
    });
  }

  #open(socket: Socket, request: StreamRequest): void {
    this.#onRequest?.(socket, request);
    this.#hub.open(socket, request);
  }
}

function single(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : value?.[0];
}
