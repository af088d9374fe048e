import type { Database } from '../../platform/database';
import { type EpisodeKind, type EpisodeStatus, shortestNumber } from '../episodes/fields';
import type { SeriesEpisodes } from './queue';

/**
 * What is known of the regular episodes of these series; those that nobody has posted anything of are there as well.
 * @param since those that were published before are none of the broadcasts that are looked at
 */
export async function readEpisodesOf(
  db: Database,
  seriesIds: readonly string[],
  since: Date,
): Promise<ReadonlyMap<string, SeriesEpisodes>> {
  const { rows } = await db.raw<{ rows: SeriesRow[] }>(
    `select wanted.id::text as series_id,
            (select max(e.number) from episodes e
             where e.series_id = wanted.id and e.kind = 'regular' and e.deleted_at is null and e.status <> 'draft') as last_number,
            coalesce(near.episodes, '[]') as episodes
     from unnest(?::bigint[]) as wanted (id)
     cross join lateral (
       select json_agg(json_build_object('id', e.id::text, 'number', e.number::text, 'status', e.status,
                                         'at', coalesce(e.published_at, e.publish_at)) order by e.number) as episodes
       from episodes e
       where e.series_id = wanted.id and e.kind = 'regular' and e.deleted_at is null
         and (e.status in ('draft', 'scheduled') or e.published_at >= ?)
     ) as near`,
    [[...new Set(seriesIds)], since],
  );
  return new Map(
    rows.map(({ series_id, last_number, episodes }) => [
      series_id,
      {
        lastNumber: last_number === null ? undefined : shortestNumber(last_number),
        episodes: episodes.map(({ id, number, status, at }) => ({
          id,
          number: shortestNumber(number),
          isDraft: status === 'draft',
          at: at === null || status === 'draft' ? undefined : new Date(at),
        })),
      },
    ]),
  );
}

type SeriesRow = {
  readonly series_id: string;
  readonly last_number: string | null;
  readonly episodes: readonly {
    readonly id: string;
    readonly number: string;
    readonly status: EpisodeStatus;
    readonly at: string | null;
  }[];
};

/** An episode that comes by itself. */
export type Scheduled = {
  readonly id: string;
  readonly kind: EpisodeKind;
  readonly number: string;
  readonly seriesTitle: string;
  readonly seriesTitleLanguage: string;
  readonly publishAt: Date;
};

/** What is scheduled, the next one first. */
export async function readScheduled(db: Database, limit: number): Promise<readonly Scheduled[]> {
  const rows: ScheduledRow[] = await db('episodes as e')
    .join('series as s', 's.id', 'e.series_id')
    .select('e.id', 'e.kind', 'e.number', 'e.publish_at', 's.title', 's.title_language')
    .where({ 'e.status': 'scheduled' })
    .whereNull('e.deleted_at')
    .orderBy([{ column: 'e.publish_at' }, { column: 'e.id' }])
    .limit(limit);
  return rows.map((row) => ({
    id: row.id,
    kind: row.kind,
    number: shortestNumber(row.number),
    seriesTitle: row.title,
    seriesTitleLanguage: row.title_language,
    publishAt: row.publish_at,
  }));
}

type ScheduledRow = {
  readonly id: string;
  readonly kind: EpisodeKind;
  readonly number: string;
  readonly publish_at: Date;
  readonly title: string;
  readonly title_language: string;
};

/** One minute of the site. */
export type Minute = {
  readonly minute: Date;
  /** The most that were connected at its end, on all nodes together. */
  readonly browsers: number;
  /** Rows of the live log. */
  readonly changes: number;
};

const MINUTE_MS = 60_000;
const KEPT_DAYS = 8;

/** Notes a minute that is over. @param minute its beginning */
export async function recordMinute(db: Database, minute: Date, browsers: number): Promise<void> {
  await db.raw(
    `insert into site_minutes (minute, browsers, changes)
     values (?, ?, (select count(*) from live_log where created_at >= ? and created_at < ?))
     on conflict (minute) do update
       set browsers = greatest(site_minutes.browsers, excluded.browsers),
           changes = greatest(site_minutes.changes, excluded.changes)`,
    [minute, browsers, minute, new Date(minute.getTime() + MINUTE_MS)],
  );
}

/** What was noted since then, in the order of time: minutes in which no node ran are missing. */
export async function readMinutes(db: Database, since: Date): Promise<readonly Minute[]> {
  return db('site_minutes')
    .select<Minute[]>('minute', 'browsers', 'changes')
    .where('minute', '>=', since)
    .orderBy('minute')
    .limit(KEPT_DAYS * 24 * 60);
}

/** Forgets what nobody draws any more. */
export async function pruneMinutes(db: Database): Promise<void> {
  await db('site_minutes')
    .where('minute', '<', db.raw(`now() - ? * interval '1 day'`, [KEPT_DAYS]))
    .delete();
}
