const FIRST_SPREAD_MS = 5_000;
const MIN_MS = 30_000;
const MAX_MS = 60_000;

/** Asks every 30 to 60 seconds, while nothing can be heard: the last resort behind proxies that hold a stream back. */
export class HeadPoll {
  readonly #poll: () => Promise<void>;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(poll: () => Promise<void>) {
    this.#poll = poll;
  }

  start(): void {
    if (this.#timer === undefined) this.#schedule(Math.random() * FIRST_SPREAD_MS);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #schedule(delayMs: number): void {
    this.#timer = setTimeout(() => {
      this.#schedule(MIN_MS + Math.random() * (MAX_MS - MIN_MS));
      void this.#poll();
    }, delayMs);
  }
}
