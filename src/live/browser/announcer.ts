import type { Words } from './words';

const GATHER_MS = 800;
const CLEAR_MS = 5_000;

/** Says how much is new in a `role="status"` region: once for what comes together. */
export class Announcer {
  readonly #region: HTMLElement;
  /** By the list that it came into. */
  readonly #counts = new Map<Words, number>();
  #timer: number | undefined;

  constructor(region: HTMLElement) {
    this.#region = region;
  }

  announce(words: Words): void {
    this.#counts.set(words, (this.#counts.get(words) ?? 0) + 1);
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.#say(), GATHER_MS);
  }

  #say(): void {
    // A list without words says nothing.
    const news = [...this.#counts].map(([words, count]) => words.news(count)).filter((text) => text !== '');
    this.#region.textContent = news.join(', ');
    this.#counts.clear();
    // The same words a second time would be no change, and not be read out.
    this.#timer = window.setTimeout(() => this.#region.replaceChildren(), CLEAR_MS);
  }
}
