import type { AddressLimit } from '../realtime/admission';

/** What happened in one turn of a worker's event loop. */
export type PlacesOfTurn = {
  readonly turn: number;
  /** Addresses, one for each place that was given back. */
  readonly left: readonly string[];
  /** Addresses, one for each place that is wanted. */
  readonly wanted: readonly string[];
};

type Wanted = { readonly address: string; readonly settle: (given: boolean) => void };
type Waiting = { readonly wanted: readonly Wanted[]; isOver: boolean; timer: NodeJS.Timeout | undefined };

/** How long the primary has to answer. */
const ANSWER_MS = 5_000;

/**
 * A worker's side of the limit by address: the primary counts. What is asked in one turn of the event loop goes in one
 * message, so that thousands of clients who connect at once cost a few.
 */
export class SharedAddressLimit implements AddressLimit {
  readonly #send: (places: PlacesOfTurn) => void;
  readonly #waiting = new Map<number, Waiting>();
  #left: string[] = [];
  #wanted: Wanted[] = [];
  #turn = 0;
  #scheduled = false;

  constructor(send: (places: PlacesOfTurn) => void) {
    this.#send = send;
  }

  enter(address: string): Promise<boolean> {
    return new Promise((resolve) => {
      this.#wanted.push({ address, settle: resolve });
      this.#schedule();
    });
  }

  leave(address: string): void {
    this.#left.push(address);
    this.#schedule();
  }

  /** The primary's answer for a turn, in the order of what was wanted. */
  placed(turn: number, given: readonly boolean[]): void {
    const waiting = this.#waiting.get(turn);
    this.#waiting.delete(turn);
    if (!waiting) return;
    clearTimeout(waiting.timer);
    for (const [index, { address, settle }] of waiting.wanted.entries()) {
      const isGiven = given[index] ?? false;
      // Nobody waits for it any more.
      if (waiting.isOver && isGiven) this.leave(address);
      settle(isGiven);
    }
  }

  /** Nobody gets in uncounted while the primary does not answer. What it gives later is given back. */
  #giveUp(waiting: Waiting): void {
    waiting.isOver = true;
    for (const { settle } of waiting.wanted) settle(false);
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    const turn = ++this.#turn;
    const wanted = this.#wanted;
    const places = { turn, left: this.#left, wanted: wanted.map(({ address }) => address) };
    if (wanted.length > 0) {
      const waiting: Waiting = { wanted, isOver: false, timer: undefined };
      waiting.timer = setTimeout(() => this.#giveUp(waiting), ANSWER_MS);
      this.#waiting.set(turn, waiting);
    }
    this.#left = [];
    this.#wanted = [];
    this.#scheduled = false;
    this.#send(places);
  }
}
