import { LRUCache } from 'lru-cache';
import { within } from '../../platform/deadline';
import type { ImageStore } from './store';

const MAX_BYTES = 32 * 1_024 * 1_024;
/** A browser waits for a picture; a page does not. */
const READ_MS = 10_000;

/** Files of pictures as visitors are sent them; those that were asked for last are in memory. */
export class ServedFiles {
  readonly #store: ImageStore;
  readonly #kept = new LRUCache<string, Buffer>({
    maxSize: MAX_BYTES,
    sizeCalculation: ({ length }, file) => length + 2 * file.length + 512,
  });
  readonly #underWay = new Map<string, Promise<Buffer | undefined>>();

  constructor(store: ImageStore) {
    this.#store = store;
  }

  /** Bytes of memory that the files take. */
  get heldBytes(): number {
    return this.#kept.calculatedSize;
  }

  /** Undefined where there is none. Many who ask for the same at once read it once. */
  get(file: string): Promise<Buffer | undefined> | Buffer {
    const kept = this.#kept.get(file);
    if (kept) return kept;
    const underWay = this.#underWay.get(file);
    if (underWay) return underWay;
    const reading = within(READ_MS, 'Reading a picture', this.#store.read(file))
      .then((bytes) => {
        if (bytes) this.#kept.set(file, bytes);
        return bytes;
      })
      .finally(() => this.#underWay.delete(file));
    this.#underWay.set(file, reading);
    return reading;
  }
}
