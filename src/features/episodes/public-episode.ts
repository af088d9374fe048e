import type { Kind } from '../../live/list';
import type { Database, Transaction } from '../../platform/database';
import type { Season, SeriesKind } from '../series/fields';
import { EPISODE_KINDS, type EpisodeKind, shortestNumber } from './fields';

/** What anybody may see of an episode on a card: one row of the view `public_episodes`. */
export type PublicEpisode = {
  readonly episodeId: string;
  readonly kind: EpisodeKind;
  /** Shortest decimal form: `12`, `12.5`. */
  readonly number: string;
  readonly title: string;
  readonly durationSeconds: number | null;
  readonly still: string | null;
  /** ISO 8601, UTC, milliseconds. */
  readonly publishedAt: string;
  readonly seriesId: string;
  readonly seriesSlug: string;
  readonly seriesTitle: string;
  /** BCP 47 tag of `seriesTitle`. */
  readonly seriesTitleLanguage: string;
  readonly seriesKind: SeriesKind;
  /** BCP 47; null where it is not known. */
  readonly seriesNativeLanguage: string | null;
  readonly seasonYear: number | null;
  readonly season: Season | null;
  /** BCP 47, of the enabled video servers, each once. */
  readonly audioLanguages: readonly string[];
  readonly subtitleLanguages: readonly string[];
};

/** Episodes as lists show them. */
export const episodeKind: Kind<PublicEpisode> = {
  name: 'episode',
  of: 'episode',
  keyOf: ({ episodeId }) => episodeId,
  find: findPublicEpisodes,
};

/** Where an episode stands among those of its series, `0-12.5`, `1-2`: regular ones first, in the order of their numbers. */
export function episodePosition({ kind, number }: Pick<PublicEpisode, 'kind' | 'number'>): string {
  return `${EPISODE_KINDS.indexOf(kind)}-${number}`;
}

/** The same with the highest number first: `0--12.5`, and then `1--2`. */
export function newestFirstPosition({ kind, number }: Pick<PublicEpisode, 'kind' | 'number'>): string {
  return `${EPISODE_KINDS.indexOf(kind)}-${-Number(number)}`;
}

/** The topic of a series' episodes. */
export function seriesTopic(seriesId: string): string {
  return `series:${seriesId}`;
}

/** The topic of the same episodes with the newest first: a list is known by its beginning, and this is another one. */
export function newestFirstTopic(seriesId: string): string {
  return `newest:${seriesId}`;
}

/** Those of the episodes that are public. */
export async function findPublicEpisodes(
  db: Database | Transaction,
  episodeIds: readonly string[],
): Promise<PublicEpisode[]> {
  if (episodeIds.length === 0) return [];
  const rows: PublicEpisodeRow[] = await db('public_episodes')
    .select(CARD_COLUMNS)
    .whereRaw('episode_id = any(?)', [[...episodeIds]])
    .orderBy('episode_id');
  return rows.map(toPublicEpisode);
}

/** A row of public_episodes, as far as a card shows it. */
export type PublicEpisodeRow = {
  readonly episode_id: string;
  readonly kind: EpisodeKind;
  readonly number: string;
  readonly title: string;
  readonly duration_seconds: number | null;
  readonly still: string | null;
  readonly published_at: Date;
  readonly series_id: string;
  readonly series_slug: string;
  readonly series_title: string;
  readonly series_title_language: string;
  readonly series_kind: SeriesKind;
  readonly season_year: number | null;
  readonly season: Season | null;
  readonly series_native_language: string | null;
  readonly audio_languages: readonly string[];
  readonly subtitle_languages: readonly string[];
};

export const CARD_COLUMNS = [
  'episode_id',
  'kind',
  'number',
  'title',
  'duration_seconds',
  'still',
  'published_at',
  'series_id',
  'series_slug',
  'series_title',
  'series_title_language',
  'series_kind',
  'season_year',
  'season',
  'series_native_language',
  'audio_languages',
  'subtitle_languages',
] as const;

export function toPublicEpisode(row: PublicEpisodeRow): PublicEpisode {
  return {
    episodeId: row.episode_id,
    kind: row.kind,
    number: shortestNumber(row.number),
    title: row.title,
    durationSeconds: row.duration_seconds,
    still: row.still,
    publishedAt: row.published_at.toISOString(),
    seriesId: row.series_id,
    seriesSlug: row.series_slug,
    seriesTitle: row.series_title,
    seriesTitleLanguage: row.series_title_language,
    seriesKind: row.series_kind,
    seasonYear: row.season_year,
    season: row.season,
    seriesNativeLanguage: row.series_native_language,
    audioLanguages: row.audio_languages,
    subtitleLanguages: row.subtitle_languages,
  };
}
