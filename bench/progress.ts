/** Tells on standard error how far a measure is and what it finds. */
export class Progress {
  readonly #name: string;
  readonly #startedMs = performance.now();
  #steps = 0;
  #begun = 0;

  constructor(name: string) {
    this.#name = name;
  }

  /** How many steps there will be. */
  expect(steps: number): void {
    this.#steps = steps;
  }

  begin(step: string): void {
    const elapsedMs = performance.now() - this.#startedMs;
    const leftMs =
      this.#begun > 0 && this.#steps > 0
        ? (elapsedMs / this.#begun) * (this.#steps - this.#begun)
        : undefined;
    this.#begun++;
    const left = leftMs === undefined ? '' : `, about ${duration(leftMs)} left`;
    const place = this.#steps > 0 ? ` ${this.#begun}/${this.#steps}` : '';
    process.stderr.write(`[${this.#name}${place}${left}] ${step}\n`);
  }

  tell(finding: string): void {
    process.stderr.write(`    ${finding}\n`);
  }
}

function duration(ms: number): string {
  return ms < 90_000 ? `${Math.ceil(ms / 1_000)} s` : `${Math.round(ms / 60_000)} min`;
}
