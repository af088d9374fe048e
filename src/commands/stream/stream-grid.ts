import { isAhead, type Position } from '../../browser/live/card-position';
import type { RemoveEvent, UpsertEvent } from '../../browser/live/stream-event';
import { type GridCard, type GridState, parseCard, seqOf } from './grid-fragment';

export type Outcome = 'inserted' | 'updated' | 'removed' | 'ignored';

/**
 * The first page of the grid as a browser keeps it (`src/browser/live/live-grid.ts`), without a browser: cards ordered
 * by time and id, an event taken only when it is newer than what is shown, what belongs behind the page's end ignored,
 * and a full page trimmed. Besides, it notes what no stream may ever make it do.
 */
export class StreamGrid implements GridState {
  #cursor = '';
  #cards: GridCard[] = [];
  #end: Position | undefined;
  /** Cards on a full page, as the server made it. */
  #pageSize = 0;
  /** By episode: the last event about it, taken or not. */
  readonly #heardRevs = new Map<string, number>();
  #lastRev = 0;
  readonly #violations: string[] = [];
  #repeated = 0;

  constructor(page: GridState) {
    this.replace(page);
  }

  /** The point up to which the page was complete when it was read; events since are in the cards alone. */
  get cursor(): string {
    return this.#cursor;
  }

  get cards(): readonly GridCard[] {
    return this.#cards;
  }

  get end(): Position | undefined {
    return this.#end;
  }

  /** What must never happen, in sentences; empty when all is well. */
  get violations(): readonly string[] {
    return this.#violations;
  }

  /** Events that came twice with the same number. Delivery is at least once, so these are allowed. */
  get repeated(): number {
    return this.#repeated;
  }

  /** Number of the last event about this episode since the page was read; 0 when there was none. */
  heardRev(episodeId: string): number {
    return this.#heardRevs.get(episodeId) ?? 0;
  }

  apply(event: UpsertEvent | RemoveEvent): Outcome {
    const known = Math.max(seqOf(this.#cursor), this.heardRev(event.episodeId));
    this.#noteOrder(event);
    if (event.rev <= known) return 'ignored';
    this.#heardRevs.set(event.episodeId, event.rev);
    const outcome = event.type === 'upsert' ? this.#upsert(event) : this.#takeOut(event.episodeId);
    this.#noteState(`after ${event.type} ${event.rev}`);
    return outcome;
  }

  /** A `reset` was told: until the page has been read again, numbers may begin anew. */
  expectReplacement(): void {
    this.#heardRevs.clear();
    this.#lastRev = 0;
  }

  /** Makes the grid what the server rendered. */
  replace(page: GridState): void {
    this.expectReplacement();
    this.#cursor = page.cursor;
    this.#cards = [...page.cards];
    this.#end = page.end;
    this.#pageSize = page.cards.length;
    this.#noteState(`in the page at ${page.cursor}`);
  }

  #upsert(event: UpsertEvent): Outcome {
    const card = parseCard(event.html);
    if (!card || card.episodeId !== event.episodeId || card.rev !== event.rev) {
      this.#violations.push(
        `upsert ${event.rev} of episode ${event.episodeId} carries another card, or none`,
      );
      return 'ignored';
    }
    if (this.#end && isAhead(this.#end, card.position)) return this.#takeOut(event.episodeId);
    const existed = this.#takeOut(event.episodeId) === 'removed';
    const behind = this.#cards.findIndex((other) => isAhead(card.position, other.position));
    this.#cards.splice(behind === -1 ? this.#cards.length : behind, 0, card);
    this.#trim();
    if (!this.#cards.includes(card)) return 'ignored';
    return existed ? 'updated' : 'inserted';
  }

  #takeOut(episodeId: string): Outcome {
    const index = this.#cards.findIndex((card) => card.episodeId === episodeId);
    if (index === -1) return 'ignored';
    this.#cards.splice(index, 1);
    return 'removed';
  }

  /** What no longer fits moves to the next page, which then begins earlier; a page without a next one only grows. */
  #trim(): void {
    const last = this.#cards[this.#pageSize - 1];
    if (!this.#end || !last || this.#cards.length <= this.#pageSize) return;
    this.#cards.length = this.#pageSize;
    this.#end = last.position;
  }

  #noteOrder({ type, episodeId, rev }: UpsertEvent | RemoveEvent): void {
    if (rev === this.heardRev(episodeId)) this.#repeated++;
    else if (rev < this.#lastRev)
      this.#violations.push(`${type} ${rev} of episode ${episodeId} came after ${this.#lastRev}`);
    this.#lastRev = Math.max(this.#lastRev, rev);
  }

  #noteState(when: string): void {
    if (new Set(this.#cards.map(({ episodeId }) => episodeId)).size < this.#cards.length)
      this.#violations.push(`an episode is shown twice ${when}`);
    for (const [index, card] of this.#cards.entries()) {
      const next = this.#cards[index + 1];
      if (next && !isAhead(card.position, next.position))
        this.#violations.push(`episodes ${card.episodeId} and ${next.episodeId} are out of order ${when}`);
    }
  }
}
