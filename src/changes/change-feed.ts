import type { Database } from '../platform/database';
import { logFailure } from '../platform/database-errors';
import { within } from '../platform/deadline';
import type { Logger } from '../platform/log';
import type { ChangeBus } from './change-bus';
import { type ChangeEvent, type Cursor, compactChanges } from './change-event';
import { readChangesSince, readHeadOfHistory, readRecentChanges, renewEpoch } from './change-log';
import { type FindPublic, ReadableChanges } from './readable-changes';
import { RecentChanges } from './recent-changes';

/** Why a client can't be brought up to date by events and has to read the page again. */
export type ResetReason = 'gap' | 'epoch' | 'burst' | 'malformed' | 'ahead';

/** How the oldest change of a batch came. */
export type Arrival = {
  /** `performance.now()` of its receipt */
  readonly receivedMs: number;
  /** Milliseconds from the commit to the receipt; undefined when the change was read from the log. */
  readonly busMs: number | undefined;
};

/** What a feed emits: `cursor` is the point that whoever applied it has reached. */
export type FeedBatch = { readonly cursor: Cursor; readonly arrival?: Arrival } & (
  | { readonly type: 'changes'; readonly events: readonly ChangeEvent[] }
  | { readonly type: 'reset'; readonly reason: ResetReason }
);

/** Milliseconds between two looks at the head, ± 20 %: what a lost message costs at most. */
const POLL_MS = 2_000;
/** Without a look at the head for longer than this, a node may have missed a change: what viewers are promised. */
const MAX_UNSEEN_MS = 3_000;
/** The same, for visitors to be sent to another node. */
const MAX_UNREADY_MS = 5_000;
/**
 * A look takes longer than this only if something hangs that has no deadline of its own: then the next one must not wait for
 * it.
 */
const LOOK_MS = 4_000;
/** The first look of all may meet a machine on which everything is just starting. */
const START_MS = 8_000;
/** More episodes than this in one burst are told as one reset. */
const MAX_BURST = 50;
/** More events than this after a resume are told as one reset. */
const MAX_REPLAY = 100;
/** After a look that failed. */
const RETRY_MS = 400;
const RING_EVENTS = 1_024;
const RING_BYTES = 4 * 1_024 * 1_024;

/**
 * Puts the changes of all nodes in order for one node: takes what the bus brings as long as the numbers follow
 * each other, and reads the change log wherever they don't.
 */
export class ChangeFeed {
  readonly #db: Database;
  readonly #bus: ChangeBus;
  readonly #log: Logger;
  readonly #pollMs: number;
  readonly #readable: ReadableChanges;
  readonly #recent = new RecentChanges(RING_EVENTS, RING_BYTES);
  readonly #listeners = new Set<(batch: FeedBatch) => void>();
  #pending: ChangeEvent[] = [];
  #arrival: Arrival | undefined;
  #emitted: Cursor = { epoch: '', seq: 0 };
  /** When the last look at the head that succeeded was begun, on the clock of `performance.now()`. */
  #lookedMs = Number.NEGATIVE_INFINITY;
  /** The look under way, and the one that begins when it is over. */
  #look: Promise<void> | undefined;
  #nextLook: Promise<void> | undefined;
  /** Counts looks: what one brings that was given up is not taken any more. */
  #looks = 0;
  #flushing: NodeJS.Immediate | undefined;
  #pollTimer: NodeJS.Timeout | undefined;
  #state: 'new' | 'running' | 'stopped' = 'new';

  /** @param options.findPublic gives those of the episodes that are public, for what a row of the log can't tell */
  constructor(options: {
    db: Database;
    bus: ChangeBus;
    log: Logger;
    pollMs?: number;
    findPublic?: FindPublic;
  }) {
    this.#db = options.db;
    this.#bus = options.bus;
    this.#log = options.log;
    this.#pollMs = options.pollMs ?? POLL_MS;
    this.#readable = new ReadableChanges(options.log, options.findPublic);
  }

  /** The last change that was emitted. */
  get cursor(): Cursor {
    return this.#emitted;
  }

  /** The same, while it is sure to be the head of at most three seconds ago; undefined while it may be older. */
  get sureCursor(): Cursor | undefined {
    return performance.now() - this.#lookedMs <= MAX_UNSEEN_MS ? this.#emitted : undefined;
  }

