import type { Knex } from 'knex';
import type { PageKey } from '../../src/features/latest/public';
import { readHead } from '../../src/live/log/live-log';
import type { Database } from '../../src/platform/database';
import { LONG_SERIES, RARE_SERIES, RECENT_SERIES, SHORT_SERIES } from './fixed-series';

/** The rows of one catalog at which it is measured. */
export type Probes = {
  readonly epoch: string;
  readonly seq: number;
  readonly halfWay: PageKey;
  readonly nearEnd: PageKey;
  readonly halfWayOfMovies: PageKey;
  /** The ids of some series, old and new. */
  readonly followed: readonly string[];
  readonly halfWayOfFollowed: PageKey;
  readonly longSeriesId: string;
  readonly halfWaySeriesId: string;
  readonly halfWayEpisodeId: string;
  /** 100 of the public episodes, spread over all of them: the most that a stream replays. */
  readonly replayIds: readonly string[];
};

export async function findProbes(db: Database): Promise<Probes> {
  const { epoch, seq } = await readHead(db);
  const followed = await Promise.all(
    [SHORT_SERIES, LONG_SERIES, RARE_SERIES, RECENT_SERIES].map(({ slug }) => findSeriesId(db, slug)),
  );
  return {
    epoch,
    seq,
    longSeriesId: await findSeriesId(db, LONG_SERIES.slug),
    halfWay: await findPageKey(db, 0.5, 0),
    nearEnd: await findPageKey(db, 1, 30),
    halfWayOfMovies: await findPageKey(db, 0.5, 0, (query) => query.where({ series_kind: 'movie' })),
    followed,
    halfWayOfFollowed: await findPageKey(db, 0.5, 0, (query) => query.whereIn('series_id', followed)),
    halfWaySeriesId: await findMiddleId(db, 'series'),
    halfWayEpisodeId: await findMiddleId(db, 'episodes'),
    replayIds: await findSpreadIds(db, 100),
  };
}

async function findSeriesId(db: Database, slug: string): Promise<string> {
  const row: { id: string } | undefined = await db('series').select('id').where({ slug }).first();
  if (!row) throw new Error(`The generated catalog has no series ${slug}.`);
  return row.id;
}

/** The key of the card that comes after `share` of the grid, and `back` cards earlier. */
async function findPageKey(
  db: Database,
  share: number,
  back: number,
  filter: (query: Knex.QueryBuilder) => Knex.QueryBuilder = (query) => query,
): Promise<PageKey> {
  const cards = () => filter(db('public_episodes'));
  const [counted]: { count: string }[] = await cards().count();
  const row: { published_at: Date; episode_id: string } | undefined = await cards()
    .select('published_at', 'episode_id')
    .orderByRaw('published_at desc, episode_id desc')
    .offset(Math.floor(Number(counted?.count ?? 0) * share) - back)
    .first();
  if (!row) throw new Error(`The generated catalog has no public episode.`);
  return { publishedAt: row.published_at.toISOString(), episodeId: row.episode_id };
}

async function findMiddleId(db: Database, table: 'series' | 'episodes'): Promise<string> {
  const row: { id: string } | undefined = await db(table).select(db.raw('(max(id) / 2)::text as id')).first();
  return row?.id ?? '1';
}

async function findSpreadIds(db: Database, count: number): Promise<string[]> {
  const rows: { id: string }[] = await db('public_episodes').select('episode_id as id').orderBy('episode_id');
  return Array.from(
    { length: count },
    (_, index) => rows[Math.floor((index * rows.length) / count)]?.id ?? '1',
  );
}
