import type { Clock } from './clock';
import { isBehind, isOfEpoch, seqOf } from './cursor';
import { withDeadline } from './deadline';
import type { RemoveEvent, UpsertEvent } from './stream-event';

const FIRST_RETRY_MS = 2_000;
const MAX_RETRY_MS = 30_000;
/** For the whole answer. */
const ANSWER_MS = 10_000;
/** So many answers in a row of another epoch than the stream's are right: it is the stream's that has passed. */
const STRANGERS_BEFORE_TRUST = 3;

/** A list as the server rendered it. */
type FreshList = {
  /** The point up to which its items are complete. */
  readonly cursor: string;
  /** Makes the page's items these. */
  show(): void;
};

export type ReadingOptions = {
  readonly clock: Clock;
  /** Asks the site for the list; rejects when it can't be had for the moment. Ends with the signal. */
  readonly fetch: (signal: AbortSignal) => Promise<string>;
  /** Undefined when the answer holds no list. */
  readonly parse: (html: string) => FreshList | undefined;
  readonly apply: (event: UpsertEvent | RemoveEvent) => void;
  /** The list holds all that the server knows; to be told before later events are applied. */
  readonly onReplaced: () => void;
  /** From true to false the items may be older than what the stream has told. */
  readonly onPending?: (isPending: boolean) => void;
  /** A surprise. The list is read again. */
  readonly onError?: (error: unknown) => void;
  /** Told of each reading that has to be repeated, and when that will be. */
  readonly onRetry?: (reason: unknown, retryMs: number) => void;
};

/**
 * Reads a list again when what the page knows can't be continued, and goes on until it has one that is as new as what the stream
 * has told; one reading at a time.
 */
export class Reading {
  readonly #options: ReadingOptions;
  readonly #clock: Clock;
  /** The latest event of each key since the list was asked for: the answer may be older than that. */
  readonly #meanwhile = new Map<string, UpsertEvent | RemoveEvent>();
  #cancelTimer: (() => void) | undefined;
  #reading: { readonly life: AbortController; readonly isDone: Promise<boolean> } | undefined;
  /** Stays while stopped: what is needed is read after the next start. */
  #need: 'none' | 'quiet' | 'loud' = 'none';
  /** What is needed; empty when any list will do. */
  #atLeast = '';
  #isStopped = false;
  #failures = 0;
  #strangers = 0;

  constructor(options: ReadingOptions) {
    this.#options = options;
    this.#clock = options.clock;
  }

  /** The items may be older than what the stream has told. */
  get isPending(): boolean {
    return this.#need === 'loud';
  }

  /** The list is going to be another one, or is just being read. */
  get isUnderWay(): boolean {
    return this.#need !== 'none' || this.#reading !== undefined;
  }

  /**
   * Reads the list after a random part of `spreadMs`, since every open page was told the same at once.
   * @param atLeast the point that the list has to have reached: a cache or a node that lags may answer with an older one
   */
  request(spreadMs: number, atLeast: string): void {
    // All that came before is in a list of that point; and what came in another epoch has no place in it.
    this.#meanwhile.clear();
    this.#atLeast = atLeast;
    this.#strangers = 0;
    this.#setNeed('loud');
    this.#readSoon(spreadMs);
  }

  /**
   * The same for what this page alone lacks: what it shows is no older than the stream, so nobody is told.
   * @param atLeast the point that the page has reached
   */
  requestQuietly(spreadMs: number, atLeast: string): void {
    if (this.#need !== 'none') return;
    if (!this.#reading) this.#meanwhile.clear();
    this.#atLeast = atLeast;
    this.#strangers = 0;
    this.#setNeed('quiet');
    this.#readSoon(spreadMs);
  }

  /**
   * Reads the list now. False when it can't be had.
   * @param atLeast the point that the page has reached
   */
  async poll(atLeast: string): Promise<boolean> {
    if (this.#isStopped) return false;
    if (!this.isUnderWay) {
      this.#meanwhile.clear();
      this.#atLeast = atLeast;
    }
    return this.#readNow();
  }

  /** To be told of every event that is applied to the list. */
  note(event: UpsertEvent | RemoveEvent): void {
    if (this.isUnderWay) this.#meanwhile.set(event.key, event);
  }

  start(): void {
    this.#isStopped = false;
    this.#readSoon(FIRST_RETRY_MS);
  }

  /** Nothing is read or changed any more, for now. */
  stop(): void {
    this.#isStopped = true;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#reading?.life.abort();
    this.#reading = undefined;
  }

  /** Unless it is not needed, or is going to be read anyway. */
  #readSoon(spreadMs: number): void {
    if (this.#need === 'none' || this.#isStopped || this.#cancelTimer || this.#reading) return;
    this.#schedule(this.#clock.random() * spreadMs);
  }

  #schedule(delayMs: number): void {
    this.#cancelTimer = this.#clock.after(delayMs, () => void this.#readNow());
  }

  /** Whoever asks while a reading is under way gets its outcome. */
  #readNow(): Promise<boolean> {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    if (this.#reading) return this.#reading.isDone;
    const life = new AbortController();
    const isDone = this.#read(life.signal).then((failure) => {
      if (life.signal.aborted) return false;
      this.#reading = undefined;
      this.#failures = failure === undefined ? 0 : this.#failures + 1;
      if (this.#need !== 'none') this.#retry(failure);
      return failure === undefined;
    });
    this.#reading = { life, isDone };
    return isDone;
  }

  #retry(reason: unknown): void {
    const longestMs = Math.min(FIRST_RETRY_MS * 2 ** Math.max(this.#failures - 1, 0), MAX_RETRY_MS);
    const retryMs = longestMs * (0.5 + this.#clock.random() / 2);
    this.#options.onRetry?.(reason, retryMs);
    this.#schedule(retryMs);
  }

  /** Never rejects: returns why the list has to be read again, or undefined. */
  async #read(life: AbortSignal): Promise<unknown> {
    const { fetch, parse, onReplaced, onError } = this.#options;
    let html: string;
    try {
      html = await withDeadline(this.#clock, ANSWER_MS, fetch, life);
    } catch (error) {
      // No surprise: the items stay as they are until the site can be reached.
      return error;
    }
    if (life.aborted) return life.reason;
    const before = this.#need;
    try {
      const fresh = parse(html);
      if (!fresh) return new Error('The answer holds no list');
      if (!this.#isNewEnough(fresh.cursor))
        return new Error(`The answer is of ${fresh.cursor}, and ${this.#atLeast} was told`);
      // Before anything is changed: what fails below asks for another reading.
      this.#setNeed('none');
      fresh.show();
      onReplaced();
      this.#applyMeanwhile(fresh.cursor);
      return undefined;
    } catch (error) {
      onError?.(error);
      this.#setNeed(before === 'quiet' ? 'quiet' : 'loud');
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
    return this.#need === 'none' || ++this.#strangers >= STRANGERS_BEFORE_TRUST;
  }

  #applyMeanwhile(reached: string): void {
    const later = [...this.#meanwhile.values()].filter(({ rev }) => rev > seqOf(reached));
    this.#meanwhile.clear();
    for (const event of later.sort((a, b) => a.rev - b.rev)) this.#options.apply(event);
  }

  #setNeed(need: 'none' | 'quiet' | 'loud'): void {
    const [was, isNow] = [this.isPending, need === 'loud'];
    this.#need = need;
    if (was !== isNow) this.#options.onPending?.(isNow);
  }
}
