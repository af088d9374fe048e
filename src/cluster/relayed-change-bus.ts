import type { ChangeBus } from '../changes/change-bus';
import { type ChangeEvent, decodeChangeEvent, encodeChangeEvent } from '../changes/change-event';

type OnEvent = (event: ChangeEvent, committedAtMs: number) => void;

/** Connects the workers of one machine where there is no Redis: the primary hands messages on to the other workers. */
export class RelayedChangeBus implements ChangeBus {
  readonly #send: (messages: readonly string[]) => Promise<void>;
  #onEvent: OnEvent | undefined;
  #onUncertain: (() => void) | undefined;

  constructor(send: (messages: readonly string[]) => Promise<void>) {
    this.#send = send;
  }

  async publish(events: readonly ChangeEvent[]): Promise<void> {
    const committedAtMs = Date.now();
    const messages = events.map((event) => encodeChangeEvent(event, committedAtMs));
    // This worker needs no way through the primary.
    setImmediate(() => this.receive(messages));
    await this.#send(messages);
  }

  async subscribe(onEvent: OnEvent, onUncertain: () => void): Promise<void> {
    // The channel to the primary is older than this process's first look at the log: there is no gap.
    this.#onEvent = onEvent;
    this.#onUncertain = onUncertain;
  }

  /** The other workers reach the database as this one does. */
  saySure(): void {}

  otherSureMs(): number {
    return Number.POSITIVE_INFINITY;
  }

  async close(): Promise<void> {
    this.#onEvent = undefined;
    this.#onUncertain = undefined;
  }

  receive(messages: readonly string[]): void {
    for (const message of messages) {
      const change = decodeChangeEvent(message);
      if (change) this.#onEvent?.(change.event, change.committedAtMs);
      else this.#onUncertain?.();
    }
  }
}
