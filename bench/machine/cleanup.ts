/** What has to be ended whatever happens, in the reverse of the order in which it was begun. */
export class Cleanup {
  #tasks: (() => Promise<void>)[] = [];
  #hasBegun = false;

  /** Everything is being ended: what fails now fails because of that. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** Gives what does the task now instead of at the end. */
  add(task: () => Promise<void>): () => Promise<void> {
    this.#tasks.push(task);
    return async () => {
      if (!this.#tasks.includes(task)) return;
      this.#tasks = this.#tasks.filter((other) => other !== task);
      await task();
    };
  }

  async run(): Promise<void> {
    this.#hasBegun = true;
    for (let task = this.#tasks.pop(); task; task = this.#tasks.pop()) {
      await task().catch((error: unknown) => {
        process.stderr.write(`Cleaning up: ${error instanceof Error ? error.message : String(error)}\n`);
      });
    }
  }
}
