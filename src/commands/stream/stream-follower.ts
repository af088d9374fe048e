import { GridRefresh } from '../../browser/live/grid-refresh';
import { parseStreamEvent, STREAM_EVENT_TYPES, type StreamEvent } from '../../browser/live/stream-event';
import { fetchReason } from './fetch-reason';
import { epochOf, type GridState, parseGrid, seqOf } from './grid-fragment';
import { fetchGrid, readGrid } from './read-grid';
import { type Outcome, StreamGrid } from './stream-grid';
import { openSource, type SourceMessage } from './stream-source';

export type FollowedEvent = {
  /** As the stream sent it; undefined for what carries none. */
  readonly id: string | undefined;
  readonly event: StreamEvent;
  /** What it did to the grid; undefined for what is not about an episode. */
  readonly outcome: Outcome | undefined;
};

export type StreamFollowerOptions = {
  /** Of the site: `https://anime.example`. */
  readonly url: string;
  /** For the grid; the stream itself is read with node:http. */
  readonly fetch?: typeof fetch;
  /** At least 0, below 1: spreads what many clients would do at once. */
  readonly random?: () => number;
  /** Told after the event was applied. */
  readonly onEvent?: (followed: FollowedEvent) => void;
  /** What happens to the connection, in a sentence. */
  readonly onNote?: (note: string) => void;
  /** A connection as silent as that is taken for dead; 40 s once it has greeted, 10 s before, as in a browser. */
  readonly silenceMs?: number;
};

/** All but `lastEventAt` count since the start. */
export type FollowerCounters = {
  /** Answers that were a stream. */
  connects: number;
  /** Connections that ended or could not be made, other than by a `bye`. */
  losses: number;
  /** Goodbyes of the server. */
  byes: number;
  resets: number;
  /** Readings of the grid after a reset. */
  refetches: number;
  /** Upserts and removes. */
  events: number;
  /** Milliseconds since 1970 of the last message of any type; 0 before the first. */
  lastEventAt: number;
};

/** How the point is named: an EventSource that comes back by itself does it by header, a new one by its address. */
type Resume = 'by-header' | 'by-address';

const HELLO_MS = 10_000;
const SILENCE_MS = 40_000;
/** Until the server has said otherwise. */
const DEFAULT_RETRY_MS = 3_000;
const FIRST_BACKOFF_MS = 1_000;
const MAX_BACKOFF_MS = 30_000;
const RESET_SPREAD_MS = 8_000;

/**
 * Keeps a grid from the stream as a browser does (`src/browser/live/live-stream.ts` and the EventSource below it):
 * resumes by its last id, comes back when the server asks for it, and reads the grid again when it is told to.
 */
export class StreamFollower {
  readonly counters: FollowerCounters = {
    connects: 0,
    losses: 0,
    byes: 0,
    resets: 0,
    refetches: 0,
    events: 0,
    lastEventAt: 0,
  };
  readonly grid: StreamGrid;
  readonly #options: StreamFollowerOptions;
  readonly #random: () => number;
  readonly #refresh: GridRefresh;
  readonly #violations: string[] = [];
  #lastId: string;
  #retryMs = DEFAULT_RETRY_MS;
  #failures = 0;
  #isLive = false;
  #stopped = false;
  #close: (() => void) | undefined;
  #retryTimer: NodeJS.Timeout | undefined;
  #silenceTimer: NodeJS.Timeout | undefined;

  /**
   * Reads the grid, and follows the stream from there.
   * @throws when the grid can't be read
   */
  static async start(options: StreamFollowerOptions): Promise<StreamFollower> {
    return new StreamFollower(options, await readGrid(options.url, options));
  }

