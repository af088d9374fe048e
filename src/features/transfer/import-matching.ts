import type { SeriesKind } from '../series/fields';
import { type KeyWeight, weightOf } from './import-keys';

/** What an item of the data set and a series of the catalog are compared by. */
export type Recognisable = {
  readonly keys: readonly string[];
  readonly kind: SeriesKind;
  readonly beginsAt: Date | null;
};

type Pair = {
  readonly item: number;
  readonly series: number;
  score: number;
  /** A key that names one series is among those they share. */
  isStrong: boolean;
};

export type Matching = {
  /** For an item, by its index, the index of the series that it is. */
  readonly seriesOf: ReadonlyMap<number, number>;
  /** For a series that no item is, the item that it shares a strong key with, but that is another series. */
  readonly doublesOf: ReadonlyMap<number, number>;
  /** For an item that no series is, the series that it shares a strong key with, but that is another item. */
  readonly lookalikesOf: ReadonlyMap<number, number>;
};

/** A key that more have than this tells nothing, and comparing all of them with all would take for ever. */
const MAX_HOLDERS = { strong: 64, weak: 8 };
/** By how much a begin may have been corrected, for those that have no strong key in common. */
const MAX_SHIFT_MS = 45 * 86_400_000;

/**
 * Which item of a data set is which series of the catalog. A pair is worth the weights of the keys that both have, each
 * divided by how many have it; the best pair is taken first, and each item and series once. What nothing strong speaks
 * for has to begin at about the same time or to have the same title, too: seasons share their addresses.
 *
 * The result depends on the order only where nothing else tells two apart.
 */
export function matchSeries(items: readonly Recognisable[], series: readonly Recognisable[]): Matching {
  const pairs = [...pairUp(items, series)].filter(
    (pair) => pair.isStrong || isLikely(items[pair.item], series[pair.series]),
  );
  pairs.sort((a, b) => b.score - a.score || a.item - b.item || a.series - b.series);
  const seriesOf = new Map<number, number>();
  const itemOf = new Map<number, number>();
  for (const pair of pairs) {
    if (seriesOf.has(pair.item) || itemOf.has(pair.series)) continue;
    seriesOf.set(pair.item, pair.series);
    itemOf.set(pair.series, pair.item);
  }
  const doublesOf = new Map<number, number>();
  const lookalikesOf = new Map<number, number>();
  for (const pair of pairs) {
    if (!pair.isStrong) continue;
    if (!itemOf.has(pair.series) && !doublesOf.has(pair.series)) doublesOf.set(pair.series, pair.item);
    if (!seriesOf.has(pair.item) && !lookalikesOf.has(pair.item)) lookalikesOf.set(pair.item, pair.series);
  }
  return { seriesOf, doublesOf, lookalikesOf };
}

/** Every item with every series that it has a telling key in common with. */
function pairUp(items: readonly Recognisable[], series: readonly Recognisable[]): Iterable<Pair> {
  const holders = holdersOf(series);
  const pairs = new Map<string, Pair>();
  for (const [key, itemIndexes] of holdersOf(items)) {
    const seriesIndexes = holders.get(key) ?? [];
    const weight = weightOf(key);
    if (!isTelling(weight, itemIndexes.length, seriesIndexes.length)) continue;
    const score = weight.weight / (itemIndexes.length * seriesIndexes.length);
    for (const item of itemIndexes) {
      for (const index of seriesIndexes) {
        const id = `${item} ${index}`;
        const pair = pairs.get(id) ?? { item, series: index, score: 0, isStrong: false };
        pair.score += score;
        pair.isStrong ||= weight.isStrong;
        pairs.set(id, pair);
      }
    }
  }
  return pairs.values();
}

function holdersOf(all: readonly Recognisable[]): Map<string, number[]> {
  const holders = new Map<string, number[]>();
  for (const [index, { keys }] of all.entries()) {
    for (const key of keys) {
      const those = holders.get(key);
      if (those) those.push(index);
      else holders.set(key, [index]);
    }
  }
  return holders;
}

function isTelling({ isStrong }: KeyWeight, itemCount: number, seriesCount: number): boolean {
  const most = isStrong ? MAX_HOLDERS.strong : MAX_HOLDERS.weak;
  return itemCount <= most && seriesCount <= most;
}

function isLikely(item: Recognisable | undefined, series: Recognisable | undefined): boolean {
  if (!item || !series || item.kind !== series.kind) return false;
  // However many have the others: the title is that of few.
  const shared = item.keys.filter((key) => series.keys.includes(key));
  if (shared.length > 1 && shared.some((key) => key.startsWith('title:'))) return true;
  return (
    item.beginsAt !== null &&
    series.beginsAt !== null &&
    Math.abs(item.beginsAt.getTime() - series.beginsAt.getTime()) <= MAX_SHIFT_MS
  );
}
