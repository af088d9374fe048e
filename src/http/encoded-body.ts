import { LRUCache } from 'lru-cache';
import { type ContentEncoding, encode } from './content-encoding';

/** What an object, its Buffers and its place in a cache take besides their bytes. */
const OVERHEAD_BYTES = 1_024;

/** One body in the encodings that were asked for, each made once. */
export class EncodedBody {
  readonly #ready = new Map<ContentEncoding, Buffer>();
  readonly #underWay = new Map<ContentEncoding, Promise<Buffer>>();

  constructor(text: string) {
    const plain = Buffer.allocUnsafeSlow(Buffer.byteLength(text));
    plain.write(text);
    this.#ready.set('identity', plain);
  }

  /** Bytes of memory that are held now: the more encodings are made, the more. */
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

/** What zlib gives is a slice of a larger piece of memory, all of which would be kept. So are small Buffers from the pool. */
function exactCopy(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}

/** Keeps what was used last of what has an encoded body, as many bytes as it may. */
export class EncodedCache<T extends { readonly body: EncodedBody }> {
  readonly #kept: LRUCache<string, T>;

  constructor({ maxBytes }: { readonly maxBytes: number }) {
    this.#kept = new LRUCache({
      maxSize: maxBytes,
      sizeCalculation: ({ body }, key) => body.heldBytes + 2 * key.length,
    });
  }

  /** What all that is kept takes. */
  get heldBytes(): number {
    return this.#kept.calculatedSize;
  }

  get(key: string): T | undefined {
    return this.#kept.get(key);
  }

  set(key: string, item: T): void {
    this.#kept.set(key, item);
  }

  /** The body, encoded; counts what it has grown by. */
  async encoded(key: string, item: T, encoding: ContentEncoding): Promise<Buffer> {
    const ready = item.body.readyIn(encoding);
    if (ready) return ready;
    const bytes = await item.body.in(encoding);
    if (this.#kept.peek(key) === item) {
      // Only what is put in anew is weighed.
      this.#kept.delete(key);
      this.#kept.set(key, item);
    }
    return bytes;
  }

  clear(): void {
    this.#kept.clear();
  }
}
