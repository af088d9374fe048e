const GATHER_MS = 800;
const CLEAR_MS = 5_000;

/** Says how many episodes are new in a `role="status"` region: once for those that come together. */
export class Announcer {
  readonly #region: HTMLElement;
  #count = 0;
  #timer: number | undefined;

  constructor(region: HTMLElement) {
    this.#region = region;
  }

  announceNewEpisode(): void {
    this.#count++;
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.#say(), GATHER_MS);
  }

  #say(): void {
    this.#region.textContent = this.#count === 1 ? '1 new episode' : `${this.#count} new episodes`;
    this.#count = 0;
    // The same words a second time would be no change, and not be read out.
    this.#timer = window.setTimeout(() => this.#region.replaceChildren(), CLEAR_MS);
  }
}
