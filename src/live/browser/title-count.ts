/** Says in a hidden tab's title how much came since it was looked at: `(2) Latest episodes`. */
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

  add(name: string): void {
    if (document.visibilityState !== 'hidden') return;
    this.#unseen.add(name);
    this.#show();
  }

  remove(name: string): void {
    if (this.#unseen.delete(name)) this.#show();
  }

  #show(): void {
    document.title = this.#unseen.size > 0 ? `(${this.#unseen.size}) ${this.#title}` : this.#title;
  }
}
