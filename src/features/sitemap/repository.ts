import type { Database } from '../../platform/database';
import type { EpisodeKind } from '../episodes/fields';

/** Each file of the sitemap has what lies in one range of ids, so that finding its rows costs the same in the last one as in the first. */
const RANGE = 10_000;

/** The ranges that have something public in them: 1 for the ids 1 to 10,000, and so on. */
export async function readRanges(
  db: Database,
): Promise<{ readonly series: readonly number[]; readonly episodes: readonly number[] }> {
  const ranges = async (table: string, column: string): Promise<number[]> => {
    const rows: { readonly range: string }[] = await db(table)
      .distinct(db.raw('(?? - 1) / ? + 1 as range', [column, RANGE]))
      .orderBy('range')
      .limit(50_000);
    return rows.map(({ range }) => Number(range));
  };
  return {
    series: await ranges('public_series', 'series_id'),
    episodes: await ranges('latest_episodes', 'episode_id'),
  };
}

export async function readSeriesOf(
  db: Database,
  range: number,
): Promise<readonly { readonly slug: string; readonly updatedAt: Date }[]> {
  return db('public_series as p')
    .join('series as s', 's.id', 'p.series_id')
    .select('p.slug', 's.updated_at as updatedAt')
    .whereBetween('p.series_id', boundsOf(range))
    .orderBy('p.series_id')
    .limit(RANGE);
}

type EpisodePage = {
  readonly seriesSlug: string;
  readonly kind: EpisodeKind;
  readonly number: string;
  readonly publishedAt: Date;
};

export async function readEpisodesOf(db: Database, range: number): Promise<readonly EpisodePage[]> {
  // Which are public is what latest_episodes says: the view would look for the video servers of each.
  return db('latest_episodes as latest')
    .join('episodes as e', 'e.id', 'latest.episode_id')
    .join('series as s', 's.id', 'e.series_id')
    .select('s.slug as seriesSlug', 'e.kind', 'e.number', 'latest.published_at as publishedAt')
    .whereBetween('latest.episode_id', boundsOf(range))
    .orderBy('latest.episode_id')
    .limit(RANGE);
}

function boundsOf(range: number): [number, number] {
  return [(range - 1) * RANGE + 1, range * RANGE];
}
