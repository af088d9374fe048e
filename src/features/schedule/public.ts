import type { Kind } from '../../live/list';
import type { Cursor } from '../../live/log/change';
import { readHead } from '../../live/log/live-log';
import { type Database, inSnapshot, type Transaction } from '../../platform/database';
import { type EpisodeKind, shortestNumber } from '../episodes/fields';
import type { SeriesKind } from '../series/fields';
import { broadcastsUntil, parseBroadcastRule, UNKNOWN_END_DAYS } from '../series/public';
import { delaysOf, type UsualDelay, usualDelay } from './usual-delay';
import type { Span } from './week';

export type { UsualDelay } from './usual-delay';
export { dayOf, type Span, spanOf } from './week';

/** An episode in the schedule: one that can be watched, or one that is announced. */
export type Slot = {
  readonly episodeId: string;
  readonly seriesId: string;
  readonly seriesSlug: string;
  readonly seriesTitle: string;
  /** BCP 47 tag of `seriesTitle`. */
  readonly seriesTitleLanguage: string;
  readonly seriesKind: SeriesKind;
  readonly kind: EpisodeKind;
  /** Shortest decimal form: `12`, `12.5`. */
  readonly number: string;
  /** ISO 8601, UTC: when it was published, or will be. */
  readonly at: string;
  readonly isPublic: boolean;
};

/** What becomes of an announced episode at its time is another state of the same item. */
export const slotKind: Kind<Slot> = {
  name: 'slot',
  of: 'episode',
  keyOf: ({ episodeId }) => episodeId,
  find: findSlots,
};

export type SlotRow = {
  readonly episode_id: string;
  readonly series_id: string;
  readonly series_slug: string;
  readonly series_title: string;
  readonly series_title_language: string;
  readonly series_kind: SeriesKind;
  readonly kind: EpisodeKind;
  readonly number: string;
  readonly at: Date;
  readonly is_public: boolean;
};

const COLUMNS =
  'episode_id, series_id, series_slug, series_title, series_title_language, series_kind, kind, number';
const PUBLISHED = `select ${COLUMNS}, published_at as at, true as is_public from public_episodes`;
/** To which conditions are added. */
export const ANNOUNCED = `select ${COLUMNS}, publish_at as at, false as is_public from announced_episodes`;

async function findSlots(db: Database | Transaction, episodeIds: readonly string[]): Promise<Slot[]> {
  if (episodeIds.length === 0) return [];
  const { rows } = await db.raw<{ rows: SlotRow[] }>(
    `${PUBLISHED} where episode_id = any (?) union all ${ANNOUNCED} where episode_id = any (?) order by episode_id`,
    [[...episodeIds], [...episodeIds]],
  );
  return rows.map(toSlot);
}

/**
 * What is in each of the spans, in the order of time: the first `count` of it.
 * Each published one is looked up by itself, as for the grid of the latest ones.
 */
export async function readSlots(
  db: Database,
  spans: readonly { readonly begins: Date | '-infinity'; readonly ends: Date | 'infinity' }[],
  count: number,
): Promise<{ readonly cursor: Cursor; readonly spans: readonly (readonly Slot[])[] }> {
  return inSnapshot(db, async (trx) => {
    const cursor = await readHead(trx);
    const { rows } = await trx.raw<{ rows: (SlotRow & { readonly span: number })[] }>(
      `select span.number::int - 1 as span, slot.*
       from unnest(?::timestamptz[], ?::timestamptz[]) with ordinality as span (begins, ends, number)
       cross join lateral (
         (select published.*
          from latest_episodes as latest
          cross join lateral (${PUBLISHED} where episode_id = latest.episode_id limit 1) as published
          where latest.published_at >= span.begins and latest.published_at < span.ends
          order by latest.published_at, latest.episode_id limit ?)
         union all
         (${ANNOUNCED} where publish_at >= span.begins and publish_at < span.ends
          order by publish_at, episode_id limit ?)
         order by at, episode_id limit ?
       ) as slot
       order by span.number, slot.at, slot.episode_id`,
      [spans.map(({ begins }) => asText(begins)), spans.map(({ ends }) => asText(ends)), count, count, count],
    );
    return {
      cursor,
      spans: spans.map((_, index) => rows.filter(({ span }) => span === index).map(toSlot)),
    };
  });
}

/** What is announced of a series, in the order of time: the first `count` of it. Head and rows come from one snapshot. */
export async function readAnnouncedOf(
  db: Database,
  seriesId: string,
  count: number,
): Promise<{ readonly cursor: Cursor; readonly slots: readonly Slot[] }> {
  return inSnapshot(db, async (trx) => {
    const cursor = await readHead(trx);
    const { rows } = await trx.raw<{ rows: SlotRow[] }>(
      `${ANNOUNCED} where series_id = ? order by publish_at, episode_id limit ?`,
      [seriesId, count],
    );
    return { cursor, slots: rows.map(toSlot) };
  });
}

