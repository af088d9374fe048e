import type { Cursor } from '../../live/log/change';
import { readHead } from '../../live/log/live-log';
import { type Database, inSnapshot, type Transaction } from '../../platform/database';
import { EPISODE_KINDS, type EpisodeKind, shortestNumber } from './fields';
import { CARD_COLUMNS, type PublicEpisode, type PublicEpisodeRow, toPublicEpisode } from './public-episode';

export { cardView, formatPageKey, parsePageKey } from './card';
export {
  CARD_COLUMNS,
  episodeKind,
  episodePosition,
  findPublicEpisodes,
  newestFirstPosition,
  newestFirstTopic,
  type PublicEpisode,
  type PublicEpisodeRow,
  seriesTopic,
  toPublicEpisode,
} from './public-episode';

export { deleteEpisode } from './repository';
export { identifyVideoServers, sameVideoServers } from './video-server';
export { writeVideoServers } from './video-server-repository';

/** Episodes on one page of a series. */
export const EPISODES_PAGE_SIZE = 100;

/** By number: the lowest or the highest one first. Regular episodes come before specials either way. */
export type EpisodesOrder = 'oldest' | 'newest';

export type EpisodePlace = { readonly kind: EpisodeKind; readonly number: string };

/** Which of a series' episodes a page shows: the first ones of their order, those from or next to a place in it, or the last ones. */
export type EpisodesPart =
  | 'first'
  | 'last'
  | { readonly from: EpisodePlace }
  | { readonly after: EpisodePlace }
  | { readonly before: EpisodePlace };

export type EpisodesPage = {
  /** The point in the order of changes at which it was true. */
  readonly cursor: Cursor;
  readonly episodes: readonly PublicEpisode[];
  readonly hasPrevious: boolean;
  readonly hasNext: boolean;
};

/** One page of the public episodes of a series; head and rows come from one snapshot. */
export async function readEpisodesPage(
  db: Database,
  seriesId: string,
  part: EpisodesPart,
  {
    order = 'oldest',
    count = EPISODES_PAGE_SIZE,
  }: { readonly order?: EpisodesOrder; readonly count?: number } = {},
): Promise<EpisodesPage> {
  return inSnapshot(db, async (trx) => {
    const cursor = await readHead(trx);
    const isBackward = part === 'last' || (typeof part === 'object' && 'before' in part);
    const rows = await readPart(trx, seriesId, part, order, count + 1);
    const goesOn = rows.length > count;
    const shown = rows.slice(0, count);
    if (isBackward) shown.reverse();
    const [first, last] = [shown.at(0), shown.at(-1)];
    const isBegun = typeof part === 'string' || !first || !last;
    const hasMore = async (rest: EpisodesPart) => (await readPart(trx, seriesId, rest, order, 1)).length > 0;
    const beginsLater = !isBegun && !isBackward && (await hasMore({ before: first }));
    const endsEarlier = !isBegun && isBackward && (await hasMore({ after: last }));
    return {
      cursor,
      episodes: shown.map(toPublicEpisode),
      hasPrevious: isBackward ? goesOn : beginsLater,
      hasNext: isBackward ? endsEarlier : goesOn,
    };
  });
}

/**
 * The rows of a part, away from where it begins. Kind by kind: one index has both of them, and the numbers of each in both
 * directions, but not the kinds in the one and the numbers in the other.
 */
async function readPart(
  db: Transaction,
  seriesId: string,
  part: EpisodesPart,
  order: EpisodesOrder,
  count: number,
): Promise<PublicEpisodeRow[]> {
  const isBackward = part === 'last' || (typeof part === 'object' && 'before' in part);
  const isUpward = (order === 'oldest') !== isBackward;
  const { place, isInclusive } = startOf(part);
  const kinds = isBackward ? EPISODE_KINDS.toReversed() : EPISODE_KINDS;
  const walked = place ? kinds.slice(kinds.indexOf(place.kind)) : kinds;
  const comparison = `${isUpward ? '>' : '<'}${isInclusive ? '=' : ''}`;
  const parts = walked.map((kind) => {
    const isBounded = place?.kind === kind;
    return {
      sql: `(select ${CARD_COLUMNS.join(', ')}, ${kinds.indexOf(kind)} as step from public_episodes
             where series_id = ? and kind = ? ${isBounded ? `and number ${comparison} ?::numeric` : ''}
             order by number ${isUpward ? 'asc' : 'desc'} limit ?)`,
      bindings: [seriesId, kind, ...(isBounded ? [place.number] : []), count],
    };
  });
  const { rows } = await db.raw<{ rows: PublicEpisodeRow[] }>(
    `select * from (${parts.map(({ sql }) => sql).join(' union all ')}) as episode
     order by step, number ${isUpward ? 'asc' : 'desc'} limit ?`,
    [...parts.flatMap(({ bindings }) => bindings), count],
  );
  return rows;
}

function startOf(part: EpisodesPart): { readonly place?: EpisodePlace; readonly isInclusive: boolean } {
  if (typeof part === 'string') return { isInclusive: false };
  if ('from' in part) return { place: part.from, isInclusive: true };
  return { place: 'after' in part ? part.after : part.before, isInclusive: false };
}

/** Where to begin with a series: its episode of the lowest number. */
export async function findFirstEpisode(db: Database, seriesId: string): Promise<EpisodePlace | undefined> {
  const row: EpisodePlace | undefined = await db('public_episodes')
    .select('kind', 'number')
    .where({ series_id: seriesId })
    .orderBy(['kind', 'number'])
    .first();
  return row && { kind: row.kind, number: shortestNumber(row.number) };
}

/** The newest public episodes of these series together, newest first; head and rows come from one snapshot. */
export async function readNewestOfSeries(
  db: Database,
  seriesIds: readonly string[],
  count: number,
): Promise<{ readonly cursor: Cursor; readonly episodes: readonly PublicEpisode[] }> {
  return inSnapshot(db, async (trx) => {
    const cursor = await readHead(trx);
    // From each series no more than all of them together need, by its index alone; only what is left is looked up.
    const { rows } = await trx.raw<{ rows: PublicEpisodeRow[] }>(
      `select card.*
       from (
         select newest.id, newest.published_at
         from unnest(?::bigint[]) as series (id)
         cross join lateral (
           select id, published_at from episodes
           where series_id = series.id and status = 'published' and deleted_at is null
             and exists (select from latest_episodes where episode_id = episodes.id)
           order by published_at desc, id desc limit ?) as newest
         order by newest.published_at desc, newest.id desc limit ?
       ) as newest
       cross join lateral (
         select ${CARD_COLUMNS.join(', ')} from public_episodes where episode_id = newest.id limit 1) as card
       order by card.published_at desc, card.episode_id desc`,
      [[...new Set(seriesIds)], count, count],
    );
    return { cursor, episodes: rows.map(toPublicEpisode) };
  });
}
