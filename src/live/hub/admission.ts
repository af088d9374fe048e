/** How many streams one client's address may have. */
export type AddressLimit = {
  /** Takes a place; false when there is none. `address` is what the client's address counts as. */
  enter(address: string): boolean;
  leave(address: string): void;
};

/** Counts in this process. */
export class AddressCounts implements AddressLimit {
  readonly #maxPerAddress: number;
  readonly #counts = new Map<string, number>();

  constructor(maxPerAddress: number) {
    this.#maxPerAddress = maxPerAddress;
  }

  /** Addresses that have a place. */
  get size(): number {
    return this.#counts.size;
  }

  enter(address: string): boolean {
    const count = this.#counts.get(address) ?? 0;
    if (count >= this.#maxPerAddress) return false;
    this.#counts.set(address, count + 1);
    return true;
  }

  leave(address: string): void {
    const remaining = (this.#counts.get(address) ?? 0) - 1;
    if (remaining > 0) this.#counts.set(address, remaining);
    else this.#counts.delete(address);
  }
}