function asText(time: Date | string): string {
  return time instanceof Date ? time.toISOString() : time;
}

export function toSlot(row: SlotRow): Slot {
  return {
    episodeId: row.episode_id,
    seriesId: row.series_id,
    seriesSlug: row.series_slug,
    seriesTitle: row.series_title,
    seriesTitleLanguage: row.series_title_language,
    seriesKind: row.series_kind,
    kind: row.kind,
    number: shortestNumber(row.number),
    at: row.at.toISOString(),
    isPublic: row.is_public,
  };
}

/** A broadcast that a series' rule lets expect. Nobody has said that its episode will be here then. */
export type Broadcast = Pick<Slot, 'seriesId' | 'seriesSlug' | 'seriesTitle' | 'seriesTitleLanguage' | 'at'>;

const MAX_SERIES = 1_000;
/** More than any series has had. */
const MAX_BROADCASTS = 20_000;

/** The broadcasts of the span that are to be expected, in the order of time. */
export async function readBroadcasts(db: Database, { begins, ends }: Span): Promise<Broadcast[]> {
  const rows: SeriesRow[] = await db('public_series as p')
    .join('series as s', 's.id', 'p.series_id')
    .select('p.series_id', 'p.slug', 'p.title', 'p.title_language', 'p.ends_at', 's.broadcast')
    .whereNotNull('s.broadcast')
    .where('p.begins_at', '<', ends)
    .whereRaw(`coalesce(p.ends_at, p.begins_at + ? * interval '1 day') >= ?`, [UNKNOWN_END_DAYS, begins])
    .orderBy('p.series_id')
    .limit(MAX_SERIES);
  return rows
    .flatMap((row) => {
      const rule = parseBroadcastRule(row.broadcast);
      if (!rule) return [];
      const extent = row.ends_at ? { endsAt: row.ends_at } : { knownUntil: ends };
      const last = new Date(ends.getTime() - 1);
      return broadcastsUntil(rule, extent, { now: last, limit: MAX_BROADCASTS })
        .filter((time) => time >= begins)
        .map((time) => ({
          seriesId: row.series_id,
          seriesSlug: row.slug,
          seriesTitle: row.title,
          seriesTitleLanguage: row.title_language,
          at: time.toISOString(),
        }));
    })
    .sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
}

/** Of a series; it goes back further than any delay that is looked at. */
const MAX_POSTINGS = 100;
const SINCE_DAYS = 400;

/**
 * How long after its broadcast each of these series is usually here, by what the journal says of when its episodes were published:
 * by people, scripts and the schedule; an import says nothing of that. Series without such a habit are missing.
 */
export async function readUsualDelays(
  db: Database,
  seriesIds: readonly string[],
  now = new Date(),
): Promise<ReadonlyMap<string, UsualDelay>> {
  const { rows } = await db.raw<{
    rows: {
      readonly id: string;
      readonly broadcast: string;
      readonly ends_at: Date | null;
      readonly posted: Date[];
    }[];
  }>(
    `select s.id, s.broadcast, s.ends_at, posting.posted
     from unnest(?::bigint[]) as wanted (id)
     join series s on s.id = wanted.id and s.broadcast is not null
     cross join lateral (
       select array_agg(first.at) as posted from (
         select min(j.at) as at
         from episodes e
         join journal j on j.subject_kind = 'episode' and j.subject_id = e.id
         where e.series_id = s.id and e.kind = 'regular' and e.deleted_at is null
           and j.changes -> 'status' ->> 'after' = 'published'
           and j.via in ('form', 'api', 'scheduler') and j.at > ?::timestamptz - ? * interval '1 day'
         group by e.id order by at desc limit ?
       ) as first
     ) as posting
     where posting.posted is not null`,
    [[...seriesIds], now, SINCE_DAYS, MAX_POSTINGS],
  );
  const delays = new Map<string, UsualDelay>();
  for (const { id, broadcast, ends_at, posted } of rows) {
    const rule = parseBroadcastRule(broadcast);
    if (!rule) continue;
    const extent = ends_at ? { endsAt: ends_at } : { knownUntil: now };
    const usual = usualDelay(delaysOf(broadcastsUntil(rule, extent, { now, limit: MAX_BROADCASTS }), posted));
    if (usual) delays.set(id, usual);
  }
  return delays;
}

type SeriesRow = {
  readonly series_id: string;
  readonly slug: string;
  readonly title: string;
  readonly title_language: string;
  readonly ends_at: Date | null;
  readonly broadcast: string;
};
