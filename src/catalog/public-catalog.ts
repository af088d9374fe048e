import type { Cursor, PublicEpisode } from '../changes/change-event';
import { readHead } from '../changes/change-log';
import { type Database, inSnapshot, type Transaction } from '../platform/database';
import { type EpisodeKind, shortestNumber } from './episode';
import type { Season, SeriesKind, SeriesLink } from './series';
import type { VideoServer, VideoServerKind } from './video-server';

/** Cards on one page of the grid. */
const PAGE_SIZE = 24;

/** Which episodes a grid shows. */
export type LatestFilter = {
  readonly kind?: SeriesKind;
  readonly season?: { readonly year: number; readonly season: Season };
};

/** The last card of a page: the next one begins after it. */
export type PageKey = { readonly publishedAt: string; readonly episodeId: string };

/** One page of the latest episodes and the point in the order of changes at which it was true. */
export type LatestPage = {
  readonly cursor: Cursor;
  readonly episodes: readonly PublicEpisode[];
  /** Undefined on the last page. */
  readonly next: PageKey | undefined;
};

/** The episodes that are public, newest first; head and rows come from one snapshot. */
export async function readLatestPage(
  db: Database,
  filter: LatestFilter,
  after?: PageKey,
): Promise<LatestPage> {
  return inSnapshot(db, async (trx) => {
    const cursor = await readHead(trx);
    const rows: PublicEpisodeRow[] = await trx('public_episodes')
      .select(CARD_COLUMNS)
      .modify((query) => {
        if (filter.kind) query.where('series_kind', filter.kind);
        if (filter.season) query.where({ season_year: filter.season.year, season: filter.season.season });
        if (after)
          query.whereRaw('(published_at, episode_id) < (?, ?)', [after.publishedAt, after.episodeId]);
      })
      .orderBy([
        { column: 'published_at', order: 'desc' },
        { column: 'episode_id', order: 'desc' },
      ])
      .limit(PAGE_SIZE + 1);
    const episodes = rows.slice(0, PAGE_SIZE).map(toPublicEpisode);
    const last = episodes.at(-1);
    return {
      cursor,
      episodes,
      next:
        rows.length > PAGE_SIZE && last
          ? { publishedAt: last.publishedAt, episodeId: last.episodeId }
          : undefined,
    };
  });
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

export async function findPublicEpisodesOfSeries(
  db: Database | Transaction,
  seriesIds: readonly string[],
): Promise<PublicEpisode[]> {
  if (seriesIds.length === 0) return [];
  const rows: PublicEpisodeRow[] = await db('public_episodes')
    .select(CARD_COLUMNS)
    .whereRaw('series_id = any(?)', [[...seriesIds]])
    .orderBy('episode_id');
  return rows.map(toPublicEpisode);
}

/** The seasons that public series belong to, newest first. */
export async function readSeasons(
  db: Database,
): Promise<readonly { readonly year: number; readonly season: Season }[]> {
  const rows: { season_year: number; season: Season }[] = await db('public_series')
    .distinct('season_year', 'season')
    .whereNotNull('season')
    .orderBy('season_year', 'desc')
    .limit(1_000);
  const order: readonly Season[] = ['fall', 'summer', 'spring', 'winter'];
  return rows
    .map(({ season_year, season }) => ({ year: season_year, season }))
    .sort((a, b) => b.year - a.year || order.indexOf(a.season) - order.indexOf(b.season));
}

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
  readonly links: readonly SeriesLink[];
  readonly poster: string | null;
};

export async function findPublicSeries(db: Database, slug: string): Promise<PublicSeries | undefined> {
  const row: PublicSeriesRow | undefined = await db('public_series')
    .select(SERIES_COLUMNS)
    .where({ slug })
    .first();
  return row && toPublicSeries(row);
}

/** Every public episode of the series, regular ones first, in the order of their numbers. */
export async function listPublicEpisodesOfSeries(db: Database, seriesId: string): Promise<PublicEpisode[]> {
  const rows: PublicEpisodeRow[] = await db('public_episodes')
    .select(CARD_COLUMNS)
    .where({ series_id: seriesId })
    .orderBy(['kind', 'number'])
    .limit(5_000);
  return rows.map(toPublicEpisode);
}

/** What the watch page shows: the episode, its enabled video servers, and its neighbours. */
export type WatchedEpisode = {
  readonly episode: PublicEpisode;
  readonly synopsis: string;
  readonly servers: readonly VideoServer[];
  readonly previous: PublicEpisode | undefined;
  readonly next: PublicEpisode | undefined;
};

export async function findWatchedEpisode(
  db: Database,
  seriesSlug: string,
  kind: EpisodeKind,
  number: string,
): Promise<WatchedEpisode | undefined> {
  return inSnapshot(db, async (trx) => {
    const row: (PublicEpisodeRow & { synopsis: string }) | undefined = await trx('public_episodes')
      .select([...CARD_COLUMNS, 'synopsis'])
      .where({ series_slug: seriesSlug, kind, number })
      .first();
    if (!row) return undefined;
    const servers: VideoServerRow[] = await trx('video_servers')
      .select('id', 'name', 'kind', 'url', 'audio_language', 'subtitle_language', 'enabled')
      .where({ episode_id: row.episode_id, enabled: true })
      .orderBy(['position', 'id'])
      .limit(100);
    return {
      episode: toPublicEpisode(row),
      synopsis: row.synopsis,
      servers: servers.map(toVideoServer),
      previous: await findNeighbour(trx, row, '<', 'desc'),
      next: await findNeighbour(trx, row, '>', 'asc'),
    };
  });
}

async function findNeighbour(
  trx: Transaction,
  of: PublicEpisodeRow,
  comparison: '<' | '>',
  order: 'asc' | 'desc',
): Promise<PublicEpisode | undefined> {
  const row: PublicEpisodeRow | undefined = await trx('public_episodes')
    .select(CARD_COLUMNS)
    .where({ series_id: of.series_id, kind: of.kind })
    .where('number', comparison, of.number)
    .orderBy('number', order)
    .first();
  return row && toPublicEpisode(row);
}

type PublicEpisodeRow = {
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

const CARD_COLUMNS = [
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

function toPublicEpisode(row: PublicEpisodeRow): PublicEpisode {
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
  readonly links: readonly SeriesLink[];
  readonly poster: string | null;
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
    links: row.links,
    poster: row.poster,
  };
}

type VideoServerRow = {
  readonly id: string;
  readonly name: string;
  readonly kind: VideoServerKind;
  readonly url: string;
  readonly audio_language: string | null;
  readonly subtitle_language: string | null;
  readonly enabled: boolean;
};

function toVideoServer(row: VideoServerRow): VideoServer {
  return {
    id: row.id,
    name: row.name,
    kind: row.kind,
    url: row.url,
    audioLanguage: row.audio_language,
    subtitleLanguage: row.subtitle_language,
    enabled: row.enabled,
  };
}
