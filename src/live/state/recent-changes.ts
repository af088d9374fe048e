import { isBehind, seqOf } from './cursor';
import type { StreamChange } from './stream-event';

const MAX_CHANGES = 64;

/** What a tab has heard lately, so that another tab can have what it missed without asking the server. */
export class RecentChanges {
  /** All that came after this cursor is kept. */
  #start: string;
  #changes: StreamChange[] = [];

  constructor(start: string) {
    this.#start = start;
  }

  /** The change continues the one before. */
  add(change: StreamChange): void {
    this.#changes.push(change);
    const dropped = this.#changes.length > MAX_CHANGES ? this.#changes.shift() : undefined;
    if (dropped) this.#start = dropped.id;
  }

  /** Nothing leads over from what came before. */
  restart(start: string): void {
    this.#start = start;
    this.#changes = [];
  }

  /** What came after the cursor; undefined when that is not known. */
  since(cursor: string): readonly StreamChange[] | undefined {
    if (isBehind(cursor, this.#start)) return undefined;
    return this.#changes.filter(({ id }) => seqOf(id) > seqOf(cursor));
  }
}