  private constructor(options: StreamFollowerOptions, page: GridState) {
    this.#options = options;
    this.#random = options.random ?? Math.random;
    this.grid = new StreamGrid(page);
    this.#lastId = page.cursor;
    this.#refresh = new GridRefresh({
      fetchGrid: (signal) => fetchGrid(options.url, { ...options, signal }),
      parse: (html) => {
        const page = parseGrid(html);
        return { cursor: page.cursor, show: () => this.grid.replace(page) };
      },
      apply: (event) => this.grid.apply(event),
      onReplaced: () => {
        this.counters.refetches++;
        this.#note(`the grid was read again, at ${this.grid.cursor}`);
      },
      onRetry: (reason, retryMs) =>
        this.#note(`the grid can't be read (${fetchReason(reason)}); ${again(retryMs)}`),
      random: this.#random,
    });
    this.#connect();
  }

  /** Id of the last event that was taken in, or the cursor of the page. */
  get lastId(): string {
    return this.#lastId;
  }

  /** The server has greeted, and the connection has not been lost since. */
  get isLive(): boolean {
    return this.#isLive;
  }

  /** What must never happen, in sentences; empty when all is well. */
  get violations(): readonly string[] {
    return [...this.#violations, ...this.grid.violations];
  }

  /** True when the grid has everything up to this cursor in it. */
  hasReached(cursor: string): boolean {
    if (this.#refresh.isPending || epochOf(this.#lastId) !== epochOf(cursor)) return false;
    return seqOf(this.#lastId) >= seqOf(cursor);
  }

  /** Loses the connection, as a network would do it. */
  drop(): void {
    if (!this.#isLive) return;
    this.counters.losses++;
    this.#comeBack(this.#lostDelayMs(), 'the connection was dropped', 'by-header');
  }

  stop(): void {
    this.#stopped = true;
    this.#disconnect();
    this.#refresh.stop();
  }

  #connect(resume: Resume = 'by-address'): void {
    const url = new URL('/events', this.#options.url);
    url.searchParams.set('cursor', this.#lastId);
    this.#expectSound(Math.min(HELLO_MS, this.#silenceMs));
    this.#close = openSource(url, resume === 'by-header' ? { 'Last-Event-ID': this.#lastId } : {}, {
      onOpen: () => {
        this.counters.connects++;
      },
      onRetry: (retryMs) => {
        this.#retryMs = retryMs;
      },
      onMessage: (message) => this.#receive(message),
      onEnd: (how, reason) => {
        this.counters.losses++;
        const delayMs = how === 'lost' ? this.#lostDelayMs() : this.#backoffMs();
        this.#comeBack(delayMs, reason, how === 'lost' ? 'by-header' : 'by-address');
      },
    });
  }

  #receive({ type, id, data }: SourceMessage): void {
    const known = STREAM_EVENT_TYPES.find((each) => each === type);
    if (!known) return;
    // Only a greeting ends the wait for one.
    if (this.#isLive || known === 'hello') this.#expectSound(this.#silenceMs);
    this.counters.lastEventAt = Date.now();
    const parsed = parseStreamEvent(known, data);
    if (!parsed) this.#violations.push(`an event of type ${type} can't be read: ${data.slice(0, 200)}`);
    // What can't be read may have been any change.
    const event: StreamEvent = parsed ?? { type: 'reset', spreadMs: RESET_SPREAD_MS };
    const outcome = this.#apply(event, id ?? '');
    // Only now: what was not taken in must be asked for again.
    if (id) this.#lastId = id;
    this.#options.onEvent?.({ id, event, outcome });
    if (event.type === 'bye' && !this.#stopped) this.#comeBack(event.retryMs, 'the server said goodbye');
  }

  #apply(event: StreamEvent, id: string): Outcome | undefined {
    switch (event.type) {
      case 'upsert':
      case 'remove':
        this.counters.events++;
        this.#refresh.note(event);
        return this.grid.apply(event);
      case 'reset':
        this.counters.resets++;
        this.grid.expectReplacement();
        this.#refresh.request(event.spreadMs, id);
        return undefined;
      case 'hello':
        this.#failures = 0;
        this.#isLive = true;
        if (event.resume === 'fresh')
          this.#violations.push(`the stream began afresh, though it was asked to go on from ${this.#lastId}`);
        return undefined;
      case 'bye':
        this.counters.byes++;
        return undefined;
      case 'ping':
        return undefined;
      default:
        return event satisfies never;
    }
  }

  #comeBack(delayMs: number, reason: string, resume: Resume = 'by-address'): void {
    this.#disconnect();
    this.#note(`${reason}; ${again(delayMs)}`);
    this.#retryTimer = setTimeout(() => this.#connect(resume), delayMs);
  }

  /** A browser leaves this to the wait that the server asked for; so many clients come back apart. */
  #lostDelayMs(): number {
    return this.#retryMs * (0.8 + 0.4 * this.#random());
  }

  #backoffMs(): number {
    const delayMs = Math.min(FIRST_BACKOFF_MS * 2 ** this.#failures++, MAX_BACKOFF_MS);
    return delayMs * (0.5 + this.#random() / 2);
  }

  get #silenceMs(): number {
    return this.#options.silenceMs ?? SILENCE_MS;
  }

  #expectSound(silenceMs: number): void {
    clearTimeout(this.#silenceTimer);
    this.#silenceTimer = setTimeout(() => {
      this.counters.losses++;
      this.#comeBack(this.#backoffMs(), `nothing was heard for ${silenceMs / 1_000} s`);
    }, silenceMs);
  }

  #disconnect(): void {
    this.#isLive = false;
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#silenceTimer);
    this.#close?.();
    this.#close = undefined;
  }

  #note(note: string): void {
    this.#options.onNote?.(note);
  }
}

function again(delayMs: number): string {
  return `again in ${(delayMs / 1_000).toFixed(1)} s`;
}
