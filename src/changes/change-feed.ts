import type { Database } from '../platform/database';
import type { Logger } from '../platform/log';
import type { ChangeBus } from './change-bus';
import { type ChangeEvent, type Cursor, compactChanges } from './change-event';
import { readChangesSince, readHead, readRecentChanges } from './change-log';
import { RecentChanges } from './recent-changes';

/** Why a client can't be brought up to date by events and has to read the page again. */
export type ResetReason = 'gap' | 'epoch' | 'burst' | 'malformed' | 'ahead';

/** What a feed emits: `cursor` is the point that whoever applied it has reached. */
export type FeedBatch =
  | { readonly type: 'changes'; readonly cursor: Cursor; readonly events: readonly ChangeEvent[] }
  | { readonly type: 'reset'; readonly cursor: Cursor; readonly reason: ResetReason };

/** Milliseconds between two looks at the head, ± 20 %: what a lost message costs at most. */
const POLL_MS = 2_000;
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
  #emitted: Cursor = { epoch: '', seq: 0 };
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

  /** Fills the memory of recent changes, then follows. Resolves when this node can serve streams. */
  async start(): Promise<void> {
    await this.#startOver(await readHead(this.#db));
    this.#state = 'running';
    await this.#bus.subscribe(
      (event) => this.#receive(event),
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
    this.#catchingUp ??= this.#readLog().finally(() => {
      this.#catchingUp = undefined;
      if (this.#catchUpAgain && this.#state === 'running') {
        this.#catchUpAgain = false;
        this.#catchUpInBackground();
      }
    });
    await this.#catchingUp;
  }

  get #received(): number {
    return this.#pending.at(-1)?.seq ?? this.#emitted.seq;
  }

  #receive(event: ChangeEvent): void {
    if (this.#state !== 'running') return;
    if (event.epoch === this.#emitted.epoch && event.seq <= this.#received) return;
    if (event.epoch === this.#emitted.epoch && event.seq === this.#received + 1) this.#take([event]);
    else this.#catchUpInBackground();
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

  #take(events: readonly ChangeEvent[]): void {
    if (events.length === 0) return;
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
    this.#recent.push(events);
    this.#emitted = { epoch: last.epoch, seq: last.seq };
    const compacted = compactChanges(events);
    const burst = compacted.length > MAX_BURST || compacted.some((event) => event.type === 'reset');
    this.#emit(
      burst
        ? { type: 'reset', cursor: this.#emitted, reason: 'burst' }
        : { type: 'changes', cursor: this.#emitted, events: compacted },
    );
  }

  async #resetTo(head: Cursor, reason: ResetReason): Promise<void> {
    await this.#startOver(head);
    this.#emit({ type: 'reset', cursor: this.#emitted, reason });
  }

  async #startOver(head: Cursor): Promise<void> {
    const recent = await readRecentChanges(this.#db, head.epoch, head.seq, RING_EVENTS);
    this.#pending = [];
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
