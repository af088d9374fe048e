import { seqOf } from './cursor';
import type { LiveGrid } from './live-grid';
import type { RemoveEvent, UpsertEvent } from './stream-event';

const FIRST_RETRY_MS = 2_000;
const MAX_RETRY_MS = 30_000;

type GridRefreshOptions = {
  readonly grid: Pick<LiveGrid, 'cursor' | 'fragmentUrl' | 'replace'>;
  readonly apply: (event: UpsertEvent | RemoveEvent) => void;
  /** The grid holds all that the server knows; to be told before later events are applied. */
  readonly onReplaced: () => void;
};

/** Reads the grid again when what the page knows can't be continued; one reading at a time. */
export class GridRefresh {
  readonly #options: GridRefreshOptions;
  /** What came since the grid was asked for: the answer may be older than that. */
  #meanwhile: (UpsertEvent | RemoveEvent)[] = [];
  #timer: number | undefined;
  #isReading = false;
  /** Stays while stopped: what is needed is read after the next start. */
  #isNeeded = false;
  #isStopped = false;
  #failures = 0;

  constructor(options: GridRefreshOptions) {
    this.#options = options;
  }

  /** Reads the grid after a random part of `spreadMs`, since every open page was told the same at once. */
  request(spreadMs: number): void {
    this.#isNeeded = true;
    if (this.#isStopped || this.#isUnderWay()) return;
    this.#meanwhile = [];
    this.#schedule(Math.random() * spreadMs);
  }

  /** Reads the grid now, once. False when it can't be had. */
  async poll(): Promise<boolean> {
    if (this.#isStopped || this.#isUnderWay()) return false;
    this.#meanwhile = [];
    return this.#read();
  }

  /** To be told of every event that is applied to the grid. */
  note(event: UpsertEvent | RemoveEvent): void {
    if (this.#isUnderWay()) this.#meanwhile.push(event);
  }

  start(): void {
    this.#isStopped = false;
    if (this.#isNeeded) this.request(FIRST_RETRY_MS);
  }

  /** Nothing is read or changed any more, for now. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #isUnderWay(): boolean {
    return this.#timer !== undefined || this.#isReading;
  }

  #schedule(delayMs: number): void {
    this.#timer = window.setTimeout(() => {
      this.#timer = undefined;
      void this.#readUntilDone();
    }, delayMs);
  }

  async #readUntilDone(): Promise<void> {
    this.#isNeeded = false;
    if (await this.#read()) {
      this.#failures = 0;
      if (this.#isNeeded) this.request(FIRST_RETRY_MS);
      return;
    }
    this.#isNeeded = true;
    if (this.#isStopped) return;
    const delayMs = Math.min(FIRST_RETRY_MS * 2 ** this.#failures++, MAX_RETRY_MS);
    this.#schedule(delayMs * (0.5 + Math.random() / 2));
  }

  async #read(): Promise<boolean> {
    const { grid, apply, onReplaced } = this.#options;
    this.#isReading = true;
    const html = await readFragment(grid.fragmentUrl);
    this.#isReading = false;
    if (html === undefined || this.#isStopped) return false;
    grid.replace(html);
    onReplaced();
    const reached = seqOf(grid.cursor);
    for (const event of this.#meanwhile.splice(0)) if (event.rev > reached) apply(event);
    return true;
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
