/** What is used of `localStorage`. */
type ContinueStorage = {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
};

/** An episode that somebody is in the middle of, with all that the row of them shows. */
export type Continued = {
  readonly seriesId: string;
  readonly episodeId: string;
  /** Path of the watch page. */
  readonly url: string;
  readonly seriesTitle: string;
  /** BCP 47 */
  readonly seriesTitleLanguage: string;
  readonly label: string;
  readonly seconds: number;
  /** 0 where it is not known: of an embedded player, or of an episode that has not begun. */
  readonly durationSeconds: number;
};

const KEY = 'nipnime.continue';
const MAX_SERIES = 12;

/** Where this browser is in each series, the last watched first. It is kept on the device alone. */
export class ContinueList {
  readonly #openStorage: () => ContinueStorage;

  /** @param openStorage may throw, as `localStorage` does where it is not allowed: then nothing is kept */
  constructor(openStorage: () => ContinueStorage) {
    this.#openStorage = openStorage;
  }

  all(): readonly Continued[] {
    try {
      const kept: unknown = JSON.parse(this.#openStorage().getItem(KEY) ?? '[]');
      return Array.isArray(kept) ? kept.filter(isContinued) : [];
    } catch {
      return [];
    }
  }

  /** The series goes on with this episode. */
  keep(continued: Continued): void {
    const others = this.all().filter(({ seriesId }) => seriesId !== continued.seriesId);
    this.#write([continued, ...others].slice(0, MAX_SERIES));
  }

  drop(seriesId: string): void {
    this.#write(this.all().filter((each) => each.seriesId !== seriesId));
  }

  #write(kept: readonly Continued[]): void {
    try {
      this.#openStorage().setItem(KEY, JSON.stringify(kept));
    } catch {
      // Without a storage, or with a full one, there is no row.
    }
  }
}

function isContinued(value: unknown): value is Continued {
  if (typeof value !== 'object' || value === null) return false;
  const fields: Readonly<Record<string, unknown>> = { ...value };
  const texts = ['seriesId', 'episodeId', 'url', 'seriesTitle', 'seriesTitleLanguage', 'label'];
  return (
    texts.every((name) => typeof fields[name] === 'string') &&
    ['seconds', 'durationSeconds'].every((name) => Number.isFinite(fields[name])) &&
    String(fields.url).startsWith('/series/')
  );
}
