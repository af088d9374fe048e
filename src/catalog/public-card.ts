import type { PublicEpisode } from '../changes/change-event';
import { type EpisodeKind, shortestNumber } from './episode';
import type { Season, SeriesKind } from './series';

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
  };
}
