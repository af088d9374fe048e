import type { AddressLimit } from '../realtime/admission';

/** What happened in one turn of a worker's event loop. */
export type PlacesOfTurn = {
  readonly turn: number;
  /** Addresses, one for each place that was given back. */
  readonly left: readonly string[];
  /** Addresses, one for each place that is wanted. */
  readonly wanted: readonly string[];
};

/**
 * A worker's side of the limit by address: the primary counts. What is asked in one turn of the event loop goes in one
 * message, so that thousands of clients who connect at once cost a few.
 */
export class SharedAddressLimit implements AddressLimit {
  readonly #send: (places: PlacesOfTurn) => void;
  readonly #waiting = new Map<number, readonly ((given: boolean) => void)[]>();
  #left: string[] = [];
  #wanted: string[] = [];
  #settlers: ((given: boolean) => void)[] = [];
  #turn = 0;
  #scheduled = false;

  constructor(send: (places: PlacesOfTurn) => void) {
    this.#send = send;
  }

  enter(address: string): Promise<boolean> {
    return new Promise((resolve) => {
      this.#wanted.push(address);
      this.#settlers.push(resolve);
      this.#schedule();
    });
  }

  leave(address: string): void {
    this.#left.push(address);
    this.#schedule();
  }

  /** The primary's answer for a turn, in the order of what was wanted. */
  placed(turn: number, given: readonly boolean[]): void {
    const settlers = this.#waiting.get(turn) ?? [];
    this.#waiting.delete(turn);
    for (const [index, settle] of settlers.entries()) settle(given[index] ?? false);
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    const turn = ++this.#turn;
    const places = { turn, left: this.#left, wanted: this.#wanted };
    if (this.#settlers.length > 0) this.#waiting.set(turn, this.#settlers);
    this.#left = [];
    this.#wanted = [];
    this.#settlers = [];
    this.#scheduled = false;
    this.#send(places);
  }
}
