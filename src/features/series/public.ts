import type { Database } from '../../platform/database';
import type { Genre, Season, SeriesKind, SeriesLink } from './fields';
import { MAX_SLUG_LENGTH, SLUG } from './slug';

export {
  type BroadcastExtent,
  broadcastsUntil,
  nextBroadcasts,
  seasonOf,
  UNKNOWN_END_DAYS,
} from './broadcast';
export { type BroadcastRule, parseBroadcastRule } from './broadcast-rule';
export { isTimeKnown, type JapaneseDay, listedDays } from './japanese-day';
export { hostOf } from './links';
export { findSeries, findSeriesIds, updateSeries } from './repository';
export { slugFromTitle, slugWithSuffix } from './slug';

/** A series as visitors see it. */
export type PublicSeries = {
  readonly seriesId: string;
  readonly slug: string;
  readonly title: string;
  readonly titleLanguage: string;
  readonly titleNative: string | null;
  readonly nativeLanguage: string | null;
  readonly synonyms: readonly string[];
  readonly synopsis: string;
  readonly kind: SeriesKind;
  readonly seasonYear: number | null;
  readonly season: Season | null;
  readonly beginsAt: Date | null;
  readonly endsAt: Date | null;
  /** See `parseBroadcastRule`. */
  readonly broadcast: string | null;
  readonly links: readonly SeriesLink[];
  readonly poster: string | null;
  readonly genres: readonly Genre[];
};

export async function findPublicSeries(db: Database, slug: string): Promise<PublicSeries | undefined> {
  const row: PublicSeriesRow | undefined = await db('public_series as p')
    .join('series as s', 's.id', 'p.series_id')
    .select(...SERIES_COLUMNS.map((column) => `p.${column}`), 's.broadcast')
    .where('p.slug', slug)
    .first();
  return row && toPublicSeries(row);
}

/** Those of the series that visitors see. */
export async function findPublicIds(
  db: Database,
  seriesIds: readonly string[],
): Promise<ReadonlySet<string>> {
  const rows: { readonly series_id: string }[] = await db('public_series')
    .select('series_id')
    .whereRaw('series_id = any(?)', [[...seriesIds]]);
  return new Set(rows.map(({ series_id }) => series_id));
}

/** Where the series of a slug that it no longer has is now; undefined when visitors see no such series. */
export async function findSlugAfter(db: Database, formerSlug: string): Promise<string | undefined> {
  // An address may say anything, and not all of it can be asked for.
  if (formerSlug.length > MAX_SLUG_LENGTH || !SLUG.test(formerSlug)) return undefined;
  const row: { readonly slug: string } | undefined = await db('former_slugs as f')
    .join('public_series as s', 's.series_id', 'f.series_id')
    .select('s.slug')
    .where({ 'f.slug': formerSlug })
    .first();
  return row?.slug;
}

/** The slugs that lead on to a series, and that no other one should be given. */
export async function readFormerSlugs(db: Database): Promise<readonly string[]> {
  const rows: { readonly slug: string }[] = await db('former_slugs').select('slug');
  return rows.map(({ slug }) => slug);
}

type PublicSeriesRow = {
  readonly series_id: string;
  readonly slug: string;
  readonly title: string;
  readonly title_language: string;
  readonly title_native: string | null;
  readonly native_language: string | null;
  readonly synonyms: readonly string[];
  readonly synopsis: string;
  readonly kind: SeriesKind;
  readonly season_year: number | null;
  readonly season: Season | null;
  readonly begins_at: Date | null;
  readonly ends_at: Date | null;
  readonly broadcast: string | null;
  readonly links: readonly SeriesLink[];
  readonly poster: string | null;
  readonly genres: readonly Genre[];
};

const SERIES_COLUMNS = [
  'series_id',
  'slug',
  'title',
  'title_language',
  'title_native',
  'native_language',
  'synonyms',
  'synopsis',
  'kind',
  'season_year',
  'season',
  'begins_at',
  'ends_at',
  'links',
  'poster',
  'genres',
] as const;

function toPublicSeries(row: PublicSeriesRow): PublicSeries {
  return {
    seriesId: row.series_id,
    slug: row.slug,
    title: row.title,
    titleLanguage: row.title_language,
    titleNative: row.title_native,
    nativeLanguage: row.native_language,
    synonyms: row.synonyms,
    synopsis: row.synopsis,
    kind: row.kind,
    seasonYear: row.season_year,
    season: row.season,
    beginsAt: row.begins_at,
    endsAt: row.ends_at,
    broadcast: row.broadcast,
    links: row.links,
    poster: row.poster,
    genres: row.genres,
  };
}
