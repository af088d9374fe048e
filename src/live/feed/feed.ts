import { databaseTrouble, logFailure } from '../../platform/database-errors';
import { within } from '../../platform/deadline';
import type { Logger } from '../../platform/log';
import type { Commit, Cursor, LoggedChange } from '../log/change';
import type { LiveLog } from '../log/live-log';
import { type NodeClock, nodeClock } from '../turns';
import { type Batch, coalesced, type FeedListener, type ResetReason, topicsInBurst } from './batch';
import type { Bus } from './bus';
import type { CommitMessage, Note } from './bus-message';
import type { Present } from './present';
import { Rings } from './rings';

/** Milliseconds between two looks at the head, ± 20 %: what a lost message costs at most. */
const POLL_MS = 2_000;
/** Without a look at the head for longer than this, a node may have missed a change: what viewers are promised. */
const MAX_UNSEEN_MS = 3_000;
/** The same, for visitors to be sent to another node. */
const MAX_UNREADY_MS = 5_000;
/** A look takes longer than this only if something hangs that has no deadline of its own: then the next one must not wait for it. */
const LOOK_MS = 4_000;
/** The first look of all may meet a machine on which everything is just starting. */
const START_MS = 8_000;
/** After a look that failed, or a reading of items. */
const RETRY_MS = 400;
/** Changes that are read at once. */
const READ_CHANGES = 1_024;
/** A node that is further behind begins anew. */
const MAX_BEHIND = 10_000;
const RING_CHANGES = 256;
const ALL_RINGS_CHANGES = 20_000;

/**
 * Puts the changes of all nodes in order for one node: takes what the bus brings as long as the numbers follow each other, reads
 * the log wherever they don't, and reads what is true now of what somebody wants to know.
 */
export class Feed {
  readonly #log: LiveLog;
  readonly #bus: Bus;
  readonly #present: Present;
  readonly #logger: Logger;
  readonly #clock: NodeClock;
  readonly #pollMs: number;
  readonly #rings = new Rings(RING_CHANGES, ALL_RINGS_CHANGES);
  readonly #listeners = new Set<FeedListener>();
  readonly #noteListeners = new Set<(note: Note, from: string) => void>();
  /** Received in order, and not emitted yet. */
  #pending: LoggedChange[] = [];
  #arrival: Batch['arrival'];
  #emitted: Cursor = { epoch: '', seq: 0 };
  /** When the last look at the head that succeeded was begun. */
  #lookedMs = Number.NEGATIVE_INFINITY;
  /** When another node has last said that it is sure. */
  #otherSureMs = Number.NEGATIVE_INFINITY;
  /** The look under way, and the one that begins when it is over. */
  #look: Promise<void> | undefined;
  #nextLook: Promise<void> | undefined;
  /** Counts looks: what one brings that was given up is not taken any more. */
  #looks = 0;
  /** Counts beginnings: what was read for the changes before one is not emitted any more. */
  #beginnings = 0;
  #delivery: Promise<void> | undefined;
  #cancelPoll: () => void = () => undefined;
  #state: 'new' | 'running' | 'stopped' = 'new';

  constructor(options: {
    readonly log: LiveLog;
    readonly bus: Bus;
    readonly present: Present;
    readonly logger: Logger;
    readonly clock?: NodeClock;
    readonly pollMs?: number;
  }) {
    this.#log = options.log;
    this.#bus = options.bus;
    this.#present = options.present;
    this.#logger = options.logger;
    this.#clock = options.clock ?? nodeClock;
    this.#pollMs = options.pollMs ?? POLL_MS;
  }

  /** The last change that was emitted. */
  get cursor(): Cursor {
    return this.#emitted;
  }

  /** Milliseconds since the last look at the head that succeeded: changes that are older are known. */
  get unseenMs(): number {
    return this.#clock.now() - this.#lookedMs;
  }

