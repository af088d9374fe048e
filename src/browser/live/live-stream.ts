import { backoffMs } from './backoff';
import { parseStreamEvent, STREAM_EVENT_TYPES, type StreamMessage } from './stream-event';

/** `live` once the server has greeted; `polling` when it can't be heard, and the page has to ask by itself. */
export type StreamState = 'connecting' | 'live' | 'reconnecting' | 'polling' | 'closed';

/** What is used of an EventSource. */
export type Source = {
  readonly readyState: number;
  addEventListener(type: string, listener: (message: SourceMessage) => void): void;
  close(): void;
};
type SourceMessage = { readonly data?: unknown; readonly lastEventId?: string };

export type LiveStreamOptions = {
  /** Begins a connection that continues the cursor. */
  readonly openSource: (cursor: string) => Source;
  /** The point up to which the page is complete. */
  readonly cursor: () => string;
  /** What went before: another tab's connection may have been in that state. */
  readonly previously: StreamState;
  /** Everything but what concerns the connection itself. */
  readonly onMessage: (message: StreamMessage) => void;
  readonly onState: (state: StreamState) => void;
  /** A surprise, after which it goes on. */
  readonly onError: (error: unknown) => void;
};

/** A connection that has not greeted by then is not going to: a proxy holds it back, or nobody is there. */
const HELLO_MS = 10_000;

/** More than two heartbeats: a connection as silent as that is dead, whatever the browser thinks. */
const SILENCE_MS = 40_000;
/** More than one heartbeat: after so long a connection is not trusted to have outlived a sleep of the machine. */
const TRUSTED_MS = 20_000;
/** A connection that lives as long is not part of a series of failures. */
const STABLE_MS = 10_000;
const MUTE_TRIES_BEFORE_POLLING = 3;
/** The data of a `reset` in place of the one that the server did not know it had to send. */
const NOT_RESUMED = JSON.stringify({ spreadMs: 8_000 });
/** `EventSource.CLOSED`: the answer was no stream. */
const CLOSED = 2;

/**
 * The connection to the stream, kept up for as long as it is wanted; it never gives up. An EventSource's own reconnects
 * are not used: they know no back-off, no end of the server's life, and nothing of silence.
 */
export class LiveStream {
  readonly #options: LiveStreamOptions;
  #source: Source | undefined;
  #state: StreamState = 'closed';
  #failures = 0;
  /** Tries in a row that reached something, but no stream: it was mute, or an answer of another kind. */
  #muteTries: number;
  #heardAtMs = 0;
  #liveSinceMs: number | undefined;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #silenceTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: LiveStreamOptions) {
    this.#options = options;
    this.#muteTries = options.previously === 'polling' ? MUTE_TRIES_BEFORE_POLLING : 0;
  }

  /** Connects now, unless a connection was heard of lately; a wait for the next attempt ends. */
  open(): void {
    if (this.#source && Date.now() - this.#heardAtMs < TRUSTED_MS) return;
    this.reopen();
  }

  /** Drops the connection and makes a new one at once, for instance when the network has changed. */
  reopen(): void {
    this.#disconnect();
    const { previously } = this.#options;
    const isFirst = this.#state === 'closed' && (previously === 'closed' || previously === 'connecting');
    this.#setWaiting(isFirst ? 'connecting' : 'reconnecting');
    this.#connect();
  }

  close(): void {
    this.#disconnect();
    this.#setState('closed');
  }

  #connect(): void {
    const cursor = this.#options.cursor();
    let source: Source;
    try {
      source = this.#options.openSource(cursor);
    } catch (error) {
      this.#options.onError(error);
      this.#muteTries++;
      return this.#retryAfterFailure();
    }
    this.#source = source;
    this.#expectSound(HELLO_MS);
    for (const type of STREAM_EVENT_TYPES) {
      source.addEventListener(type, (message) => {
        // Closing a source doesn't take back the events that are already waiting.
        if (source === this.#source) this.#receive(type, message, cursor);
      });
    }
    source.addEventListener('error', () => {
      if (source !== this.#source) return;
      if (source.readyState === CLOSED) this.#muteTries++;
      this.#retryAfterFailure();
    });
  }

  /** @param cursor what this connection was to continue */
  #receive(type: (typeof STREAM_EVENT_TYPES)[number], message: SourceMessage, cursor: string): void {
    // Only a greeting ends the wait for one.
    if (this.#liveSinceMs !== undefined) this.#expectSound(SILENCE_MS);
    const [data, id] = [String(message.data), message.lastEventId ?? ''];
    switch (type) {
      case 'hello': {
        const event = parseStreamEvent(type, data);
        if (event?.type !== 'hello') return;
        this.#expectSound(SILENCE_MS);
        this.#muteTries = 0;
        this.#liveSinceMs = Date.now();
        // Something on the way has taken the cursor out: what came since the page was made is not going to come.
        if (event.resume === 'fresh' && cursor !== '')
          this.#options.onMessage({ type: 'reset', data: NOT_RESUMED, id });
        // The reset comes next. Before it the page does not know that its cards may be wrong.
        if (event.resume !== 'reset') this.#setState('live');
        return;
      }
      case 'ping':
        return;
      case 'bye': {
        const event = parseStreamEvent(type, data);
        this.#failures = 0;
        return this.#retryIn(event?.type === 'bye' ? event.retryMs : backoffMs(0));
      }
      case 'upsert':
      case 'remove':
      case 'reset':
        this.#options.onMessage({ type, data, id });
        if (this.#liveSinceMs !== undefined) this.#setState('live');
        return;
      default:
        return type satisfies never;
    }
  }

  #retryAfterFailure(): void {
    if (this.#liveSinceMs !== undefined && Date.now() - this.#liveSinceMs > STABLE_MS) this.#failures = 0;
    this.#retryIn(backoffMs(this.#failures++));
  }

  #retryIn(delayMs: number): void {
    this.#disconnect();
    this.#setWaiting('reconnecting');
    this.#retryTimer = setTimeout(() => this.#connect(), delayMs);
  }

  #expectSound(withinMs: number): void {
    this.#heardAtMs = Date.now();
    clearTimeout(this.#silenceTimer);
    this.#silenceTimer = setTimeout(() => {
      this.#muteTries++;
      this.#retryAfterFailure();
    }, withinMs);
  }

  #disconnect(): void {
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#silenceTimer);
    this.#source?.close();
    this.#source = undefined;
    this.#liveSinceMs = undefined;
  }

  #setWaiting(state: 'connecting' | 'reconnecting'): void {
    this.#setState(this.#muteTries >= MUTE_TRIES_BEFORE_POLLING ? 'polling' : state);
  }

  #setState(state: StreamState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#options.onState(state);
  }
}
