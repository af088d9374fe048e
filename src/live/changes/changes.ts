import { LRUCache } from 'lru-cache';
import type { ResetReason } from '../feed/batch';
import type { Feed } from '../feed/feed';
import type { Present } from '../feed/present';
import type { Frames } from '../hub/frames';
import { findResumePoint, prepareGreeting } from '../hub/greeting';
import { type Cursor, formatCursor, type LoggedChange } from '../log/change';
import type { LiveLog } from '../log/live-log';
import { type ChangesAddress, changesPath } from '../state/changes-path';
import { OWN_RESET_SPREAD_MS } from '../state/stream-event';
import { type NodeClock, nodeClock } from '../turns';
import { changedFrame, nextFrame, resetFrame } from '../wire/sse-frame';
import { StreamBytes } from '../wire/stream-bytes';
import { parseWireName } from '../wire-topic';
import { Pace } from './pace';

/**
 * `full`: it says what the rows of the log say, and will never be another. `tail`: what is true now, for a moment. `gone`: from that
 * point nothing can be continued; it says so with a `reset`.
 */
export type ChangesAnswer = { readonly is: 'full' | 'tail' | 'gone'; readonly bytes: StreamBytes };

export type ChangesOptions = {
  readonly feed: Pick<Feed, 'cursor' | 'recent' | 'catchUp' | 'follow' | 'isReady'>;
  readonly log: Pick<LiveLog, 'readTopics' | 'readSince'>;
  readonly present: Present;
  readonly frames: Frames;
  readonly clock?: NodeClock;
  /** Milliseconds since 1970, about the same on all nodes. */
  readonly wallMs?: () => number;
};

/** Numbers that are answered for ever together: up to a multiple of this, the same for whoever begins where. */
export const SEGMENT = 64;
/** Whoever is further behind reads the lists instead of that many answers. */
const MAX_BEHIND = 16 * SEGMENT;
/** The longest that an answer waits; turns begin at the same moments everywhere. */
export const TURN_MS = 15_000;
/** More than this of what is true now is told as a reset. */
const MAX_TAIL_BYTES = 256 * 1_024;
/** Full answers that are kept. */
const MAX_KEPT = 100;
/** Requests that may wait at a process: each holds a connection, as a stream does. */
const MAX_ASKING = 4_000;

type Question = {
  readonly names: readonly string[];
  /** As the log knows them, each once. */
  readonly topics: readonly string[];
  readonly from: Cursor;
  readonly turn: number | undefined;
};

/**
 * What comes after a point, as answers that many can share: `GET /changes/<epoch>.<seq>`. A full one points and quotes nothing, so
 * that it may be kept for ever; what quotes is kept for a moment (docs/decisions/0047-changes-that-caches-keep.md).
 */
export class Changes {
  readonly #options: ChangesOptions;
  readonly #clock: NodeClock;
  readonly #wallMs: () => number;
  readonly #pace: Pace;
  /** Who asks for the same while it is prepared, or waited for, gets the same. */
  readonly #underWay = new Map<string, Promise<ChangesAnswer>>();
  readonly #full = new LRUCache<string, ChangesAnswer>({ max: MAX_KEPT });
  /** Each looks whether its wait is over. */
  readonly #waiting = new Set<() => void>();
  #asking = 0;
  #isLeaving = false;

  constructor(options: ChangesOptions) {
    this.#options = options;
    this.#clock = options.clock ?? nodeClock;
    this.#wallMs = options.wallMs ?? Date.now;
    this.#pace = new Pace({ feed: options.feed, clock: this.#clock, onCut: () => this.#lookAround() });
  }

  /**
   * Undefined when this node can't say: it doesn't see the head, is going to end, or too many are asking.
   * @throws what the database says
   */
  async answer(address: ChangesAddress): Promise<ChangesAnswer | undefined> {
    const { feed } = this.#options;
    if (!feed.isReady || this.#isLeaving || this.#asking >= MAX_ASKING) return undefined;
    const path = changesPath(address);
    const kept = this.#full.get(path);
    if (kept) return kept;
    this.#asking++;
    try {
      const answer = await this.#shared(path, address);
      if (answer.is === 'full') this.#full.set(path, answer);
      // What it would say after a wait in which nobody could look is not known.
      return answer.is === 'full' || feed.isReady ? answer : undefined;
    } finally {
      this.#asking--;
    }
  }

  /** The node is going to end: who waits is answered, and nobody waits from now on. */
  leave(): void {
    this.#isLeaving = true;
    this.#lookAround();
  }

  close(): void {
    this.leave();
    this.#pace.close();
  }

  #shared(path: string, address: ChangesAddress): Promise<ChangesAnswer> {
    const known = this.#underWay.get(path);
    if (known) return known;
    const answer = this.#prepare(address).finally(() => this.#underWay.delete(path));
    this.#underWay.set(path, answer);
    return answer;
  }

  async #prepare({ point, topics: names, turn }: ChangesAddress): Promise<ChangesAnswer> {
    const topics = [...new Set(names.map((name) => parseWireName(name).topic))];
    const from = await findResumePoint(this.#options, point);
    if (typeof from === 'string') return this.#gone(from, names);
    const { cut } = this.#pace;
    if (cut.seq - from.seq > MAX_BEHIND) return this.#gone('gap', names);
    const question = { names, topics, from, turn };
    if (boundaryAfter(from.seq) + SEGMENT <= cut.seq) return this.#readFull(question);
    if (turn !== undefined) await this.#untilChanged(question, turn);
    return from.epoch === this.#pace.cut.epoch ? this.#readTail(question) : this.#gone('epoch', names);
  }

