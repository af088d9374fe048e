import { AddressCounts } from '../realtime/admission';

/** The primary's side of the limit by address: counts for all workers, and knows whose each place is. */
export class AddressRegister {
  readonly #counts: AddressCounts;
  readonly #places = new Map<number, Map<string, number>>();

  constructor(maxPerAddress: number) {
    this.#counts = new AddressCounts(maxPerAddress);
  }

  /** Addresses that have a place. */
  get size(): number {
    return this.#counts.size;
  }

  join(workerId: number): void {
    this.#places.set(workerId, new Map());
  }

  /** Frees what was left, then says for each wanted place whether it is given. */
  settle(workerId: number, left: readonly string[], wanted: readonly string[]): boolean[] {
    const held = this.#places.get(workerId);
    // A last message of a worker that is gone: nobody would ever free what it took.
    if (!held) return wanted.map(() => false);
    for (const address of left) this.#leave(held, address);
    return wanted.map((address) => this.#enter(held, address));
  }

  /** Frees all places of a worker that is gone. */
  free(workerId: number): void {
    for (const [address, count] of this.#places.get(workerId) ?? []) {
      for (let place = 0; place < count; place += 1) this.#counts.leave(address);
    }
    this.#places.delete(workerId);
  }

  #enter(held: Map<string, number>, address: string): boolean {
    if (!this.#counts.enter(address)) return false;
    held.set(address, (held.get(address) ?? 0) + 1);
    return true;
  }

  #leave(held: Map<string, number>, address: string): void {
    const count = held.get(address);
    if (count === undefined) return;
    if (count === 1) held.delete(address);
    else held.set(address, count - 1);
    this.#counts.leave(address);
  }
}
