import type { RemoveEvent, UpsertEvent } from './stream-event';

/** What is used of the grid. */
type ArrivalsGrid = {
  has(episodeId: string): boolean;
  wants(event: UpsertEvent): boolean;
  upsert(event: UpsertEvent): 'inserted' | 'updated' | 'removed' | 'ignored';
  remove(event: RemoveEvent): unknown;
};

type ArrivalsOptions = {
  readonly grid: ArrivalsGrid;
  /** Whether cards may come in by themselves. */
  readonly isAtRest: () => boolean;
  /** An episode is public for the first time, and its card belongs on this page. */
  readonly onNew: (event: UpsertEvent, place: 'shown' | 'waiting') => void;
  readonly onRemoved: (episodeId: string) => void;
  /** How many cards wait to be shown. */
  readonly onWaiting: (count: number) => void;
};

/**
 * Decides whether a new card comes in at once or waits until the visitor asks for it. What is on the page already is
 * changed in its place at once, and a card that comes back goes to its own: neither is news.
 */
export class Arrivals {
  readonly #options: ArrivalsOptions;
  /** By episode, in the order in which they came. */
  readonly #waiting = new Map<string, UpsertEvent>();

  constructor(options: ArrivalsOptions) {
    this.#options = options;
  }

  apply(event: UpsertEvent | RemoveEvent): void {
    const { grid, onRemoved } = this.#options;
    const waiting = this.#waiting.get(event.episodeId);
    if (waiting && event.rev <= waiting.rev) return;
    if (event.type === 'remove') {
      grid.remove(event);
      onRemoved(event.episodeId);
      this.#forget(event.episodeId);
    } else if (grid.has(event.episodeId) || !(event.isNew || waiting)) {
      grid.upsert(event);
    } else if (grid.wants(event)) {
      this.#arrive(event, waiting === undefined);
    } else {
      // It was moved to where it doesn't belong on this page.
      this.#forget(event.episodeId);
    }
  }

  /**
   * Inserts the cards that wait; gives their episodes. They come in when the visitor asks, or along with the next card
   * that may: never by the mere return to the top, where the visitor may be about to click.
   */
  showWaiting(): readonly string[] {
    const shown = [...this.#waiting.values()].filter(
      (event) => this.#options.grid.upsert(event) === 'inserted',
    );
    this.forgetWaiting();
    return shown.map(({ episodeId }) => episodeId);
  }

  /** The grid has been read anew, with the cards that waited. */
  forgetWaiting(): void {
    this.#waiting.clear();
    this.#options.onWaiting(0);
  }

  #arrive(event: UpsertEvent, isFirst: boolean): void {
    const { isAtRest, onNew, onWaiting } = this.#options;
    this.#waiting.set(event.episodeId, event);
    const place = isAtRest() ? 'shown' : 'waiting';
    if (place === 'shown') this.showWaiting();
    else onWaiting(this.#waiting.size);
    if (isFirst) onNew(event, place);
  }

  #forget(episodeId: string): void {
    if (this.#waiting.delete(episodeId)) this.#options.onWaiting(this.#waiting.size);
  }
}
