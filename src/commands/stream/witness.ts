import { tagOf } from '../../live/state/digest';
import { comparePositions } from '../../live/state/position';
import type { RemoveEvent, StreamEvent, UpsertEvent } from '../../live/state/stream-event';
import type { ShownItem } from './differences';

/** Notes what no stream may ever do, and no list may ever show. */
export class Witness {
  readonly #violations: string[] = [];
  /** By key: the last event about it, taken or not. */
  readonly #heardRevs = new Map<string, number>();
  #lastRev = 0;
  #repeated = 0;

  /** In sentences; empty when all is well. */
  get violations(): readonly string[] {
    return this.#violations;
  }

  /** Events that came twice with the same number. Delivery is at least once, so these are allowed. */
  get repeated(): number {
    return this.#repeated;
  }

  /** Number of the last event about this key since the page was read; 0 when there was none. */
  heardRev(key: string): number {
    return this.#heardRevs.get(key) ?? 0;
  }

  note(violation: string): void {
    this.#violations.push(violation);
  }

  hear(event: StreamEvent, items: readonly ShownItem[]): void {
    if (event.type === 'reset') return this.restart();
    if (event.type !== 'upsert' && event.type !== 'remove') return;
    this.#hearChange(event);
    if (event.type === 'upsert' && tagOf(event.html) !== event.tag)
      this.note(`upsert ${event.rev} of ${event.key} carries the tag of something else`);
    this.#lookAround(event.key, items, `after ${event.type} ${event.rev}`);
  }

  /** A `reset` was told, or the page was read again: numbers may begin anew. */
  restart(): void {
    this.#heardRevs.clear();
    this.#lastRev = 0;
  }

  /** A page was read. */
  look(items: readonly ShownItem[], cursor: string): void {
    for (const { key, html, tag } of items)
      if (tagOf(html) !== tag) this.note(`${key} has the tag of something else in the page at ${cursor}`);
    this.#lookAtOrder(items, `in the page at ${cursor}`);
    if (new Set(items.map(({ key }) => key)).size < items.length)
      this.note(`something is shown twice in the page at ${cursor}`);
  }

  /** Where something has changed: all of it at each event would be most of what a client has to do. */
  #lookAround(key: string, items: readonly ShownItem[], when: string): void {
    const index = items.findIndex((item) => item.key === key);
    if (index === -1) return;
    const neighbours = items.slice(Math.max(index - 1, 0), index + 2);
    this.#lookAtOrder(neighbours, when);
    if (items.findLastIndex((item) => item.key === key) !== index) this.note(`${key} is shown twice ${when}`);
  }

  /** @param when completes the sentence "something is shown twice …" */
  #lookAtOrder(items: readonly ShownItem[], when: string): void {
    for (const [index, item] of items.entries()) {
      const next = items[index + 1];
      if (next && comparePositions(item.position, next.position) <= 0)
        this.note(`${item.key} and ${next.key} are out of order ${when}`);
    }
  }

  #hearChange({ type, key, rev }: UpsertEvent | RemoveEvent): void {
    if (rev === this.heardRev(key)) this.#repeated++;
    else if (rev < this.#lastRev) this.note(`${type} ${rev} of ${key} came after ${this.#lastRev}`);
    this.#lastRev = Math.max(this.#lastRev, rev);
    this.#heardRevs.set(key, rev);
  }
}
