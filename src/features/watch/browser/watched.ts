/** What is used of `localStorage`. */
type WatchedStorage = {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
};

const KEY = 'nipnime.watched';
/** The oldest are forgotten. */
const MAX_WATCHED = 3_000;

/** The ids of the episodes that were watched in this browser. They are kept on the device alone. */
export class Watched {
  readonly #openStorage: () => WatchedStorage;

  /** @param openStorage may throw, as `localStorage` does where it is not allowed: then nothing is kept */
  constructor(openStorage: () => WatchedStorage) {
    this.#openStorage = openStorage;
  }

  has(episodeId: string): boolean {
    return this.#read().includes(episodeId);
  }

  set(episodeId: string, isWatched: boolean): void {
    const others = this.#read().filter((id) => id !== episodeId);
    if (isWatched) others.push(episodeId);
    try {
      this.#openStorage().setItem(KEY, JSON.stringify(others.slice(-MAX_WATCHED)));
    } catch {
      // Without a storage, or with a full one, nothing is marked.
    }
  }

  all(): ReadonlySet<string> {
    return new Set(this.#read());
  }

  #read(): string[] {
    try {
      const ids: unknown = JSON.parse(this.#openStorage().getItem(KEY) ?? '[]');
      return Array.isArray(ids) ? ids.filter((id) => typeof id === 'string') : [];
    } catch {
      return [];
    }
  }
}
