import { LRUCache } from 'lru-cache';
import type { UsualDelay } from './usual-delay';

const MAX_SERIES = 2_000;
/** A habit of months is not another one after a few minutes. */
const KEPT_MS = 10 * 60_000;

/** What is usual, kept for a while: a week of the schedule asks for a hundred series. */
export class UsualDelays {
  readonly #read: (seriesIds: readonly string[]) => Promise<ReadonlyMap<string, UsualDelay>>;
  readonly #kept = new LRUCache<string, { readonly delay: UsualDelay | undefined }>({
    max: MAX_SERIES,
    ttl: KEPT_MS,
  });

  constructor(read: (seriesIds: readonly string[]) => Promise<ReadonlyMap<string, UsualDelay>>) {
    this.#read = read;
  }

  /** Series without a habit are missing. */
  async of(seriesIds: readonly string[]): Promise<ReadonlyMap<string, UsualDelay>> {
    const wanted = [...new Set(seriesIds)];
    const missing = wanted.filter((id) => !this.#kept.get(id));
    const read = missing.length > 0 ? await this.#read(missing) : new Map<string, UsualDelay>();
    for (const id of missing) this.#kept.set(id, { delay: read.get(id) });
    return new Map(
      wanted.flatMap((id) => {
        const delay = missing.includes(id) ? read.get(id) : this.#kept.get(id)?.delay;
        return delay ? [[id, delay] as const] : [];
      }),
    );
  }
}
