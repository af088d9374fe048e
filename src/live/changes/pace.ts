import type { Feed } from '../feed/feed';
import type { Cursor } from '../log/change';
import type { NodeClock } from '../turns';

/** After so long without a change the next one is told at once. */
const QUIET_MS = 1_000;
/** Otherwise one waits as long for others to come along: a few changes a second are fewer than two answers, and all come within half a second. */
const GATHER_MS = 420;

/** Cuts the log of a node into pieces: whoever waits is answered at the same moments, up to the same points, and asks for the same next. */
export class Pace {
  readonly #feed: Pick<Feed, 'cursor'>;
  readonly #clock: NodeClock;
  readonly #onCut: () => void;
  readonly #unfollow: () => void;
  #cut: Cursor;
  #changedMs = Number.NEGATIVE_INFINITY;
  #cancel: (() => void) | undefined;

  constructor(options: {
    readonly feed: Pick<Feed, 'cursor' | 'follow'>;
    readonly clock: NodeClock;
    readonly onCut: () => void;
  }) {
    this.#feed = options.feed;
    this.#clock = options.clock;
    this.#onCut = options.onCut;
    this.#cut = options.feed.cursor;
    this.#unfollow = options.feed.follow({
      wants: () => false,
      onBatch: ({ type }) => (type === 'reset' ? this.#cutNow() : this.#hear()),
    });
  }

  /** The last point up to which changes are told. */
  get cut(): Cursor {
    return this.#cut;
  }

  close(): void {
    this.#cancel?.();
    this.#unfollow();
  }

  #hear(): void {
    const nowMs = this.#clock.now();
    const wasQuiet = nowMs - this.#changedMs >= QUIET_MS;
    this.#changedMs = nowMs;
    if (this.#cancel) return;
    if (wasQuiet) this.#cutNow();
    else this.#cancel = this.#clock.after(GATHER_MS, () => this.#cutNow());
  }

  #cutNow(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#cut = this.#feed.cursor;
    this.#onCut();
  }
}
