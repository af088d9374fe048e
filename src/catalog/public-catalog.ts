import type { Cursor, PublicEpisode } from '../changes/change-event';
import { readHead } from '../changes/change-log';
import { type Database, inSnapshot, type Transaction } from '../platform/database';
import { CARD_COLUMNS, type PublicEpisodeRow, toPublicEpisode } from './public-card';
import { SEASONS, type Season, type SeriesKind } from './series';

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

/**
 * Each card is looked up by itself. As a plain join Postgres may put all that is public together first and sort it,
 * which it does as long as it has no statistics: after an import, or after a backup was restored.
 */
const CARD_OF_LATEST = `cross join lateral (
  select ${CARD_COLUMNS.join(', ')} from public_episodes
  where public_episodes.episode_id = latest.episode_id limit 1) as card`;

/** The episodes that are public, newest first; head and rows come from one snapshot. */
export async function readLatestPage(
  db: Database,
  filter: LatestFilter,
  after?: PageKey,
): Promise<LatestPage> {
  return inSnapshot(db, async (trx) => {
    const cursor = await readHead(trx);
    const rows: PublicEpisodeRow[] = await trx('latest_episodes as latest')
      .joinRaw(CARD_OF_LATEST)
      .select(CARD_COLUMNS.map((column) => `card.${column}`))
      .modify((query) => {
        if (filter.kind) query.where('latest.series_kind', filter.kind);
        if (filter.season) {
          query.where({ 'latest.season_year': filter.season.year, 'latest.season': filter.season.season });
        }
        if (after) {
          const key = [after.publishedAt, after.episodeId];
          query.whereRaw('(latest.published_at, latest.episode_id) < (?, ?)', key);
        }
      })
      .orderBy([
        { column: 'latest.published_at', order: 'desc' },
        { column: 'latest.episode_id', order: 'desc' },
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

/** The seasons that public episodes belong to, newest first. */
export async function readSeasons(
  db: Database,
): Promise<readonly { readonly year: number; readonly season: Season }[]> {
  // From one season to the next through the index: it costs as much as there are seasons, however many episodes they have.
  const { rows } = await db.raw<{ rows: { season_year: number; season: Season }[] }>(`
    with recursive seasons as (
      (select season_year, season from latest_episodes where season is not null
       order by season_year desc, season desc limit 1)
      union all
      select earlier.season_year, earlier.season
      from seasons cross join lateral (
        select season_year, season from latest_episodes
        where season is not null and (season_year, season) < (seasons.season_year, seasons.season)
        order by season_year desc, season desc limit 1) as earlier
    )
    select season_year, season from seasons limit 1000`);
  return rows
    .map(({ season_year, season }) => ({ year: season_year, season }))
    .sort((a, b) => b.year - a.year || SEASONS.indexOf(b.season) - SEASONS.indexOf(a.season));
}
