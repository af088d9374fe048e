import { withDeadline } from '../deadline';
import { isBehind, isOfEpoch, seqOf } from './cursor';
import type { RemoveEvent, UpsertEvent } from './stream-event';

const FIRST_RETRY_MS = 2_000;
const MAX_RETRY_MS = 30_000;
/** For the whole answer. */
const ANSWER_MS = 10_000;
/** So many answers in a row of another epoch than the stream's are right: it is the stream's that has passed. */
const STRANGERS_BEFORE_TRUST = 3;

/** A grid as the server rendered it. */
export type FreshGrid = {
  /** The point up to which its cards are complete. */
  readonly cursor: string;
  /** Makes the page's cards these. */
  show(): void;
};

type GridRefreshOptions = {
  /** Asks the site for the grid; rejects when it can't be had for the moment. Ends with the signal. */
  readonly fetchGrid: (signal: AbortSignal) => Promise<string>;
  /** Undefined when the answer holds no grid. */
  readonly parse: (html: string) => FreshGrid | undefined;
  readonly apply: (event: UpsertEvent | RemoveEvent) => void;
  /** The grid holds all that the server knows; to be told before later events are applied. */
  readonly onReplaced: () => void;
  /** From true to false the cards may be older than what the stream has told. */
  readonly onPending?: (isPending: boolean) => void;
  /** A surprise. The grid is read again. */
  readonly onError?: (error: unknown) => void;
  /** Told of each reading that has to be repeated, and when that will be. */
  readonly onRetry?: (reason: unknown, retryMs: number) => void;
  /** At least 0, below 1: spreads what many would do at once. */
  readonly random?: () => number;
};

/**
 * Reads the grid again when what the page knows can't be continued, and goes on until it has one that is as new as what
 * the stream has told; one reading at a time.
 */
export class GridRefresh {
  readonly #options: GridRefreshOptions;
  readonly #random: () => number;
  /** The latest event of each episode since the grid was asked for: the answer may be older than that. */
  readonly #meanwhile = new Map<string, UpsertEvent | RemoveEvent>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #reading: { readonly life: AbortController; readonly isDone: Promise<boolean> } | undefined;
  /** Stays while stopped: what is needed is read after the next start. */
  #isNeeded = false;
  /** What is needed; empty when any grid will do. */
  #atLeast = '';
  #isStopped = false;
  #failures = 0;
  #strangers = 0;

  constructor(options: GridRefreshOptions) {
    this.#options = options;
    this.#random = options.random ?? Math.random;
  }

  /** The cards may be older than what the stream has told. */
  get isPending(): boolean {
    return this.#isNeeded;
  }

  /**
   * Reads the grid after a random part of `spreadMs`, since every open page was told the same at once.
   * @param atLeast the point that the grid has to have reached: a cache or a node that lags may answer with an older one
   */
  request(spreadMs: number, atLeast: string): void {
    // All that came before is in a grid of that point; and what came in another epoch has no place in it.
    this.#meanwhile.clear();
    this.#atLeast = atLeast;
    this.#strangers = 0;
    this.#setNeeded(true);
    this.#readSoon(spreadMs);
  }

  /**
   * Reads the grid now. False when it can't be had.
   * @param atLeast the point that the page has reached
   */
  async poll(atLeast: string): Promise<boolean> {
    if (this.#isStopped) return false;
    if (!this.#isNeeded && !this.#reading) {
      this.#meanwhile.clear();
      this.#atLeast = atLeast;
    }
    return this.#readNow();
  }

  /** To be told of every event that is applied to the grid. */
  note(event: UpsertEvent | RemoveEvent): void {
    if (this.#isNeeded || this.#reading) this.#meanwhile.set(event.episodeId, event);
  }

  start(): void {
    this.#isStopped = false;
    this.#readSoon(FIRST_RETRY_MS);
  }

  /** Nothing is read or changed any more, for now. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#reading?.life.abort();
    this.#reading = undefined;
  }

  /** Unless it is not needed, or is going to be read anyway. */
  #readSoon(spreadMs: number): void {
    if (!this.#isNeeded || this.#isStopped || this.#timer !== undefined || this.#reading) return;
    this.#schedule(this.#random() * spreadMs);
  }

  #schedule(delayMs: number): void {
    this.#timer = setTimeout(() => void this.#readNow(), delayMs);
  }

  /** Whoever asks while a reading is under way gets its outcome. */
  #readNow(): Promise<boolean> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#reading) return this.#reading.isDone;
    const life = new AbortController();
    const isDone = this.#read(life.signal).then((failure) => {
      if (life.signal.aborted) return false;
      this.#reading = undefined;
      this.#failures = failure === undefined ? 0 : this.#failures + 1;
      if (this.#isNeeded) this.#retry(failure);
      return failure === undefined;
    });
    this.#reading = { life, isDone };
    return isDone;
  }

  #retry(reason: unknown): void {
    const longestMs = Math.min(FIRST_RETRY_MS * 2 ** Math.max(this.#failures - 1, 0), MAX_RETRY_MS);
    const retryMs = longestMs * (0.5 + this.#random() / 2);
    this.#options.onRetry?.(reason, retryMs);
    this.#schedule(retryMs);
  }

  /** Never rejects: returns why the grid has to be read again, or undefined. */
  async #read(life: AbortSignal): Promise<unknown> {
    const { fetchGrid, parse, onReplaced, onError } = this.#options;
    let html: string;
    try {
      html = await withDeadline(ANSWER_MS, fetchGrid, life);
    } catch (error) {
      // No surprise: the cards stay as they are until the site can be reached.
      return error;
    }
    if (life.aborted) return life.reason;
    try {
      const fresh = parse(html);
      if (!fresh) return new Error('The answer holds no grid');
      if (!this.#isNewEnough(fresh.cursor))
        return new Error(`The answer is of ${fresh.cursor}, and ${this.#atLeast} was told`);
      // Before anything is changed: what fails below asks for another reading.
      this.#setNeeded(false);
      fresh.show();
      onReplaced();
      this.#applyMeanwhile(fresh.cursor);
      return undefined;
    } catch (error) {
      onError?.(error);
      this.#setNeeded(true);
      return error;
    }
  }

  #isNewEnough(cursor: string): boolean {
    if (this.#atLeast === '') return true;
    if (isOfEpoch(cursor, this.#atLeast)) {
      this.#strangers = 0;
      return !isBehind(cursor, this.#atLeast);
    }
    // Nobody has told of another epoch where the page only asks by itself.
    return !this.#isNeeded || ++this.#strangers >= STRANGERS_BEFORE_TRUST;
  }

  #applyMeanwhile(reached: string): void {
    const later = [...this.#meanwhile.values()].filter(({ rev }) => rev > seqOf(reached));
    this.#meanwhile.clear();
    for (const event of later.sort((a, b) => a.rev - b.rev)) this.#options.apply(event);
  }

  #setNeeded(isNeeded: boolean): void {
    if (isNeeded === this.#isNeeded) return;
    this.#isNeeded = isNeeded;
    this.#options.onPending?.(isNeeded);
  }
}
