import type { PageKey } from '../../src/catalog/public-catalog';
import type { SeriesKind } from '../../src/catalog/series';
import { readHead } from '../../src/changes/change-log';
import type { Database } from '../../src/platform/database';
import { LONG_SERIES } from './fixed-series';

/** The rows of one catalog at which it is measured. */
export type Probes = {
  readonly epoch: string;
  readonly seq: number;
  readonly halfWay: PageKey;
  readonly nearEnd: PageKey;
  readonly halfWayOfMovies: PageKey;
  readonly longSeriesId: string;
  readonly halfWaySeriesId: string;
  readonly halfWayEpisodeId: string;
  /** 100 of the public episodes, spread over all of them: the most that a stream replays. */
  readonly replayIds: readonly string[];
};

export async function findProbes(db: Database): Promise<Probes> {
  const { epoch, seq } = await readHead(db);
  return {
    epoch,
    seq,
    longSeriesId: await findSeriesId(db, LONG_SERIES.slug),
    halfWay: await findPageKey(db, 0.5, 0),
    nearEnd: await findPageKey(db, 1, 30),
    halfWayOfMovies: await findPageKey(db, 0.5, 0, 'movie'),
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
async function findPageKey(db: Database, share: number, back: number, kind?: SeriesKind): Promise<PageKey> {
  const cards = () => db('public_episodes').where(kind ? { series_kind: kind } : {});
  const [counted]: { count: string }[] = await cards().count();
  const row: { published_at: Date; episode_id: string } | undefined = await cards()
    .select('published_at', 'episode_id')
    .orderByRaw('published_at desc, episode_id desc')
    .offset(Math.floor(Number(counted?.count ?? 0) * share) - back)
    .first();
  if (!row) throw new Error(`The generated catalog has no public ${kind ?? 'episode'}.`);
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
