import { isBehind, seqOf } from './cursor';
import type { StreamMessage } from './stream-event';

const MAX_MESSAGES = 64;

/** What a tab has heard lately, so that another tab can have what it missed without asking the server. */
export class RecentMessages {
  /** All that came after this cursor is kept. */
  #start: string;
  #messages: StreamMessage[] = [];

  constructor(start: string) {
    this.#start = start;
  }

  /** The message continues the one before. */
  add(message: StreamMessage): void {
    this.#messages.push(message);
    const dropped = this.#messages.length > MAX_MESSAGES ? this.#messages.shift() : undefined;
    if (dropped) this.#start = dropped.id;
  }

  /** Nothing leads over from what came before. */
  restart(start: string): void {
    this.#start = start;
    this.#messages = [];
  }

  /** What came after the cursor; undefined when that is not known. */
  since(cursor: string): readonly StreamMessage[] | undefined {
    if (isBehind(cursor, this.#start)) return undefined;
    return this.#messages.filter(({ id }) => seqOf(id) > seqOf(cursor));
  }
}
