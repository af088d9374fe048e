import type { Database } from '../platform/database';
import type { Logger } from '../platform/log';
import type { ChangeBus } from './change-bus';
import { type ChangeEvent, type Cursor, compactChanges } from './change-event';
import { readChangesSince, readHead, readRecentChanges } from './change-log';
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
/** More episodes than this in one burst are told as one reset. */
const MAX_BURST = 50;
/** More events than this after a resume are told as one reset. */
const MAX_REPLAY = 100;
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
  readonly #recent = new RecentChanges(RING_EVENTS, RING_BYTES);
  readonly #listeners = new Set<(batch: FeedBatch) => void>();
  #pending: ChangeEvent[] = [];
  #arrival: Arrival | undefined;
  #emitted: Cursor = { epoch: '', seq: 0 };
  /** When the last look at the head that succeeded was begun, on the clock of `performance.now()`. */
  #lookedMs = Number.NEGATIVE_INFINITY;
  #catchingUp: Promise<void> | undefined;
  #catchUpAgain = false;
  #flushing: NodeJS.Immediate | undefined;
  #pollTimer: NodeJS.Timeout | undefined;
  #state: 'new' | 'running' | 'stopped' = 'new';

  constructor(options: { db: Database; bus: ChangeBus; log: Logger; pollMs?: number }) {
    this.#db = options.db;
    this.#bus = options.bus;
    this.#log = options.log;
    this.#pollMs = options.pollMs ?? POLL_MS;
  }

  /** The last change that was emitted. */
  get cursor(): Cursor {
    return this.#emitted;
  }

  /** The same, while it is sure to be the head of at most three seconds ago; undefined while it may be older. */
  get sureCursor(): Cursor | undefined {
    return performance.now() - this.#lookedMs <= MAX_UNSEEN_MS ? this.#emitted : undefined;
  }

  /** Fills the memory of recent changes, then follows. Resolves when this node can serve streams. */
  async start(): Promise<void> {
    await this.#startOver(await readHead(this.#db));
    this.#state = 'running';
    await this.#bus.subscribe(
      (event, committedAtMs) => this.#receive(event, committedAtMs),
      () => this.#catchUpInBackground(),
    );
    await this.catchUp();
    this.#schedulePoll();
  }

  async stop(): Promise<void> {
    this.#state = 'stopped';
    clearTimeout(this.#pollTimer);
    if (this.#flushing) clearImmediate(this.#flushing);
    this.#listeners.clear();
    await this.#catchingUp?.catch(() => undefined);
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

  /** Reads the head, and the change log if this node is behind. Calls that overlap share one reading. */
  async catchUp(): Promise<void> {
    this.#catchingUp ??= this.#look().finally(() => {
      this.#catchingUp = undefined;
      if (this.#catchUpAgain && this.#state === 'running') {
        this.#catchUpAgain = false;
        this.#catchUpInBackground();
      }
    });
    await this.#catchingUp;
  }

  async #look(): Promise<void> {
    const beganMs = performance.now();
    await this.#readLog();
    this.#lookedMs = beganMs;
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
    // A reading under way may have looked at the head before the change that asks for this one.
    if (this.#catchingUp) {
      this.#catchUpAgain = true;
      return;
    }
    this.catchUp().catch((error: unknown) => this.#log.warn({ err: error }, 'Reading the change log failed'));
  }

  async #readLog(): Promise<void> {
    const head = await readHead(this.#db);
    if (this.#state === 'stopped') return;
    if (head.epoch !== this.#emitted.epoch || head.seq < this.#emitted.seq) {
      // Another history: a backup was restored, or the log was truncated.
      return this.#resetTo(head, 'epoch');
    }
    // Whoever waits for this reading wants to see its result now.
    if (head.seq <= this.#received) return this.#flush();
    const from = this.#received;
    const events = await readChangesSince(this.#db, head.epoch, from, RING_EVENTS + 1);
    // The bus may have brought some of them while the query ran.
    const fresh = events.filter((event) => event.seq > this.#received);
    if (events.length > RING_EVENTS) return this.#resetTo(head, 'burst');
    if (fresh[0] && fresh[0].seq !== this.#received + 1) return this.#resetTo(head, 'gap');
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

  async #resetTo(head: Cursor, reason: ResetReason): Promise<void> {
    await this.#startOver(head);
    this.#emit({ type: 'reset', cursor: this.#emitted, reason });
  }

  async #startOver(head: Cursor): Promise<void> {
    const recent = await readRecentChanges(this.#db, head.epoch, head.seq, RING_EVENTS);
    this.#pending = [];
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

  #schedulePoll(): void {
    if (this.#state !== 'running') return;
    const delayMs = this.#pollMs * (0.8 + 0.4 * Math.random());
    this.#pollTimer = setTimeout(() => {
      this.catchUp()
        .catch((error: unknown) => this.#log.warn({ err: error }, 'Reading the head failed'))
        .finally(() => this.#schedulePoll());
    }, delayMs);
  }
}
