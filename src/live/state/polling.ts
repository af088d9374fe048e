import type { Clock } from './clock';

/** In milliseconds: the first time within `first`, then again after `min` to `max`. */
export type PollingPace = { readonly first: number; readonly min: number; readonly max: number };

/** Asks in intervals of a random length, while nothing can be heard. */
export class Polling {
  readonly #clock: Clock;
  readonly #pace: PollingPace;
  readonly #poll: () => Promise<void>;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, pace: PollingPace, poll: () => Promise<void>) {
    this.#clock = clock;
    this.#pace = pace;
    this.#poll = poll;
  }

  start(): void {
    if (!this.#cancel) this.#schedule(this.#clock.random() * this.#pace.first);
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #schedule(delayMs: number): void {
    const { min, max } = this.#pace;
    this.#cancel = this.#clock.after(delayMs, () => {
      this.#schedule(min + this.#clock.random() * (max - min));
      void this.#poll();
    });
  }
}
