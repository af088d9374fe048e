/** Looks for the marker of what is private wherever the public can look. */
export class Leaks {
  readonly found: string[] = [];
  readonly #marker: string;

  constructor(marker: string) {
    this.#marker = marker;
  }

  look(where: string, text: string): void {
    const index = text.indexOf(this.#marker);
    if (index >= 0) this.found.push(`${where}: …${text.slice(Math.max(0, index - 120), index + 60)}…`);
  }
}
