import { isDeepStrictEqual } from 'node:util';
import {
  type BroadcastExtent,
  type BroadcastRule,
  broadcastsUntil,
  parseBroadcastRule,
} from '../series/public';
import type { BangumiSeries } from './bangumi-data';
import { type ImportedColumns, type ImportRecord, recordOf, updatesOf } from './import-fields';

/** An episode that is there, deleted ones among them, so that what somebody has deleted stays deleted. */
export type KnownEpisode = {
  readonly id: string;
  readonly kind: string;
  /** Shortest decimal form. */
  readonly number: string;
  readonly publishedAt: Date | null;
  readonly isDeleted: boolean;
  /** Which broadcast of the series it was imported as, from 1; null when it was not imported. */
  readonly importedAs: number | null;
  /** Imported, and nobody has touched it since. */
  readonly isUntouched: boolean;
  /** It is known as imported by what it looks like, and not marked yet. */
  readonly isUnmarked: boolean;
};

/** A series that is there. */
export type Known = ImportedColumns & {
  readonly id: string;
  readonly slug: string;
  readonly source: string | null;
  readonly version: number;
  readonly record: ImportRecord | undefined;
  readonly episodes: readonly KnownEpisode[];
};

export type TimedEpisode = { readonly id: string; readonly time: Date };
type Broadcast = { readonly number: number; readonly time: Date };

/** What an import has to do to a series that is there. */
export type SeriesPlan = {
  readonly known: Known;
  readonly columns: Partial<ImportedColumns>;
  /** Undefined when the one that is kept still holds. */
  readonly record: ImportRecord | undefined;
  /** How many there were. */
  readonly broadcasts: number;
  readonly add: readonly Broadcast[];
  /** Published at another time than the data says by now. */
  readonly move: readonly TimedEpisode[];
  readonly takeBack: readonly string[];
  /** Taken back by an import, and broadcast after all. */
  readonly bringBack: readonly TimedEpisode[];
  readonly mark: readonly { readonly id: string; readonly importedAs: number }[];
};

/** What the plan of a series depends on besides the data and the catalog. */
export type PlanOptions = {
  readonly now: Date;
  /** Up to when the data knows what was broadcast. */
  readonly knownUntil: Date;
  readonly maxEpisodes: number;
};

export function planSeries(series: BangumiSeries, known: Known, options: PlanOptions): SeriesPlan {
  const { record } = known;
  const nextRecord = recordOf(series, record);
  const columns = updatesOf(known, series, { before: record, now: nextRecord });
  return {
    known,
    columns,
    record: isDeepStrictEqual(record, nextRecord) ? undefined : nextRecord,
    ...planEpisodes({ ...known, ...columns }, options),
    mark: known.episodes.flatMap(({ id, importedAs, isUnmarked }) =>
      isUnmarked && importedAs !== null ? [{ id, importedAs }] : [],
    ),
  };
}

export function hasWork({ columns, record, add, move, takeBack, bringBack, mark }: SeriesPlan): boolean {
  const lists = [Object.keys(columns), add, move, takeBack, bringBack, mark];
  return record !== undefined || lists.some((list) => list.length > 0);
}

/**
 * The broadcasts of a series whose end nobody knows are known up to the date of the data, and not for ever.
 */
export function extentOf(endsAt: Date | null, knownUntil: Date): BroadcastExtent {
  return endsAt ? { endsAt } : { knownUntil };
}

/**
 * Every broadcast becomes an episode, unless somebody has made something else of it: has given it another number, hidden
 * or deleted it. Those that nobody has touched follow the data. What the data does not say takes nothing away.
 */
function planEpisodes(
  series: Known,
  { now, knownUntil, maxEpisodes }: PlanOptions,
): Pick<SeriesPlan, 'broadcasts' | 'add' | 'move' | 'takeBack' | 'bringBack'> {
  const rule = series.broadcast === null ? undefined : parseBroadcastRule(series.broadcast);
  const extent = extentOf(series.ends_at, knownUntil);
  const times = rule ? broadcastsUntil(rule, extent, { now, limit: maxEpisodes }) : [];
  const earlier = rule ? broadcastsBefore(rule, series) : 0;
  const find = episodeFinder(series.episodes);
  const add: Broadcast[] = [];
  const move: TimedEpisode[] = [];
  const bringBack: TimedEpisode[] = [];
  for (const [index, time] of times.entries()) {
    const number = earlier + index + 1;
    const episode = find(number, time);
    if (!episode) add.push({ number, time });
    else if (episode.isUntouched && episode.importedAs === number) {
      if (!episode.isDeleted) {
        if (episode.publishedAt?.getTime() !== time.getTime()) move.push({ id: episode.id, time });
      } else if (!isNumberTaken(series, episode)) bringBack.push({ id: episode.id, time });
    }
  }
  const takeBack = series.episodes.filter(
    (episode) =>
      episode.isUntouched &&
      !episode.isDeleted &&
      (episode.importedAs ?? 0) > earlier + times.length &&
      isRefuted(episode, series, { rule, now, knownUntil }),
  );
  return { broadcasts: times.length, add, move, bringBack, takeBack: takeBack.map(({ id }) => id) };
}

/** By the broadcast that it was imported as, else by its time, else by its number. */
function episodeFinder(
  episodes: readonly KnownEpisode[],
): (number: number, time: Date) => KnownEpisode | undefined {
  const byBroadcast = new Map(episodes.map((episode) => [episode.importedAs, episode]));
  // An admin's own, or of before there were marks.
  const others = episodes.filter(({ importedAs }) => importedAs === null);
  const byTime = new Map(others.map((episode) => [episode.publishedAt?.getTime(), episode]));
  const regular = episodes.filter(({ kind }) => kind === 'regular');
  const byNumber = new Map(regular.map((episode) => [episode.number, episode]));
  return (number, time) =>
    byBroadcast.get(number) ?? byTime.get(time.getTime()) ?? byNumber.get(String(number));
}

/**
 * When a long series gets another slot, its rule begins with that; the data then says nothing of the broadcasts before,
 * and those that were imported stay, with their numbers.
 */
function broadcastsBefore(rule: BroadcastRule, { begins_at: beginsAt, episodes }: Known): number {
  if (!beginsAt || beginsAt >= rule.startsAt) return 0;
  return episodes
    .filter(({ publishedAt }) => publishedAt && publishedAt >= beginsAt && publishedAt < rule.startsAt)
    .reduce((last, { importedAs }) => Math.max(last, importedAs ?? 0), 0);
}

/** Whether the data says of an episode's time that there was no such broadcast, rather than nothing. */
function isRefuted(
  { publishedAt }: KnownEpisode,
  { begins_at: beginsAt, ends_at: endsAt, record }: Known,
  { rule, now, knownUntil }: Pick<PlanOptions, 'now' | 'knownUntil'> & { rule: BroadcastRule | undefined },
): boolean {
  if (!publishedAt) return false;
  if (endsAt && publishedAt > endsAt) return true;
  if (!rule) return false;
  const begin = beginsAt && beginsAt < rule.startsAt ? beginsAt : rule.startsAt;
  if (publishedAt < begin) return true;
  // Without an end: imported by a release that went on for ever.
  const isKnown = endsAt !== null || publishedAt <= knownUntil || record === undefined;
  return isKnown && publishedAt <= now;
}

function isNumberTaken({ episodes }: Known, { id, kind, number }: KnownEpisode): boolean {
  return episodes.some(
    (other) => other.id !== id && !other.isDeleted && other.kind === kind && other.number === number,
  );
}
