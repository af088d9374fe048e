import { parseStreamEvent, STREAM_EVENT_TYPES, type StreamEvent } from './stream-event';

/** `live` once the server has greeted; `reconnecting` from a loss until it greets again. */
export type StreamState = 'connecting' | 'live' | 'reconnecting' | 'closed';

export type LiveStreamOptions = {
  /** Address of the stream, such as `/events`. */
  readonly url: string;
  /** The point up to which the page is complete. */
  readonly cursor: string;
  readonly onEvent: (event: StreamEvent) => void;
  readonly onState: (state: StreamState) => void;
};

/** More than two heartbeats: a connection as silent as that is dead, whatever the browser thinks. */
const SILENCE_MS = 40_000;
const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 30_000;
/** An event that can't be read may have been any change, so everything is read again. */
const NOT_UNDERSTOOD: StreamEvent = { type: 'reset', spreadMs: 8_000 };

/**
 * The connection to the stream, kept up for as long as it is wanted. Short losses are mended by EventSource itself;
 * this does what it doesn't: an orderly goodbye, a final error, a silence, a page that comes back.
 */
export class LiveStream {
  readonly #options: LiveStreamOptions;
  #source: EventSource | undefined;
  #lastId: string;
  #state: StreamState = 'closed';
  #failures = 0;
  #retryTimer: number | undefined;
  #silenceTimer: number | undefined;

  constructor(options: LiveStreamOptions) {
    this.#options = options;
    this.#lastId = options.cursor;
  }

  /** Connects now, unless it is connected; a wait for the next attempt ends. */
  open(): void {
    if (this.#source && this.#source.readyState !== EventSource.CLOSED) return;
    this.#disconnect();
    this.#setState(this.#state === 'closed' ? 'connecting' : 'reconnecting');
    this.#connect();
  }

  /** Drops the connection and makes a new one at once, for instance when the network has changed. */
  reopen(): void {
    if (this.#state === 'closed') return;
    this.#disconnect();
    this.#setState('reconnecting');
    this.#connect();
  }

  close(): void {
    this.#disconnect();
    this.#setState('closed');
  }

  #connect(): void {
    const source = new EventSource(`${this.#options.url}?cursor=${encodeURIComponent(this.#lastId)}`);
    this.#source = source;
    for (const type of STREAM_EVENT_TYPES) {
      source.addEventListener(type, (message) => {
        // Closing a source doesn't take back the events that are already waiting.
        if (source === this.#source) this.#receive(type, message);
      });
    }
    source.addEventListener('error', () => {
      if (source !== this.#source) return;
      this.#setState('reconnecting');
      if (source.readyState === EventSource.CLOSED) this.#retryIn(this.#backoffMs());
    });
    this.#expectSound();
  }

  #receive(type: (typeof STREAM_EVENT_TYPES)[number], message: MessageEvent<unknown>): void {
    this.#expectSound();
    const event = parseStreamEvent(type, String(message.data)) ?? NOT_UNDERSTOOD;
    if (event.type === 'hello') {
      this.#failures = 0;
      this.#setState('live');
    }
    this.#options.onEvent(event);
    // Only now: what was not taken in must be asked for again.
    if (message.lastEventId) this.#lastId = message.lastEventId;
    if (event.type === 'bye') this.#retryIn(event.retryMs);
  }

  #retryIn(delayMs: number): void {
    this.#disconnect();
    this.#setState('reconnecting');
    this.#retryTimer = window.setTimeout(() => this.#connect(), delayMs);
  }

  /** Doubles with each failure; half of it is random, so that browsers that were cut together come back apart. */
  #backoffMs(): number {
    const delayMs = Math.min(FIRST_RETRY_MS * 2 ** this.#failures, MAX_RETRY_MS);
    this.#failures++;
    return delayMs * (0.5 + Math.random() / 2);
  }

  #expectSound(): void {
    clearTimeout(this.#silenceTimer);
    this.#silenceTimer = window.setTimeout(() => this.#retryIn(this.#backoffMs()), SILENCE_MS);
  }

  #disconnect(): void {
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#silenceTimer);
    this.#source?.close();
    this.#source = undefined;
  }

  #setState(state: StreamState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#options.onState(state);
  }
}
