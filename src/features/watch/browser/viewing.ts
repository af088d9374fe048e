import type { Continued, ContinueList } from './continue-list';
import { isWatched, type Position } from './positions';
import type { Watched } from './watched';

/** An embedded player that was shown for this long is taken for one that plays. */
const EMBED_MS = 60_000;

type ViewingOptions = { readonly watched: Watched; readonly continueList: ContinueList };

/** What is remembered of watching the episode of this page, besides the position in it. */
export class Viewing {
  readonly #options: ViewingOptions;
  readonly #page: HTMLElement;
  readonly #onWatched: () => void;

  constructor(page: HTMLElement, options: ViewingOptions, onWatched: () => void) {
    this.#page = page;
    this.#options = options;
    this.#onWatched = onWatched;
  }

  get episodeId(): string {
    return this.#page.dataset.episode ?? '';
  }

  get isWatched(): boolean {
    return this.#options.watched.has(this.episodeId);
  }

  /** It has got so far. At its end it is watched, and the series goes on with the next one. */
  reached(position: Position): void {
    if (isWatched(position)) return this.setWatched(true);
    // Whoever sees it once more is in the middle of nothing.
    if (position.seconds > 0 && !this.isWatched) this.#keep(this.#itself(position));
  }

  setWatched(isWatched: boolean): void {
    this.#options.watched.set(this.episodeId, isWatched);
    if (isWatched) this.#goOn();
    this.#onWatched();
  }

  /** Nothing is known of an embedded player but that it is there. */
  followEmbed(signal: AbortSignal): void {
    const timer = setTimeout(() => {
      if (!this.isWatched) this.#keep(this.#itself({ seconds: 0, durationSeconds: 0 }));
    }, EMBED_MS);
    signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
  }

  #goOn(): void {
    const link = document.querySelector<HTMLAnchorElement>('[data-step="next"] a');
    const episodeId = link?.closest<HTMLElement>('[data-key]')?.dataset.key;
    const { seriesId } = this.#itself({ seconds: 0, durationSeconds: 0 });
    if (!link || !episodeId || this.#options.watched.has(episodeId))
      return this.#options.continueList.drop(seriesId);
    this.#keep({
      ...this.#itself({ seconds: 0, durationSeconds: 0 }),
      episodeId,
      url: new URL(link.href).pathname,
      label: link.textContent?.trim() ?? '',
    });
  }

  #keep(continued: Continued): void {
    this.#options.continueList.keep(continued);
  }

  #itself({ seconds, durationSeconds }: Position): Continued {
    const series = this.#page.querySelector<HTMLElement>('.watch__series');
    return {
      seriesId: this.#page.dataset.series ?? '',
      episodeId: this.episodeId,
      url: location.pathname,
      seriesTitle: series?.textContent?.trim() ?? '',
      seriesTitleLanguage: series?.lang ?? '',
      label: this.#page.dataset.label ?? '',
      seconds: Math.floor(seconds),
      durationSeconds: Math.floor(durationSeconds),
    };
  }
}