  /** Resolves when there is something to tell, or the turn is over. */
  #untilChanged(question: Question, turn: number): Promise<void> {
    const lastMs = Math.min(Math.max((turn + 1) * TURN_MS - this.#wallMs(), 0), TURN_MS);
    return new Promise((resolve) => {
      const end = (): void => {
        this.#waiting.delete(look);
        cancel();
        resolve();
      };
      const look = (): void => {
        if (this.#isLeaving || this.#hasNews(question)) end();
      };
      const cancel = this.#clock.after(lastMs, end);
      this.#waiting.add(look);
      look();
    });
  }

  #lookAround(): void {
    for (const look of this.#waiting) look();
  }

  #hasNews({ topics, from }: Question): boolean {
    const { cut } = this.#pace;
    if (cut.epoch !== from.epoch) return true;
    return topics.some((topic) => this.#recent(topic, from.seq, cut)?.length !== 0);
  }

  /** What a node has heard of beyond its last cut is told at the next one, to all. */
  #recent(topic: string, seq: number, { seq: to }: Cursor): readonly LoggedChange[] | undefined {
    return this.#options.feed.recent(topic, seq)?.filter((change) => change.seq <= to);
  }

  /** Nothing but rows, which stay as they are: the same bytes from every node, whenever they are asked for. */
  async #readFull({ names, from }: Question): Promise<ChangesAnswer> {
    const to = { epoch: from.epoch, seq: boundaryAfter(from.seq) };
    const count = to.seq - from.seq;
    const rows = await this.#options.log.readSince(from.seq, count);
    if (rows[0]?.seq !== from.seq + 1 || rows.length !== count) return this.#gone('gap', names);
    if (from.epoch !== this.#options.feed.cursor.epoch) return this.#gone('epoch', names);
    const frames = rows.flatMap((row) => pointers(row, names, to.epoch));
    frames.push(nextFrame(to, changesPath({ point: formatCursor(to), topics: names })));
    return { is: 'full', bytes: StreamBytes.of(frames.join('')) };
  }

  async #readTail(question: Question): Promise<ChangesAnswer> {
    const { names, topics, from } = question;
    const { feed, log, present, frames } = this.#options;
    // Whoever has read a page may be beyond the last cut.
    const to = from.seq > this.#pace.cut.seq ? from : this.#pace.cut;
    const upToCut = {
      cursor: to,
      recent: (topic: string, seq: number) => this.#recent(topic, seq, to),
      catchUp: () => feed.catchUp(),
    };
    const { changes, resets } = await prepareGreeting({ feed: upToCut, log, present }, from, topics);
    // Who is cut in between has to get the reset, too, so that only the last frame may lead on.
    const epoch = resets.size > 0 ? undefined : to.epoch;
    const wire = names.map(parseWireName);
    const parts = changes.flatMap((change) => frames.of(change, wire, epoch));
    if (parts.reduce((sum, { length }) => sum + length, 0) > MAX_TAIL_BYTES) return this.#gone('gap', names);
    for (const [reason, gone] of resets) {
      const lists = wire.flatMap(({ name, topic }) => (gone.includes(topic) ? [name] : []));
      parts.push(StreamBytes.of(reset(to, lists, reason)));
    }
    parts.push(StreamBytes.of(this.#next(to, question)));
    return { is: 'tail', bytes: StreamBytes.join(parts) };
  }

  #gone(reason: ResetReason, names: readonly string[]): ChangesAnswer {
    const { cut } = this.#pace;
    const next = this.#next(cut, { names, from: cut, turn: undefined });
    return { is: 'gone', bytes: StreamBytes.of(reset(cut, names, reason) + next) };
  }

  /** Never the address that was asked for: whatever keeps this answer must not give it again to who goes on from it. */
  #next(to: Cursor, { names, from, turn }: Pick<Question, 'names' | 'from' | 'turn'>): string {
    const now = Math.floor(this.#wallMs() / TURN_MS);
    // The turn that was asked for may be the next one here: the clock of another node was ahead.
    const isAskedAgain = to.seq === from.seq && (turn === now || turn === now + 1);
    const next = isAskedAgain ? turn + 1 : now;
    return nextFrame(to, changesPath({ point: formatCursor(to), topics: names, turn: next }));
  }
}

/** Where an answer from there ends, at the latest, that is kept for ever. */
function boundaryAfter(seq: number): number {
  return (Math.floor(seq / SEGMENT) + 1) * SEGMENT;
}

function pointers(row: LoggedChange, names: readonly string[], epoch: string): readonly string[] {
  const { seq: rev, type, kind, key, isNew } = row;
  const touched = names.filter((name) => row.topics.includes(parseWireName(name).topic));
  return touched.map((topic, index) =>
    changedFrame(
      { topic, type, kind, key, rev, isNew },
      index === touched.length - 1 ? { epoch, seq: rev } : undefined,
    ),
  );
}

function reset(to: Cursor, topics: readonly string[], reason: ResetReason): string {
  return resetFrame(to, { topics, reason, spreadMs: OWN_RESET_SPREAD_MS });
}
