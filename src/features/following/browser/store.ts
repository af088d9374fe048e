/** What is used of `localStorage`. */
export type FollowStorage = {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
};

export type Followed = {
  readonly id: string;
  readonly slug: string;
  readonly title: string;
  /** Milliseconds since 1970. Episodes from before are not new. */
  readonly since: number;
};

type Kept = {
  readonly series: readonly Followed[];
  /** Up to when everything counts as read. */
  readonly readUntil: number;
  /** Episodes since then that were opened. */
  readonly opened: readonly string[];
  /** Of the list that the site keeps for a feed reader. */
  readonly token?: string | undefined;
};

const KEY = 'nipnime.following';
const MAX_SERIES = 300;
const MAX_OPENED = 500;
const NOTHING: Kept = { series: [], readUntil: 0, opened: [] };
const FORMAT = 'nipnime-following';

/** What this device follows. Each change reads first what another tab may have written. */
export class FollowStore {
  readonly #storage: () => FollowStorage;

  /** @param storage may throw, as `localStorage` does where it is not allowed */
  constructor(storage: () => FollowStorage) {
    this.#storage = storage;
  }

  get series(): readonly Followed[] {
    return this.#read().series;
  }

  get token(): string | undefined {
    return this.#read().token;
  }

  follows(id: string): boolean {
    return this.series.some((each) => each.id === id);
  }

  /** False where the list is full, or the device keeps nothing. */
  follow(series: Followed): boolean {
    return this.#add([series]) && this.follows(series.id);
  }

  unfollow(id: string): boolean {
    return this.#change((kept) => ({ ...kept, series: kept.series.filter((each) => each.id !== id) }));
  }

  setToken(token: string | undefined): boolean {
    return this.#change((kept) => ({ ...kept, token }));
  }

  isNew(episode: { readonly key: string; readonly slug: string; readonly publishedMs: number }): boolean {
    const { series, readUntil, opened } = this.#read();
    const since = series.find(({ slug }) => slug === episode.slug)?.since ?? 0;
    return episode.publishedMs > Math.max(since, readUntil) && !opened.includes(episode.key);
  }

  markOpened(key: string): void {
    this.#change((kept) => ({
      ...kept,
      opened: [...kept.opened.filter((each) => each !== key), key].slice(-MAX_OPENED),
    }));
  }

  markAllRead(nowMs: number): void {
    this.#change((kept) => ({ ...kept, readUntil: nowMs, opened: [] }));
  }

  /** As a file has it. The token is no part of it: a file is handed on. */
  export(): string {
    const series = this.series.map(({ id, slug, title }) => ({ id, slug, title }));
    return `${JSON.stringify({ format: FORMAT, version: 1, series }, null, 2)}\n`;
  }

  /** Adds what the text of a file has. Returns how many are new, or undefined when it is no such file. */
  import(text: string, nowMs: number): number | undefined {
    const given = parseFile(text);
    if (!given) return undefined;
    const before = this.series.length;
    this.#add(given.map((each) => ({ ...each, since: nowMs })));
    return this.series.length - before;
  }

  #add(added: readonly Followed[]): boolean {
    return this.#change((kept) => {
      const known = new Set(kept.series.map(({ id }) => id));
      const series = [...kept.series, ...added.filter(({ id }) => !known.has(id))];
      return { ...kept, series: series.slice(0, MAX_SERIES) };
    });
  }

  #change(change: (kept: Kept) => Kept): boolean {
    try {
      this.#storage().setItem(KEY, JSON.stringify(change(this.#read())));
      return true;
    } catch {
      return false;
    }
  }

  #read(): Kept {
    try {
      const kept: unknown = JSON.parse(this.#storage().getItem(KEY) ?? 'null');
      if (!isRecord(kept)) return NOTHING;
      return {
        series: listOf(kept.series).flatMap((each) => {
          const series = seriesOf(each);
          return series ? [{ ...series, since: numberOf(isRecord(each) ? each.since : 0) }] : [];
        }),
        readUntil: numberOf(kept.readUntil),
        opened: listOf(kept.opened).filter((each) => typeof each === 'string'),
        token: typeof kept.token === 'string' ? kept.token : undefined,
      };
    } catch {
      return NOTHING;
    }
  }
}

function parseFile(text: string): Omit<Followed, 'since'>[] | undefined {
  try {
    const file: unknown = JSON.parse(text);
    if (!isRecord(file) || file.format !== FORMAT) return undefined;
    return listOf(file.series).flatMap((each) => seriesOf(each) ?? []);
  } catch {
    return undefined;
  }
}

function seriesOf(value: unknown): Omit<Followed, 'since'> | undefined {
  if (!isRecord(value)) return undefined;
  const { id, slug, title } = value;
  if (typeof id !== 'string' || !/^[1-9][0-9]{0,17}$/.test(id)) return undefined;
  if (typeof slug !== 'string' || !/^[a-z0-9-]{1,100}$/.test(slug)) return undefined;
  return { id, slug, title: typeof title === 'string' ? title.slice(0, 300) : slug };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function numberOf(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}
