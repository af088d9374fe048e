/** What is used of `localStorage`. */
type PositionStorage = {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
};

/** How far somebody has got with an episode. */
export type Position = {
  readonly seconds: number;
  /** Of the whole video. */
  readonly durationSeconds: number;
};

const KEY = 'nipnime.positions';
/** The oldest are forgotten. */
const MAX_POSITIONS = 200;
/** Whoever has seen less has not begun. */
const BEGUN_S = 10;
/** Credits and preview, which few watch to the end; of a short one, its last tenth. */
const END_S = 120;

type Row = readonly [episodeId: string, seconds: number, durationSeconds: number];

/** Whether what is left is no more than the end of it. */
export function isWatched({ seconds, durationSeconds }: Position): boolean {
  return seconds >= Math.max(durationSeconds - END_S, durationSeconds * 0.9);
}

/** How far this browser has got with each episode, the last watched first. It is kept on the device alone. */
export class Positions {
  readonly #openStorage: () => PositionStorage;

  /** @param openStorage may throw, as `localStorage` does where it is not allowed: then nothing is kept */
  constructor(openStorage: () => PositionStorage) {
    this.#openStorage = openStorage;
  }

  /** Where to go on; undefined for what has not begun, or has been watched. */
  find(episodeId: string): Position | undefined {
    const row = this.#rows().find(([id]) => id === episodeId);
    if (!row) return undefined;
    const [, seconds, durationSeconds] = row;
    return { seconds, durationSeconds };
  }

  keep(episodeId: string, position: Position): void {
    const { seconds, durationSeconds } = position;
    if (!Number.isFinite(durationSeconds)) return;
    const others = this.#rows().filter(([id]) => id !== episodeId);
    const isKept = seconds >= BEGUN_S && !isWatched(position);
    const row: Row = [episodeId, Math.floor(seconds), Math.floor(durationSeconds)];
    this.#write(isKept ? [row, ...others].slice(0, MAX_POSITIONS) : others);
  }

  #rows(): readonly Row[] {
    try {
      const rows: unknown = JSON.parse(this.#openStorage().getItem(KEY) ?? '[]');
      return Array.isArray(rows) ? rows.filter(isRow) : [];
    } catch {
      return [];
    }
  }

  #write(rows: readonly Row[]): void {
    try {
      this.#openStorage().setItem(KEY, JSON.stringify(rows));
    } catch {
      // Without a storage, or with a full one, the next visit begins at the beginning.
    }
  }
}

function isRow(row: unknown): row is Row {
  return (
    Array.isArray(row) &&
    typeof row[0] === 'string' &&
    row.slice(1, 3).every((value) => Number.isFinite(value)) &&
    row.length === 3
  );
}
