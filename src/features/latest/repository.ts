import type { Cursor } from '../../live/log/change';
import { type HeadRow, toCursor } from '../../live/log/live-log';
import type { Database } from '../../platform/database';
import {
  CARD_COLUMNS,
  type PublicEpisode,
  type PublicEpisodeRow,
  parsePageKey,
  toPublicEpisode,
} from '../episodes/public';
import { type Conditions, conditionsOf, type LatestFilter, PAGE_SIZE, type PageKey } from './public';

/** So many episodes of a series on one day are a drop, which a page shows as one. */
const DROP_SIZE = 4;
/** A larger drop is only said to be as large as this. */
export const MAX_COUNTED = 1_000;

/** An episode on a page of the grid. */
export type GridEpisode = {
  readonly episode: PublicEpisode;
  /** How many episodes of its series were published on its day; 0 where they are too few for a drop. */
  readonly dropSize: number;
};

export type GridPage = {
  /** The point in the order of changes at which it was true. */
  readonly cursor: Cursor;
  /** Newest first. The first of a drop leads it. */
  readonly items: readonly GridEpisode[];
  /** After which card the page before this one begins; 'first': with the newest; undefined where this one does. */
  readonly previous: PageKey | 'first' | undefined;
  /** After which card the next page begins; undefined on the last page. */
  readonly next: PageKey | undefined;
};

/**
 * A page of the grid. The first one has the newest episodes, as many as a page has: what is live and proves itself can leave nothing
 * out. On a later one what leads a drop stands for all of it, with the next ones of it behind, up to a page of them; so that a
 * drop of three hundred is on one page and not on thirteen.
 */
export async function readGridPage(db: Database, filter: LatestFilter, after?: PageKey): Promise<GridPage> {
  const { rows } = await (after ? readLaterRows(db, filter, after) : readFirstRows(db, filter));
  const found = rows.flatMap((row) => (row.episode_id === null ? [] : [row]));
  const isBeyond = ({ place }: { readonly place: number | null }) => place !== null && place > PAGE_SIZE;
  const last = found.filter((row) => row.place !== null && !isBeyond(row)).at(-1);
  const preceding = rows[0]?.preceding ?? [];
  return {
    cursor: toCursor(rows[0]),
    items: found
      .filter((row) => !isBeyond(row))
      .map((row) => ({
        episode: toPublicEpisode(row),
        dropSize: row.drop_size >= DROP_SIZE ? row.drop_size : 0,
      })),
    previous: preceding.length === 0 ? undefined : (parsePageKey(preceding[PAGE_SIZE] ?? '') ?? 'first'),
    next:
      last && found.some(isBeyond)
        ? { publishedAt: last.published_at.toISOString(), episodeId: last.episode_id }
        : undefined,
  };
}

type GridRow = HeadRow & { readonly preceding: readonly string[] } & (
    | (PublicEpisodeRow & {
        /** Among what fills the page; null for what stands behind the lead of its drop. */
        readonly place: number | null;
        readonly drop_size: number;
      })
    | { readonly episode_id: null }
  );

/** As `formatPageKey` writes it. */
const KEY_TEXT = `(extract(epoch from latest.published_at) * 1000)::bigint || '-' || latest.episode_id`;
const NEWEST_FIRST = 'latest.published_at desc, latest.episode_id desc';
/** Looked up one by one, as `readLatestPage` does. */
const CARDS = `cross join lateral (
  select ${CARD_COLUMNS.join(', ')} from public_episodes where episode_id = item.episode_id limit 1) as card`;

/** The day in UTC of a time, and the one after it. */
const dayOf = (time: string): string => `date_trunc('day', ${time}, 'UTC')`;
const dayAfter = (time: string): string => `${dayOf(time)} + interval '1 day'`;

/** @param other a name of the table, for those of the series and the day of `latest` */
const ofDrop = (other: string, { languages }: Conditions): string => `
  ${other}.series_id = latest.series_id ${languages(other)}
  and ${other}.published_at >= ${dayOf('latest.published_at')}
  and ${other}.published_at < ${dayAfter('latest.published_at')}`;

