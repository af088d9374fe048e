import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { types } from 'node:util';
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import type { SiteNode } from '../../src/process/node';
import { SERVER_OPTIONS } from '../../src/process/serve';

type StreamEvent = {
  readonly type: string;
  readonly id: string | undefined;
  readonly data: Record<string, unknown>;
};

export type StreamClient = {
  readonly headers: Headers;
  /** Everything received so far. */
  readonly events: readonly StreamEvent[];
  readonly retryMs: () => number | undefined;
  /** Resolves with the first event of these types from now on or among those not yet taken. */
  next(...types: readonly string[]): Promise<StreamEvent>;
  /** Resolves when the server has ended the stream. */
  readonly ended: Promise<void>;
  close(): void;
};

/** Reads a stream as a browser would, event by event. */
export async function openStream(url: string, headers: Record<string, string> = {}): Promise<StreamClient> {
  const abort = new AbortController();
  const response = await fetch(url, { headers, signal: abort.signal });
  const events: StreamEvent[] = [];
  const waiting = new Set<() => void>();
  let taken = 0;
  let retryMs: number | undefined;
  let over = false;
  const wake = (): void => {
    for (const listener of waiting) listener();
  };
  const parser = createParser({
    onEvent: (message: EventSourceMessage) => {
      events.push({ type: message.event ?? 'message', id: message.id, data: JSON.parse(message.data) });
      wake();
    },
    onRetry: (value) => {
      retryMs = value;
    },
  });
  const ended = (async () => {
    const decoder = new TextDecoder();
    try {
      for await (const chunk of response.body ?? []) parser.feed(decoder.decode(chunk, { stream: true }));
    } catch (error) {
      // Cut off. By name: Node's errors are of another realm than those that Jest gives to tests.
      const isCut = types.isNativeError(error) && error.name === 'TypeError';
      if (!abort.signal.aborted && !isCut) throw error;
    } finally {
      over = true;
      wake();
    }
  })();

  const next = async (...types: readonly string[]): Promise<StreamEvent> => {
    for (;;) {
      const index = events.findIndex((event, position) => position >= taken && types.includes(event.type));
      const event = events[index];
      if (event) {
        taken = index + 1;
        return event;
      }
      if (over)
        throw new Error(
          `The stream ended without ${types.join(' or ')}; it had ${events.map((each) => each.type)}`,
        );
      await new Promise<void>((resolve) => {
        const listener = (): void => {
          waiting.delete(listener);
          resolve();
        };
        waiting.add(listener);
      });
    }
  };
  return {
    headers: response.headers,
    events,
    retryMs: () => retryMs,
    next,
    ended,
    close: () => abort.abort(),
  };
}

/** Lets the app listen on a free port of this machine; a whole site as the server does, streams ahead of HTTP. */
export async function listen(app: RequestListener | Pick<SiteNode, 'app' | 'acceptStreams'>): Promise<{
  readonly url: string;
  readonly port: number;
  readonly server: Server;
  close(): Promise<void>;
}> {
  const server = createServer(SERVER_OPTIONS, typeof app === 'function' ? app : app.app);
  if (typeof app !== 'function') app.acceptStreams(server);
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => sockets.add(socket.once('close', () => sockets.delete(socket))));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('The server has no port.');
  return {
    url: `http://127.0.0.1:${address.port}`,
    port: address.port,
    server,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
