import type { PublicEpisode } from '../changes/change-event';
import { type Database, inSnapshot, type Transaction } from '../platform/database';
import type { EpisodeKind } from './episode';
import { CARD_COLUMNS, type PublicEpisodeRow, toPublicEpisode } from './public-card';
import type { Season, SeriesKind, SeriesLink } from './series';
import type { VideoServer, VideoServerKind } from './video-server';

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

/** Episodes on one page of a series. */
const PAGE_SIZE = 100;

export type EpisodePlace = { readonly kind: EpisodeKind; readonly number: string };

/** Which of a series' episodes a page shows: the first ones, those next to another, or the last ones. */
export type EpisodesPart =
  | 'first'
  | 'last'
  | { readonly after: EpisodePlace }
  | { readonly before: EpisodePlace };

export type EpisodesPage = {
  /** At most 100; regular ones first, in the order of their numbers. */
  readonly episodes: readonly PublicEpisode[];
  readonly hasPrevious: boolean;
  readonly hasNext: boolean;
};

/** One page of the public episodes of a series. */
export async function readEpisodesPage(
  db: Database,
  seriesId: string,
  part: EpisodesPart,
): Promise<EpisodesPage> {
  const isBackward = part === 'last' || (typeof part === 'object' && 'before' in part);
  const order = isBackward ? 'desc' : 'asc';
  const rows: PublicEpisodeRow[] = await episodesOf(db, seriesId, part)
    .select(CARD_COLUMNS)
    .orderBy([
      { column: 'kind', order },
      { column: 'number', order },
    ])
    .limit(PAGE_SIZE + 1);
  const goesOn = rows.length > PAGE_SIZE;
  const shown = rows.slice(0, PAGE_SIZE);
  if (isBackward) shown.reverse();
  const [first, last] = [shown.at(0), shown.at(-1)];
  const isBegun = typeof part === 'string' || !first || !last;
  const beginsLater = !isBegun && !isBackward && (await hasEpisodes(db, seriesId, { before: first }));
  const endsEarlier = !isBegun && isBackward && (await hasEpisodes(db, seriesId, { after: last }));
  return {
    episodes: shown.map(toPublicEpisode),
    hasPrevious: isBackward ? goesOn : beginsLater,
    hasNext: isBackward ? endsEarlier : goesOn,
  };
}

function episodesOf(db: Database, seriesId: string, part: EpisodesPart) {
  const query = db('public_episodes').where({ series_id: seriesId });
  if (typeof part === 'string') return query;
  const [comparison, { kind, number }] = 'after' in part ? ['>', part.after] : ['<', part.before];
  return query.whereRaw(`(kind, number) ${comparison} (?, ?::numeric)`, [kind, number]);
}

async function hasEpisodes(db: Database, seriesId: string, part: EpisodesPart): Promise<boolean> {
  return (await episodesOf(db, seriesId, part).select('episode_id').first()) !== undefined;
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
