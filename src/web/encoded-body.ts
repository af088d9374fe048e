import { LRUCache } from 'lru-cache';
import { type ContentEncoding, encode } from './content-encoding';

/** Memory that an object, its Buffers and its place in a cache take besides their bytes. */
const OVERHEAD_BYTES = 1_024;

/** One body in each encoding that somebody asked for; each is made once. */
export class EncodedBody {
  readonly #ready = new Map<ContentEncoding, Buffer>();
  readonly #underWay = new Map<ContentEncoding, Promise<Buffer>>();

  constructor(text: string) {
    const plain = Buffer.allocUnsafeSlow(Buffer.byteLength(text));
    plain.write(text);
    this.#ready.set('identity', plain);
  }

  /** Bytes of memory that the body takes now. They grow with each encoding that is made. */
  get heldBytes(): number {
    let bytes = OVERHEAD_BYTES;
    for (const body of this.#ready.values()) bytes += body.length;
    return bytes;
  }

  /** Undefined as long as nobody has waited for `in` with this encoding. */
  readyIn(encoding: ContentEncoding): Buffer | undefined {
    return this.#ready.get(encoding);
  }

  async in(encoding: ContentEncoding): Promise<Buffer> {
    const ready = this.#ready.get(encoding);
    if (ready) return ready;
    let underWay = this.#underWay.get(encoding);
    if (!underWay) {
      underWay = this.#encode(encoding).finally(() => this.#underWay.delete(encoding));
      this.#underWay.set(encoding, underWay);
    }
    return underWay;
  }

  async #encode(encoding: ContentEncoding): Promise<Buffer> {
    const plain = this.#ready.get('identity') ?? Buffer.alloc(0);
    const bytes = exactCopy(await encode(plain, encoding));
    this.#ready.set(encoding, bytes);
    return bytes;
  }
}

/** Copies what zlib returns: a slice of a larger piece of memory, all of which would be kept. Small Buffers from the pool are too. */
function exactCopy(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}

/** Keeps the items that were used last, as many as fit into `maxBytes`. */
export class EncodedCache<T extends { readonly body: EncodedBody }> {
  readonly #kept: LRUCache<string, T>;

  constructor({ maxBytes }: { readonly maxBytes: number }) {
    this.#kept = new LRUCache({
      maxSize: maxBytes,
      sizeCalculation: ({ body }, key) => body.heldBytes + 2 * key.length,
    });
  }

  /** Bytes of memory that all items take. */
  get heldBytes(): number {
    return this.#kept.calculatedSize;
  }

  get(key: string): T | undefined {
    return this.#kept.get(key);
  }

  set(key: string, item: T): void {
    this.#kept.set(key, item);
  }

  /** Returns the encoded body, and counts the bytes by which the item has grown. */
  async encoded(key: string, item: T, encoding: ContentEncoding): Promise<Buffer> {
    const ready = item.body.readyIn(encoding);
    if (ready) return ready;
    const bytes = await item.body.in(encoding);
    if (this.#kept.peek(key) === item) {
      // The cache weighs an item only when it is put in.
      this.#kept.delete(key);
      this.#kept.set(key, item);
    }
    return bytes;
  }

  clear(): void {
    this.#kept.clear();
  }
}
