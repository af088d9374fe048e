import { isIPv6 } from 'node:net';

/**
 * Streams of one client's address. Over several processes somebody else has to be asked, so that `enter` may answer later;
 * who asks has to `leave` again if the place isn't wanted any more.
 */
export type AddressLimit = {
  /** Takes a place; false when there is none. `address` is what `addressKey()` made of it. */
  enter(address: string): boolean | Promise<boolean>;
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

/** An IPv6 customer has a whole /64, so that is what counts as one; a mapped IPv4 address counts as itself. */
export function addressKey(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped) return mapped;
  const bare = address.split('%')[0] ?? address;
  if (!isIPv6(bare)) return address;
  const [head = '', tail] = bare.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - left.length - right.length;
  const groups = [...left, ...Array<string>(Math.max(zeros, 0)).fill('0'), ...right];
  return groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}
