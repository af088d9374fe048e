import type { RemoveEvent, UpsertEvent } from '../../browser/live/stream-event';
import { fetchReason } from './fetch-reason';
import { type GridState, seqOf } from './grid-fragment';
import type { StreamGrid } from './stream-grid';

const FIRST_RETRY_MS = 2_000;
const MAX_RETRY_MS = 30_000;

export type StreamRefreshOptions = {
  readonly grid: StreamGrid;
  readonly read: () => Promise<GridState>;
  readonly random: () => number;
  readonly onRead: (cursor: string) => void;
  readonly onFailure: (reason: string, retryMs: number) => void;
};

/** Reads the grid again after a `reset`, one reading at a time, as `src/browser/live/grid-refresh.ts` does. */
export class StreamRefresh {
  readonly #options: StreamRefreshOptions;
  /** What came since the grid was asked for: the answer may be older than that. */
  #meanwhile: (UpsertEvent | RemoveEvent)[] = [];
  #timer: NodeJS.Timeout | undefined;
  #reading = false;
  #wantedAgain = false;
  #failures = 0;
  #stopped = false;

  constructor(options: StreamRefreshOptions) {
    this.#options = options;
  }

  /** Until it is over, the grid may be older than what the stream has told. */
  get pending(): boolean {
    return this.#timer !== undefined || this.#reading;
  }

  /** Reads the grid after a random part of `spreadMs`, since every client was told the same at once. */
  request(spreadMs: number): void {
    if (this.#timer !== undefined) return;
    if (this.#reading) {
      this.#wantedAgain = true;
      return;
    }
    this.#meanwhile = [];
    this.#schedule(this.#options.random() * spreadMs);
  }

  /** To be told of every event that is applied to the grid. */
  note(event: UpsertEvent | RemoveEvent): void {
    if (this.pending) this.#meanwhile.push(event);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #schedule(delayMs: number): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#read();
    }, delayMs);
  }

  async #read(): Promise<void> {
    const { grid, read, onRead } = this.#options;
    this.#reading = true;
    const answer = await read().then(
      (page) => ({ page }),
      (error: unknown) => ({ failure: fetchReason(error) }),
    );
    this.#reading = false;
    if (this.#stopped) return;
    if ('failure' in answer) return this.#retry(answer.failure);
    const { page } = answer;
    this.#failures = 0;
    grid.replace(page);
    for (const event of this.#meanwhile.splice(0)) if (event.rev > seqOf(page.cursor)) grid.apply(event);
    onRead(page.cursor);
    if (!this.#wantedAgain) return;
    this.#wantedAgain = false;
    this.request(FIRST_RETRY_MS);
  }

  #retry(reason: string): void {
    this.#wantedAgain = false;
    const delayMs = Math.min(FIRST_RETRY_MS * 2 ** this.#failures++, MAX_RETRY_MS);
    const retryMs = delayMs * (0.5 + this.#options.random() / 2);
    this.#options.onFailure(reason, retryMs);
    this.#schedule(retryMs);
  }
}