  /** False when the head could not be looked at for five seconds: there may be changes that this node can't know of. */
  get isReady(): boolean {
    return this.unseenMs <= MAX_UNREADY_MS;
  }

  /** Whether clients are better off with another node: this one isn't ready, and another one has just said that it is sure. */
  get isElsewhereBetter(): boolean {
    return !this.isReady && this.#clock.now() - this.#otherSureMs <= MAX_UNREADY_MS;
  }

  /**
   * The last change of any of these topics, or a later one, as far as this node has heard of it; undefined while there may be
   * others, since the head could not be looked at for three seconds.
   */
  headOf(topics: readonly string[]): Cursor | undefined {
    if (this.unseenMs > MAX_UNSEEN_MS) return undefined;
    let seq = 0;
    for (const topic of topics) seq = Math.max(seq, this.#rings.headOf(topic));
    const isOfThese = ({ topics: touched }: LoggedChange): boolean =>
      touched.some((topic) => topics.includes(topic));
    return { epoch: this.#emitted.epoch, seq: this.#pending.findLast(isOfThese)?.seq ?? seq };
  }

  /**
   * Fills the memory of recent changes, then follows. Resolves when this node can serve streams.
   * @throws when the log can't be read within eight seconds
   */
  async start(): Promise<void> {
    await this.#untilBegun();
    this.#state = 'running';
    this.#lookedMs = this.#clock.now();
    // Only now: a message before the first cursor could not be put in order.
    await this.#bus.subscribe({
      onCommit: (message) => this.#receive(message),
      onUncertain: () => this.#catchUpInBackground(),
      onNote: (note, from) => this.#hear(note, from),
    });
    await this.catchUp();
    this.#schedulePoll();
  }

  async stop(): Promise<void> {
    this.#state = 'stopped';
    this.#cancelPoll();
    this.#listeners.clear();
    this.#noteListeners.clear();
    await Promise.allSettled([this.#look, this.#nextLook, this.#delivery]);
  }

  /** Listeners are called in order, synchronously. Returns a function that ends the subscription. */
  follow(listener: FeedListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Called with what other nodes say that this feed itself has no use for. Returns a function that ends the subscription. */
  onNote(listener: (note: Note, from: string) => void): () => void {
    this.#noteListeners.add(listener);
    return () => this.#noteListeners.delete(listener);
  }

  /** The emitted changes of the topic after `seq`, in order; undefined when this node no longer remembers them all. */
  recent(topic: string, seq: number): readonly LoggedChange[] | undefined {
    return this.#rings.after(topic, seq);
  }

  /**
   * Reads the head, and the log if this node is behind. Resolves when all that was committed before the call has been emitted:
   * a look that is under way may have read the head before, so calls that overlap share the next one.
   */
  catchUp(): Promise<void> {
    this.#nextLook ??= this.#lookAfter(this.#look);
    return this.#nextLook;
  }

  /** Takes what this node has just committed, without waiting for the bus to bring it back: whoever made a change sees it at once. */
  takeOwn(commit: Commit): void {
    this.#receive({ commit, committedAtMs: Date.now() });
  }

  get #received(): number {
    return this.#pending.at(-1)?.seq ?? this.#emitted.seq;
  }

  async #untilBegun(): Promise<void> {
    const giveUpMs = this.#clock.now() + START_MS;
    for (;;) {
      try {
        return await this.#within(
          LOOK_MS,
          'Reading the log',
          this.#beginAnew(() => false),
        );
      } catch (error) {
        if (this.#clock.now() > giveUpMs) throw error;
        await this.#pause(RETRY_MS);
      }
    }
  }

  async #lookAfter(former: Promise<void> | undefined): Promise<void> {
    await former?.catch(() => undefined);
    this.#look = this.#nextLook;
    this.#nextLook = undefined;
    const number = ++this.#looks;
    const beganMs = this.#clock.now();
    try {
      const isOver = (): boolean => number !== this.#looks || this.#state === 'stopped';
      await this.#within(LOOK_MS, 'Looking at the head', this.#readLog(isOver));
      this.#lookedMs = beganMs;
      this.#bus.tell({ type: 'sure' });
    } finally {
      this.#looks++;
      this.#look = undefined;
    }
  }

