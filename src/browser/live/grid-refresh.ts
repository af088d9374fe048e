import type { LiveGrid } from './live-grid';
import { seqOf } from './live-grid';
import type { RemoveEvent, UpsertEvent } from './stream-event';

const FIRST_RETRY_MS = 2_000;
const MAX_RETRY_MS = 30_000;

/** Reads the grid again when the server says that what the page knows can't be continued; one reading at a time. */
export class GridRefresh {
  readonly #grid: LiveGrid;
  readonly #apply: (event: UpsertEvent | RemoveEvent) => void;
  /** What came since the grid was asked for: the answer may be older than that. */
  #meanwhile: (UpsertEvent | RemoveEvent)[] = [];
  #timer: number | undefined;
  #reading = false;
  #wantedAgain = false;
  #failures = 0;

  constructor(grid: LiveGrid, apply: (event: UpsertEvent | RemoveEvent) => void) {
    this.#grid = grid;
    this.#apply = apply;
  }

  /** Reads the grid after a random part of `spreadMs`, since every open page was told the same at once. */
  request(spreadMs: number): void {
    if (this.#timer !== undefined) return;
    if (this.#reading) {
      this.#wantedAgain = true;
      return;
    }
    this.#meanwhile = [];
    this.#schedule(Math.random() * spreadMs);
  }

  /** To be told of every event that is applied to the grid. */
  note(event: UpsertEvent | RemoveEvent): void {
    if (this.#timer !== undefined || this.#reading) this.#meanwhile.push(event);
  }

  #schedule(delayMs: number): void {
    this.#timer = window.setTimeout(() => {
      this.#timer = undefined;
      void this.#read();
    }, delayMs);
  }

  async #read(): Promise<void> {
    this.#reading = true;
    const html = await readFragment(this.#grid.fragmentUrl);
    this.#reading = false;
    if (html === undefined) {
      this.#wantedAgain = false;
      const delayMs = Math.min(FIRST_RETRY_MS * 2 ** this.#failures++, MAX_RETRY_MS);
      return this.#schedule(delayMs * (0.5 + Math.random() / 2));
    }
    this.#failures = 0;
    this.#grid.replace(html);
    const reached = seqOf(this.#grid.cursor);
    for (const event of this.#meanwhile.splice(0)) if (event.rev > reached) this.#apply(event);
    if (!this.#wantedAgain) return;
    this.#wantedAgain = false;
    this.request(FIRST_RETRY_MS);
  }
}

/** Undefined when the site can't be reached or can't answer for the moment: the cards stay as they are until it can. */
async function readFragment(url: string): Promise<string | undefined> {
  try {
    const response = await fetch(url, { cache: 'no-store' });
    return response.ok ? await response.text() : undefined;
  } catch {
    return undefined;
  }
}
