/** Says in a hidden tab's title how many episodes came since it was looked at: `(2) Latest episodes`. */
export class TitleCount {
  readonly #title = document.title;
  readonly #unseen = new Set<string>();

  constructor() {
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'hidden') return;
      this.#unseen.clear();
      this.#show();
    });
  }

  add(episodeId: string): void {
    if (document.visibilityState !== 'hidden') return;
    this.#unseen.add(episodeId);
    this.#show();
  }

  remove(episodeId: string): void {
    if (this.#unseen.delete(episodeId)) this.#show();
  }

  #show(): void {
    document.title = this.#unseen.size > 0 ? `(${this.#unseen.size}) ${this.#title}` : this.#title;
  }
}