  #receive({ commit: { epoch, changes }, committedAtMs }: CommitMessage): void {
    const [first, last] = [changes[0], changes.at(-1)];
    if (this.#state !== 'running' || !first || !last) return;
    const isOurs = epoch === this.#emitted.epoch;
    if (isOurs && last.seq <= this.#received) return;
    if (!isOurs || first.seq !== this.#received + 1) return this.#catchUpInBackground();
    // Another machine's clock may be ahead.
    this.#take(changes, Math.max(Date.now() - committedAtMs, 0));
  }

  #hear(note: Note, from: string): void {
    if (note.type === 'sure') {
      this.#otherSureMs = this.#clock.now();
      return;
    }
    for (const listener of this.#noteListeners) listener(note, from);
  }

  #catchUpInBackground(): void {
    // Whoever asked for the next look hears of it if it fails.
    if (this.#nextLook) return;
    this.catchUp().catch((error: unknown) => logFailure(this.#logger, error, 'Reading the log failed'));
  }

  /** @param isOver whether this look was given up meanwhile: then it may change nothing any more */
  async #readLog(isOver: () => boolean): Promise<void> {
    // What is known now was committed before the head is read; what comes while it is read may be later than that.
    const known: Cursor = { epoch: this.#emitted.epoch, seq: this.#received };
    const head = await this.#log.readHead();
    if (isOver()) return;
    if (head.epoch !== known.epoch) return this.#resetTo(isOver, 'epoch');
    if (head.seq < known.seq) {
      // A backup was restored, or a replica took over, and nothing else tells.
      await this.#log.renewEpoch(known);
      return this.#resetTo(isOver, 'epoch');
    }
    if (head.seq - this.#received > MAX_BEHIND) return this.#resetTo(isOver, 'burst');
    while (this.#received < head.seq) {
      const changes = await this.#log.readSince(this.#received, READ_CHANGES);
      if (isOver()) return;
      // The bus may have brought some of them while the query ran.
      const fresh = changes.filter(({ seq }) => seq > this.#received);
      if (fresh[0] ? fresh[0].seq !== this.#received + 1 : this.#received < head.seq)
        return this.#resetTo(isOver, 'gap');
      this.#take(fresh);
    }
    await this.#delivery;
  }

  #take(changes: readonly LoggedChange[], busMs?: number): void {
    if (changes.length === 0) return;
    this.#arrival ??= { receivedMs: this.#clock.now(), busMs };
    this.#pending.push(...changes);
    this.#delivery ??= this.#deliverAll().finally(() => {
      this.#delivery = undefined;
    });
  }

  async #deliverAll(): Promise<void> {
    // One turn of the event loop gathers a burst that arrived together.
    await new Promise<void>((resolve) => void this.#clock.soon(resolve));
    while (this.#pending.length > 0 && this.#state === 'running') {
      const beginning = this.#beginnings;
      const changes = [...this.#pending];
      try {
        const batch = await this.#read(changes);
        if (beginning === this.#beginnings && this.#state === 'running') this.#emitChanges(changes, batch);
      } catch (error) {
        logFailure(this.#logger, error, 'Reading what has changed failed');
        // What is no trouble of the database's would be the same again: its lists are read again instead.
        if (databaseTrouble(error)) await this.#pause(RETRY_MS);
        else if (beginning === this.#beginnings) this.#emitUnread(changes);
      }
    }
  }

  /** Reads until all that somebody wants is there: while it is read, others may have come who want more. */
  async #read(changes: readonly LoggedChange[]): Promise<Pick<Batch, 'changes' | 'resets'>> {
    let wanted = this.#wantedOf(changes);
    for (;;) {
      const present = await this.#present.read(wanted.changes);
      const later = this.#wantedOf(changes);
      if (later.changes.length === wanted.changes.length && later.resets.length === wanted.resets.length) {
        const withItems = later.changes.map((change) => ({ ...change, item: present.of(change) }));
        return { changes: withItems, resets: later.resets };
      }
      wanted = later;
    }
  }

  #wantedOf(changes: readonly LoggedChange[]): {
    readonly changes: readonly LoggedChange[];
    readonly resets: readonly string[];
  } {
    const isWanted = (topic: string): boolean => [...this.#listeners].some(({ wants }) => wants(topic));
    const resets = topicsInBurst(changes).filter(isWanted);
    const rest = new Set(resets);
    const wanted = coalesced(changes).flatMap((change) => {
      const topics = change.topics.filter((topic) => !rest.has(topic) && isWanted(topic));
      return topics.length > 0 ? [{ ...change, topics }] : [];
    });
    return { changes: wanted, resets };
  }

  #emitChanges(taken: readonly LoggedChange[], { changes, resets }: Pick<Batch, 'changes' | 'resets'>): void {
    const last = taken.at(-1);
    if (!last) return;
    this.#pending.splice(0, taken.length);
    this.#rings.push(taken);
    this.#emitted = { epoch: this.#emitted.epoch, seq: last.seq };
    const arrival = this.#arrival ?? { receivedMs: this.#clock.now(), busMs: undefined };
    this.#arrival = undefined;
    const previous = taken[0] ? taken[0].seq - 1 : last.seq;
    this.#emit({ type: 'changes', cursor: this.#emitted, previous, arrival, changes, resets });
  }

  #emitUnread(taken: readonly LoggedChange[]): void {
    const { changes, resets } = this.#wantedOf(taken);
    const topics = new Set([...resets, ...changes.flatMap((change) => change.topics)]);
    this.#emitChanges(taken, { changes: [], resets: [...topics] });
  }

  async #resetTo(isOver: () => boolean, reason: ResetReason): Promise<void> {
    await this.#beginAnew(isOver);
    if (!isOver()) this.#emit({ type: 'reset', cursor: this.#emitted, reason });
  }

  async #beginAnew(isOver: () => boolean): Promise<void> {
    const head = await this.#log.readHead();
    const recent = await this.#log.readRecent(head.seq, READ_CHANGES);
    if (isOver()) return;
    this.#beginnings++;
    this.#pending = [];
    this.#arrival = undefined;
    this.#rings.clear(head.seq);
    this.#rings.fill(recent);
    this.#emitted = head;
  }

  #emit(batch: Parameters<FeedListener['onBatch']>[0]): void {
    for (const { onBatch } of this.#listeners) {
      try {
        onBatch(batch);
      } catch (error) {
        this.#logger.error({ err: error }, 'A listener of the feed failed');
      }
    }
  }

  #schedulePoll(afterMs = this.#pollMs): void {
    if (this.#state !== 'running') return;
    this.#cancelPoll = this.#clock.after(afterMs * (0.8 + 0.4 * this.#clock.random()), () => {
      this.catchUp().then(
        () => this.#schedulePoll(),
        (error: unknown) => {
          logFailure(this.#logger, error, 'Reading the head failed');
          // Mostly it was the connection, and the next one works.
          this.#schedulePoll(Math.min(RETRY_MS, this.#pollMs));
        },
      );
    });
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#clock.after(ms, resolve));
  }

  #within<T>(ms: number, what: string, work: Promise<T>): Promise<T> {
    // After a turn for the network: a process that was busy for as long has the answer, and has not read it yet.
    return within(ms, what, work, (delayMs, task) =>
      this.#clock.after(delayMs, () => void this.#clock.soon(task)),
    );
  }
}
