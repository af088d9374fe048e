import { isIPv6 } from 'node:net';

/** Counts the streams of this process, in all and by address. */
export class Admission {
  readonly #maxConnections: number;
  readonly #maxConnectionsPerAddress: number;
  readonly #byAddress = new Map<string, number>();
  #total = 0;

  constructor(limits: { readonly maxConnections: number; readonly maxConnectionsPerAddress: number }) {
    this.#maxConnections = limits.maxConnections;
    this.#maxConnectionsPerAddress = limits.maxConnectionsPerAddress;
  }

  get total(): number {
    return this.#total;
  }

  /** Takes a place; gives what frees it again, or undefined when there is none. */
  enter(address: string): (() => void) | undefined {
    const key = addressKey(address);
    const ofAddress = this.#byAddress.get(key) ?? 0;
    if (this.#total >= this.#maxConnections || ofAddress >= this.#maxConnectionsPerAddress) return undefined;
    this.#total++;
    this.#byAddress.set(key, ofAddress + 1);
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#total--;
      const remaining = (this.#byAddress.get(key) ?? 1) - 1;
      if (remaining > 0) this.#byAddress.set(key, remaining);
      else this.#byAddress.delete(key);
    };
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
