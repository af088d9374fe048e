import { backoffMs } from './backoff';
import type { Clock } from './clock';
import { seqOf } from './cursor';
import {
  FRAME_TYPES,
  type FrameType,
  type HelloEvent,
  OWN_RESET_SPREAD_MS,
  parseStreamEvent,
  type StreamChange,
  type StreamFrame,
} from './stream-event';

/** `live` once the server has greeted; `polling` when it can't be heard, and the page has to ask by itself. */
export type ConnectionState = 'connecting' | 'live' | 'reconnecting' | 'polling' | 'closed';

/** What is used of an EventSource. */
export type Source = {
  readonly readyState: number;
  addEventListener(type: string, listener: (message: SourceMessage) => void): void;
  close(): void;
};
type SourceMessage = {
  readonly data?: unknown;
  /** Of this message, or of the last one before it that had any. */
  readonly lastEventId?: string;
};

export type ConnectionOptions = {
  readonly clock: Clock;
  /** Begins a connection that continues the cursor. */
  readonly openSource: (cursor: string) => Source;
  /** The same by another way, for where there is no stream to be had; undefined while that is not there either. */
  readonly openOther?: ((cursor: string) => Source | undefined) | undefined;
  /** The point up to which everything is known; empty when nothing is. */
  readonly cursor: () => string;
  /** What went before: another tab's connection may have been in that state. */
  readonly previously: ConnectionState;
  /** The server has greeted. Told before the state. @param id the point that it named; empty when it named none */
  readonly onHello: (hello: HelloEvent, id: string) => void;
  readonly onChange: (change: StreamChange) => void;
  /** What leads to no other point: a `ping`, a `whisper`. */
  readonly onAside: (frame: StreamFrame) => void;
  /** The session that the tickets hung on is over. */
  readonly onSignedOut: () => void;
  readonly onState: (state: ConnectionState) => void;
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
/** In place of the reset that the server did not know it had to send. */
const NOT_RESUMED = JSON.stringify({ reason: 'fresh', spreadMs: OWN_RESET_SPREAD_MS });
/** `EventSource.CLOSED`: the answer was no stream. */
const CLOSED = 2;

/**
 * The connection to the stream, kept up for as long as it is wanted; it never gives up. An EventSource's own reconnects are not
 * used: they know no back-off, no end of the server's life, and nothing of silence. States and events: docs/live-states.md.
 */
export class Connection {
  readonly #options: ConnectionOptions;
  #source: Source | undefined;
  #state: ConnectionState = 'closed';
  #failures = 0;
  /** Tries in a row that reached something, but no stream: it was mute, or an answer of another kind. A refusal is as good as all. */
  #muteTries: number;
  /** The source is one by the other way, or was. */
  #isOther = false;
  /** When a busy site wants to be asked again, if the other way, which comes next, is not to be had either. Else 0. */
  #busyMs = 0;
  #heardAtMs = 0;
  #liveSinceMs: number | undefined;
  /** The greeting has promised a reset: before it the page does not know that its items may be wrong. */
  #awaitsReset = false;
  /** Frames of a change whose last one has not come yet. */
  #unfinished: StreamFrame[] = [];
  #cancelRetry: () => void = () => undefined;
  #cancelSilence: () => void = () => undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#muteTries = options.previously === 'polling' ? MUTE_TRIES_BEFORE_POLLING : 0;
  }

  /** Connects now, unless a connection was heard of lately; a wait for the next attempt ends. */
  open(): void {
    if (this.#source && this.#options.clock.now() - this.#heardAtMs < TRUSTED_MS) return;
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

  /** Connects anew because something else is wanted of it: nothing was lost, so the state stays; a wait goes on. */
  renew(): void {
    if (!this.#source) return;
    this.#disconnect();
    this.#connect(this.#isOther);
  }

  close(): void {
    this.#disconnect();
    this.#setState('closed');
  }

  /** By the other way every other time while there is no stream: there may be one again. */
  #connect(isOther = this.#muteTries >= MUTE_TRIES_BEFORE_POLLING && !this.#isOther): void {
    const cursor = this.#options.cursor();
    const { openSource, openOther } = this.#options;
    let source: Source;
    try {
      const other = isOther && openOther?.(cursor);
      if (!other && this.#busyMs) return this.#retryAfterFailure();
      this.#isOther = !!other;
      source = other || openSource(cursor);
    } catch (error) {
      this.#options.onError(error);
      this.#muteTries++;
      return this.#retryAfterFailure();
    }
    this.#source = source;
    this.#expectSound(HELLO_MS);
    for (const type of FRAME_TYPES) {
      source.addEventListener(type, ({ data, lastEventId = '' }) => {
        // Closing a source doesn't take back the events that are already waiting.
        if (source === this.#source) this.#receive({ type, data: String(data) }, lastEventId, cursor);
      });
    }
    source.addEventListener('error', () => {
      if (source !== this.#source) return;
      if (source.readyState === CLOSED) this.#muteTries++;
      this.#retryAfterFailure();
    });
  }

  /** @param cursor what this connection was to continue */
  #receive(frame: StreamFrame, id: string, cursor: string): void {
    // Only a greeting ends the wait for one.
    if (this.#liveSinceMs !== undefined) this.#expectSound(SILENCE_MS);
    switch (frame.type) {
      case 'hello':
        return this.#greet(frame.data, id, cursor);
      case 'ping':
      case 'whisper':
        return this.#options.onAside(frame);
      case 'bye':
        return this.#leave(frame.data);
      case 'upsert':
      case 'remove':
      case 'reset':
        this.#unfinished.push(frame);
        if (isLast(frame, id)) this.#finish(id);
        return;
      default:
        return frame.type satisfies never;
    }
  }

  #greet(data: string, id: string, cursor: string): void {
    const hello = parseStreamEvent('hello', data);
    if (hello?.type !== 'hello') return;
    this.#expectSound(SILENCE_MS);
    if (!this.#isOther) this.#muteTries = 0;
    this.#busyMs = 0;
    this.#liveSinceMs = this.#options.clock.now();
    this.#options.onHello(hello, id);
    // Something on the way has taken the cursor out: what came since the page was made is not going to come.
    if (hello.resume === 'fresh' && cursor !== '')
      this.#options.onChange({ id, frames: [{ type: 'reset', data: NOT_RESUMED }] });
    this.#awaitsReset = hello.resume === 'reset';
    this.#lookLive();
  }

  #leave(data: string): void {
    const bye = parseStreamEvent('bye', data);
    if (bye?.type !== 'bye') return this.#retryAfterFailure();
    let { retryMs } = bye;
    this.#failures = 0;
    if (bye.reason === 'signed-out') this.#options.onSignedOut();
    if (bye.reason === 'busy') {
      // There are too many streams, in all or from this address: others may hold theirs for hours.
      this.#muteTries = MUTE_TRIES_BEFORE_POLLING;
      // The other way may be free.
      if (this.#options.openOther) {
        this.#busyMs = retryMs;
        retryMs = backoffMs(0, this.#options.clock.random);
      }
    }
    this.#retryIn(retryMs);
  }

  #finish(id: string): void {
    const frames = this.#unfinished;
    this.#unfinished = [];
    this.#options.onChange({ id, frames });
    if (frames.some(({ type }) => type === 'reset')) this.#awaitsReset = false;
    this.#lookLive();
  }

  #lookLive(): void {
    if (this.#liveSinceMs !== undefined && !this.#awaitsReset) this.#setState('live');
  }

  #retryAfterFailure(): void {
    const { now, random } = this.#options.clock;
    if (this.#liveSinceMs !== undefined && now() - this.#liveSinceMs > STABLE_MS) this.#failures = 0;
    this.#retryIn(this.#busyMs || backoffMs(this.#failures++, random));
    this.#busyMs = 0;
  }

  #retryIn(delayMs: number): void {
    this.#disconnect();
    this.#setWaiting('reconnecting');
    this.#cancelRetry = this.#options.clock.after(delayMs, () => this.#connect());
  }

  #expectSound(withinMs: number): void {
    this.#heardAtMs = this.#options.clock.now();
    this.#cancelSilence();
    this.#cancelSilence = this.#options.clock.after(withinMs, () => {
      this.#muteTries++;
      this.#retryAfterFailure();
    });
  }

  #disconnect(): void {
    this.#cancelRetry();
    this.#cancelSilence();
    this.#source?.close();
    this.#source = undefined;
    this.#liveSinceMs = undefined;
    this.#unfinished = [];
  }

  #setWaiting(state: 'connecting' | 'reconnecting'): void {
    this.#setState(this.#muteTries >= MUTE_TRIES_BEFORE_POLLING ? 'polling' : state);
  }

  #setState(state: ConnectionState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#options.onState(state);
  }
}

/**
 * Only the last frame of a change has its id, but an EventSource gives one without an id that of the event before: a frame is
 * the last one when the id has reached its number. One that can't be read is told at once, for it may be anything.
 */
function isLast({ type, data }: { readonly type: FrameType; readonly data: string }, id: string): boolean {
  const event = parseStreamEvent(type, data);
  return !(event?.type === 'upsert' || event?.type === 'remove') || seqOf(id) >= event.rev;
}
