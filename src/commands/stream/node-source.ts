import http from 'node:http';
import https from 'node:https';
import { createParser } from 'eventsource-parser';
import type { Source } from '../../live/state/connection';

type Message = { readonly data?: unknown; readonly lastEventId?: string };
type Listener = (message: Message) => void;

export type NodeSourceEvents = {
  /** The server has answered with a stream. */
  readonly onOpen: () => void;
  /** There was no connection, it ended, or the answer was no stream: why. */
  readonly onEnd: (reason: string) => void;
};

const OPEN = 1;
const CLOSED = 2;

/** An EventSource for Node, without its retries. */
export class NodeSource implements Source {
  readonly #events: NodeSourceEvents;
  readonly #request: http.ClientRequest;
  readonly #listeners = new Map<string, Listener[]>();
  #readyState = 0;
  #lastEventId = '';

  constructor(url: URL, events: NodeSourceEvents) {
    this.#events = events;
    this.#request = (url.protocol === 'https:' ? https : http).get(url, {
      // A pool would only keep sockets that are never used again.
      agent: false,
      headers: { Accept: 'text/event-stream', 'Cache-Control': 'no-store' },
    });
    this.#request.on('error', (error) => this.#end(0, error.message));
    this.#request.on('response', (response) => this.#read(response));
  }

  get readyState(): number {
    return this.#readyState;
  }

  addEventListener(type: string, listener: Listener): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener]);
  }

  close(): void {
    this.#readyState = CLOSED;
    this.#request.destroy();
  }

  /** Loses the connection, as a network would do it. */
  lose(): void {
    this.#end(0, 'the connection was dropped');
  }

  #read(response: http.IncomingMessage): void {
    if (this.#readyState === CLOSED) return;
    const type = response.headers['content-type'] ?? 'nothing';
    if (response.statusCode !== 200 || !/^text\/event-stream\b/i.test(type))
      return this.#end(CLOSED, `the answer was ${response.statusCode} with ${type}`);
    this.#readyState = OPEN;
    this.#events.onOpen();
    const parser = createParser({
      onEvent: ({ event = 'message', id, data }) => {
        this.#lastEventId = id ?? this.#lastEventId;
        this.#tell(event, { data, lastEventId: this.#lastEventId });
      },
    });
    response.setEncoding('utf8');
    response.on('data', (text: string) => parser.feed(text));
    response.on('error', (error) => this.#end(0, error.message));
    response.on('close', () => this.#end(0, 'the stream ended'));
  }

  /** @param readyState where an EventSource would stand: one that got no stream gives up, another comes back */
  #end(readyState: number, reason: string): void {
    if (this.#readyState === CLOSED) return;
    this.#events.onEnd(reason);
    this.#readyState = readyState;
    this.#tell('error', {});
    this.close();
  }

  #tell(type: string, message: Message): void {
    for (const listener of this.#listeners.get(type) ?? []) {
      // One chunk holds many events, and any of them may have made the listener close this.
      if (type === 'error' || this.#readyState !== CLOSED) listener(message);
    }
  }
}
