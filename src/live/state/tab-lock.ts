import type { Clock } from './clock';

/** What is used of `navigator.locks`, which exists in secure contexts only. */
export type Locks = {
  request(
    name: string,
    options: { readonly signal: AbortSignal } | { readonly steal: true },
    held: () => Promise<void>,
  ): Promise<unknown>;
};

export type TabLockOptions = {
  readonly clock: Clock;
  readonly locks: Locks;
  readonly name: string;
  readonly onGranted: () => void;
  /** Another tab has taken it away; this one stands in the queue again. */
  readonly onStolen: () => void;
  /** The browser allows no locks here, or gives none. */
  readonly onUnavailable: () => void;
};

/** A lock that is stolen is had at once. */
const STEAL_MS = 5_000;

/** A lock that one tab of the browser holds, and the others wait for. It goes on by itself when its tab is closed. */
export class TabLock {
  readonly #options: TabLockOptions;
  #claim: AbortController | undefined;

  constructor(options: TabLockOptions) {
    this.#options = options;
  }

  /** Stands in the queue, unless this tab is in it or holds the lock. */
  want(): void {
    if (!this.#claim) void this.#request();
  }

  /** Takes the lock from a tab that doesn't answer. */
  steal(): void {
    this.giveUp();
    void this.#request({ steal: true });
  }

  /** Leaves the queue, or passes the lock on. */
  giveUp(): void {
    this.#claim?.abort();
    this.#claim = undefined;
  }

  async #request(options?: { readonly steal: true }): Promise<void> {
    const claim = new AbortController();
    this.#claim = claim;
    const { signal } = claim;
    const cancel = options
      ? this.#options.clock.after(STEAL_MS, () => this.#doWithout(claim))
      : () => undefined;
    const hold = (): Promise<void> => {
      cancel();
      return this.#hold(signal);
    };
    signal.addEventListener('abort', cancel, { once: true });
    try {
      await this.#options.locks.request(this.#options.name, options ?? { signal }, hold);
    } catch (error) {
      cancel();
      if (signal.aborted) return;
      this.#claim = undefined;
      if (!(error instanceof DOMException && error.name === 'AbortError'))
        return this.#options.onUnavailable();
      this.#options.onStolen();
      this.want();
    }
  }

  /** Whatever comes of the claim, this tab does not wait for it any more. */
  #doWithout(claim: AbortController): void {
    claim.abort();
    this.#claim = undefined;
    this.#options.onUnavailable();
  }

  /** The lock is held for as long as the promise is pending. */
  #hold(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    this.#options.onGranted();
    return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  }
}
