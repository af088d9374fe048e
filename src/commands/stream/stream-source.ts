import http from 'node:http';
import https from 'node:https';
import { createParser } from 'eventsource-parser';

export type SourceMessage = {
  readonly type: string;
  readonly id: string | undefined;
  readonly data: string;
};

export type SourceListener = {
  /** The server has answered with a stream. */
  readonly onOpen: () => void;
  readonly onMessage: (message: SourceMessage) => void;
  /** How long the server wants a client to wait before it comes back, in milliseconds. */
  readonly onRetry: (retryMs: number) => void;
  /**
   * Told once. `lost`: there was no connection, or it ended; an EventSource would come back by itself.
   * `refused`: the answer was no stream; an EventSource would give up.
   */
  readonly onEnd: (how: 'lost' | 'refused', reason: string) => void;
};

/** Opens one connection to a stream, as an EventSource does but without its retries. Gives what closes it, silently. */
export function openSource(
  url: URL,
  headers: Readonly<Record<string, string>>,
  listener: SourceListener,
): () => void {
  let over = false;
  const end = (how: 'lost' | 'refused', reason: string): void => {
    if (over) return;
    over = true;
    request.destroy();
    listener.onEnd(how, reason);
  };
  const request = (url.protocol === 'https:' ? https : http).get(url, {
    // A pool would only keep sockets that are never used again.
    agent: false,
    headers: { Accept: 'text/event-stream', 'Cache-Control': 'no-store', ...headers },
  });
  request.on('error', (error) => end('lost', error.message));
  request.on('response', (response) => {
    if (over) return;
    const type = response.headers['content-type'] ?? 'nothing';
    if (response.statusCode !== 200 || !/^text\/event-stream\b/i.test(type)) {
      end('refused', `the answer was ${response.statusCode} with ${type}`);
      return;
    }
    listener.onOpen();
    const parser = createParser({
      onEvent: ({ event, id, data }) => {
        // One chunk holds many events, and any of them may have made the listener close this.
        if (!over) listener.onMessage({ type: event ?? 'message', id, data });
      },
      onRetry: (retryMs) => {
        if (!over) listener.onRetry(retryMs);
      },
    });
    response.setEncoding('utf8');
    response.on('data', (text: string) => parser.feed(text));
    response.on('error', (error) => end('lost', error.message));
    response.on('close', () => end('lost', 'the stream ended'));
  });
  return () => {
    over = true;
    request.destroy();
  };
}
