import type { Database } from '../../src/platform/database';
import { FIRST_SEQ } from './peer-publisher';

type SeriesOfSize = {
  readonly seriesIds: readonly string[];
  readonly episodes: readonly { readonly id: string; readonly seriesId: string }[];
};
export type BenchEpisodes = {
  readonly small: SeriesOfSize;
  readonly card: SeriesOfSize;
  readonly large: SeriesOfSize;
};

/** Several series: writes to one wait for each other. */
const SERIES_OF_SIZE = 8;
const EPISODES_OF_SERIES = 100;

const ORDINARY_SERIES = 'The Lanterns of the Northern Station';
const ORDINARY_TITLE = 'Letters That Were Never Sent';
// As long as a title may be, in a script that needs three bytes for each letter.
const LONG_SERIES = '終'.repeat(281);
const LONG_TITLE = '話'.repeat(281);

/** The title of an upsert; the #s become the number of the write. */
export const PADDED_TITLE = {
  card: `${ORDINARY_TITLE} #######`,
  large: `${LONG_TITLE} #######`,
} as const;

/** Adds episodes of its own to the catalog; older than others, so that they are not what the pages show. */
export async function createBenchEpisodes(db: Database): Promise<BenchEpisodes> {
  await db('live_head').update({ seq: FIRST_SEQ });
  return {
    small: await createSeriesOfSize(db, ORDINARY_SERIES, ORDINARY_TITLE, '803 days'),
    large: await createSeriesOfSize(db, LONG_SERIES, LONG_TITLE, '802 days'),
    card: await createSeriesOfSize(db, ORDINARY_SERIES, ORDINARY_TITLE, '801 days'),
  };
}

async function createSeriesOfSize(
  db: Database,
  seriesTitle: string,
  title: string,
  age: string,
): Promise<SeriesOfSize> {
  const series: { id: string }[] = await db('series')
    .insert(
      Array.from({ length: SERIES_OF_SIZE }, (_, index) => ({
        slug: `bench-${age.replace(' ', '-')}-${index}`,
        title: seriesTitle,
        kind: 'tv',
        season_year: 2026,
        season: 'fall',
      })),
    )
    .returning('id');
  const episodes: { id: string; series_id: string }[] = await db('episodes')
    .insert(
      series.flatMap(({ id }, place) =>
        Array.from({ length: EPISODES_OF_SERIES }, (_, index) => ({
          series_id: id,
          number: index + 1,
          title,
          duration_seconds: 1_440,
          status: 'published',
          published_at: db.raw(`now() - ?::interval - ? * interval '1 second'`, [age, place * 60 + index]),
          first_public_at: db.fn.now(3),
        })),
      ),
    )
    .returning(['id', 'series_id']);
  await db('video_servers').insert(
    episodes.map(({ id }) => ({ episode_id: id, name: 'A', kind: 'hls', url: '/media/a.m3u8', position: 0 })),
  );
  // Neighbours are of different series.
  const turns = Array.from({ length: EPISODES_OF_SERIES }, (_, turn) =>
    series.map((_, place) => episodes[place * EPISODES_OF_SERIES + turn]),
  );
  return {
    seriesIds: series.map(({ id }) => id),
    episodes: turns.flat().flatMap((row) => (row ? [{ id: row.id, seriesId: row.series_id }] : [])),
  };
}