const sizeOfDrop = (conditions: Conditions): string => `
  (select count(*)::int from (
     select from ${conditions.table} as one where ${ofDrop('one', conditions)} limit ${MAX_COUNTED}) as few)`;

function readFirstRows(db: Database, filter: LatestFilter) {
  const conditions = conditionsOf(filter);
  const { rowsOf, where, bindings, languageBindings } = conditions;
  return db.raw<{ rows: GridRow[] }>(
    `select head.epoch, head.seq, '{}'::text[] as preceding, item.place, item.drop_size, card.*
     from live_head as head
     left join (
       (select latest.episode_id, row_number() over (order by ${NEWEST_FIRST})::int as place,
               ${sizeOfDrop(conditions)} as drop_size
        from (select latest.* from ${rowsOf('desc')} as latest where ${where} order by ${NEWEST_FIRST} limit ?) as latest
       ) as item ${CARDS}) on true
     order by card.published_at desc, card.episode_id desc`,
    [...languageBindings, ...bindings, PAGE_SIZE + 1],
  );
}

function readLaterRows(db: Database, filter: LatestFilter, after: PageKey) {
  const conditions = conditionsOf(filter);
  const { rowsOf, table, where, bindings, languageBindings } = conditions;
  // What has a newer one of its drop ahead of it is not on the page for itself.
  const isLead = `not (
    exists (select from ${table} as newer where ${ofDrop('newer', conditions)}
            and (newer.published_at, newer.episode_id) > (latest.published_at, latest.episode_id))
    and (select count(*) from (
           select from ${table} as one where ${ofDrop('one', conditions)} limit ${DROP_SIZE}) as few) = ${DROP_SIZE})`;
  const leadBindings = [...languageBindings, ...languageBindings];
  const key = [after.publishedAt, after.episodeId];
  return db.raw<{ rows: GridRow[] }>(
    `with entries as materialized (
       select latest.*, row_number() over (order by ${NEWEST_FIRST})::int as place,
              ${sizeOfDrop(conditions)} as drop_size
       from (
         select latest.* from ${rowsOf('desc')} as latest
         where ${where} and (latest.published_at, latest.episode_id) < (?, ?) and ${isLead}
         order by ${NEWEST_FIRST} limit ?) as latest
     ), items as materialized (
       select episode_id, place, drop_size from entries
       union all
       select follower.episode_id, null, latest.drop_size
       from entries as latest
       cross join lateral (
         select one.episode_id, one.published_at from ${table} as one
         where ${ofDrop('one', conditions)} and (one.published_at, one.episode_id) < (latest.published_at, latest.episode_id)
         order by one.published_at desc, one.episode_id desc limit ?) as follower
       where latest.place <= ? and latest.drop_size >= ${DROP_SIZE}
         -- Not beyond the page: the next one begins with what has the last place here.
         and not exists (select from entries as beyond where beyond.place > ?
           and (beyond.published_at, beyond.episode_id) > (follower.published_at, follower.episode_id))
     )
     select head.epoch, head.seq, preceding.keys as preceding, item.place, item.drop_size, card.*
     from live_head as head
     cross join lateral (select array(
       select ${KEY_TEXT} from ${rowsOf('asc')} as latest
       where ${where} and (latest.published_at, latest.episode_id) >= (?, ?) and ${isLead}
       order by latest.published_at, latest.episode_id limit ?) as keys) as preceding
     left join (items as item ${CARDS}) on true
     order by card.published_at desc, card.episode_id desc`,
    [
      ...languageBindings,
      ...bindings,
      ...key,
      ...leadBindings,
      PAGE_SIZE + 1,
      ...languageBindings,
      PAGE_SIZE - 1,
      PAGE_SIZE,
      PAGE_SIZE,
      ...bindings,
      ...key,
      ...leadBindings,
      PAGE_SIZE + 1,
    ],
  );
}