  /** False when the head could not be looked at for five seconds: there may be changes that this node can't know of. */
  get isReady(): boolean {
    return performance.now() - this.#lookedMs <= MAX_UNREADY_MS;
  }

  /** Whether clients are better off with another node: this one isn't ready, and another one has just said that it is sure. */
  get isElsewhereBetter(): boolean {
    return !this.isReady && this.#bus.otherSureMs() <= MAX_UNREADY_MS;
  }

  /**
   * Fills the memory of recent changes, then follows. Resolves when this node can serve streams.
   * @throws when the database can't be read for some seconds
   */
  async start(): Promise<void> {
    await this.#untilStarted();
    this.#state = 'running';
    await this.#bus.subscribe(
      (event, committedAtMs) => this.#receive(event, committedAtMs),
      () => this.#catchUpInBackground(),
    );
    await this.catchUp();
    this.#schedulePoll();
  }

  async #untilStarted(): Promise<void> {
    const giveUpMs = performance.now() + START_MS;
    for (;;) {
      try {
        return await within(
          LOOK_MS,
          'Reading the change log',
          this.#startOver(() => false),
        );
      } catch (error) {
        if (performance.now() > giveUpMs) throw error;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  async stop(): Promise<void> {
    this.#state = 'stopped';
    clearTimeout(this.#pollTimer);
    if (this.#flushing) clearImmediate(this.#flushing);
    this.#listeners.clear();
    await Promise.allSettled([this.#look, this.#nextLook]);
  }

  /** Listeners are called in order, synchronously; returns what ends the subscription. */
  onBatch(listener: (batch: FeedBatch) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** What a client at `from` has missed, compacted; or why it can't be told. */
  since(from: Cursor): { readonly events: readonly ChangeEvent[] } | { readonly reset: ResetReason } {
    if (from.epoch !== this.#emitted.epoch) return { reset: 'epoch' };
    if (from.seq > this.#emitted.seq) return { reset: 'ahead' };
    const missed = this.#recent.after(from.seq);
    if (!missed) return { reset: 'gap' };
    if (missed.some((event) => event.type === 'reset')) return { reset: 'burst' };
    const events = compactChanges(missed);
    return events.length > MAX_REPLAY ? { reset: 'gap' } : { events };
  }

  /**
   * Reads the head, and the change log if this node is behind. Resolves when all that was committed before the call has been
   * emitted: a look that is under way may have read the head before, so calls that overlap share the next one.
   */
  catchUp(): Promise<void> {
    this.#nextLook ??= this.#lookAfter(this.#look);
    return this.#nextLook;
  }

  async #lookAfter(former: Promise<void> | undefined): Promise<void> {
    await former?.catch(() => undefined);
    this.#look = this.#nextLook;
    this.#nextLook = undefined;
    const number = ++this.#looks;
    const beganMs = performance.now();
    try {
      const isOver = (): boolean => number !== this.#looks || this.#state === 'stopped';
      await within(LOOK_MS, 'Looking at the head', this.#readLog(isOver));
      this.#lookedMs = beganMs;
      this.#bus.saySure();
    } finally {
      this.#looks++;
      this.#look = undefined;
    }
  }

  /**
   * Takes what this node has just committed, without waiting for the bus to bring it back: whoever made a change sees it
   * in the next answer.
   */
  takeOwn(events: readonly ChangeEvent[]): void {
    const committedAtMs = Date.now();
    for (const event of events) this.#receive(event, committedAtMs);
  }

  get #received(): number {
    return this.#pending.at(-1)?.seq ?? this.#emitted.seq;
  }

  #receive(event: ChangeEvent, committedAtMs: number): void {
    if (this.#state !== 'running') return;
    if (event.epoch === this.#emitted.epoch && event.seq <= this.#received) return;
    if (event.epoch === this.#emitted.epoch && event.seq === this.#received + 1) {
      // Another machine's clock may be ahead.
      this.#take([event], Math.max(Date.now() - committedAtMs, 0));
    } else this.#catchUpInBackground();
  }

  #catchUpInBackground(): void {
    // Whoever asked for the next look hears of it if it fails.
    if (this.#nextLook) return;
    this.catchUp().catch((error: unknown) => logFailure(this.#log, error, 'Reading the change log failed'));
  }

  /** @param isOver whether this look was given up meanwhile: then it may change nothing any more */
  async #readLog(isOver: () => boolean): Promise<void> {
    // What is known now was committed before the head is read; what comes while it is read may be later than that.
    const known: Cursor = { epoch: this.#emitted.epoch, seq: this.#received };
    const head = await readHeadOfHistory(this.#db);
    if (isOver()) return;
    if (head.epoch !== known.epoch) return this.#resetTo(isOver, 'epoch');
    if (head.seq < known.seq) {
      // A backup was restored, or a replica took over, and nothing else tells.
      await renewEpoch(this.#db, known);
      return this.#resetTo(isOver, 'epoch');
    }
    // Whoever waits for this reading wants to see its result now.
    if (head.seq <= this.#received) return this.#flush();
    const rows = await readChangesSince(this.#db, head.epoch, this.#received, RING_EVENTS + 1);
    const events = await this.#readable.all(rows);
    if (isOver()) return;
    if (events.length > RING_EVENTS) return this.#resetTo(isOver, 'burst');
    // The bus may have brought some of them while the query ran.
    const fresh = events.filter((event) => event.seq > this.#received);
    if (fresh[0] && fresh[0].seq !== this.#received + 1) return this.#resetTo(isOver, 'gap');
    this.#take(fresh);
    this.#flush();
  }

  #take(events: readonly ChangeEvent[], busMs?: number): void {
    if (events.length === 0) return;
    this.#arrival ??= { receivedMs: performance.now(), busMs };
    this.#pending.push(...events);
    // One turn of the event loop gathers a burst that arrived together.
    this.#flushing ??= setImmediate(() => this.#flush());
  }

  #flush(): void {
    if (this.#flushing) clearImmediate(this.#flushing);
    this.#flushing = undefined;
    const events = this.#pending;
    const last = events.at(-1);
    if (!last) return;
    this.#pending = [];
    const arrival = this.#arrival ?? { receivedMs: performance.now(), busMs: undefined };
    this.#arrival = undefined;
    this.#recent.push(events);
    this.#emitted = { epoch: last.epoch, seq: last.seq };
    const compacted = compactChanges(events);
    const burst = compacted.length > MAX_BURST || compacted.some((event) => event.type === 'reset');
    this.#emit(
      burst
        ? { type: 'reset', cursor: this.#emitted, arrival, reason: 'burst' }
        : { type: 'changes', cursor: this.#emitted, arrival, events: compacted },
    );
  }

  async #resetTo(isOver: () => boolean, reason: ResetReason): Promise<void> {
    await this.#startOver(isOver);
    if (!isOver()) this.#emit({ type: 'reset', cursor: this.#emitted, reason });
  }

  async #startOver(isOver: () => boolean): Promise<void> {
    const head = await readHeadOfHistory(this.#db);
    const recent = await this.#readable.all(
      await readRecentChanges(this.#db, head.epoch, head.seq, RING_EVENTS),
    );
    if (isOver()) return;
    // What came while it was read, and goes on from there.
    const later = this.#pending.filter(({ epoch, seq }) => epoch === head.epoch && seq > head.seq);
    this.#pending = later[0]?.seq === head.seq + 1 ? later : [];
    this.#arrival = undefined;
    this.#recent.clear(head.seq);
    this.#recent.fill(recent);
    this.#emitted = head;
  }

  #emit(batch: FeedBatch): void {
    for (const listener of this.#listeners) {
      try {
        listener(batch);
      } catch (error) {
        this.#log.error({ err: error }, 'A listener of the change feed failed');
      }
    }
  }

  #schedulePoll(afterMs = this.#pollMs): void {
    if (this.#state !== 'running') return;
    const delayMs = afterMs * (0.8 + 0.4 * Math.random());
    this.#pollTimer = setTimeout(() => {
      this.catchUp().then(
        () => this.#schedulePoll(),
        (error: unknown) => {
          logFailure(this.#log, error, 'Reading the head failed');
          // Mostly it was the connection, and the next one works.
          this.#schedulePoll(Math.min(RETRY_MS, this.#pollMs));
        },
      );
    }, delayMs);
  }
}
