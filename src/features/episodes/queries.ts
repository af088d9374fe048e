import type { Database, Transaction } from '../../platform/database';
import { columnNames, fromColumns, type RowOf } from '../../web/fields';
import { EPISODE_FIELDS, type Episode, type EpisodeKind, type EpisodeStatus } from './fields';
import { VIDEO_SERVER_FIELDS, type VideoServer } from './video-server';

/** For so long what was deleted can be brought back. */
export const TRASH_DAYS = 30;

/** The episode with its video servers, whatever its status. */
export async function findEpisode(
  db: Database | Transaction,
  episodeId: string,
  options: { readonly evenDeleted?: boolean } = {},
): Promise<Episode | undefined> {
  const row: EpisodeRow | undefined = await selectEpisodes(db)
    .where('e.id', episodeId)
    .modify((query) => {
      if (!options.evenDeleted) query.whereNull('e.deleted_at');
    })
    .first();
  return row && toEpisode(row);
}

/** The episode of the series with the highest number, which the next one is modelled on. */
export async function findLastEpisode(db: Database, seriesId: string): Promise<Episode | undefined> {
  const row: EpisodeRow | undefined = await selectEpisodes(db)
    .where({ 'e.series_id': seriesId, 'e.kind': 'regular' })
    .whereNull('e.deleted_at')
    .orderBy('e.number', 'desc')
    .first();
  return row && toEpisode(row);
}

/** Which episodes a list shows. */
export type EpisodeFilter = {
  readonly seriesId?: string | undefined;
  readonly status?: EpisodeStatus | undefined;
  /** Those that are in the trash: beside the others, or alone. Without it none of them. */
  readonly deleted?: 'include' | 'only' | undefined;
  readonly limit: number;
};

/**
 * Episodes of any status, newest first by id; with their video servers.
 * @param filter.after continues after the episode with this id
 */
export async function listEpisodes(
  db: Database,
  filter: EpisodeFilter & { readonly after?: string | undefined },
): Promise<Episode[]> {
  // The ids come from an index alone, and each row is looked up by its own. Asked for rows at once, Postgres may go through
  // all episodes of the catalog until it has met enough of the series.
  const listed = listedEpisodes(db, filter)
    .modify((query) => {
      if (filter.after) query.where('id', '<', filter.after);
    })
    .orderBy('id', 'desc');
  const episode = selectEpisodes(db).where('e.id', db.ref('listed.id')).limit(1).toSQL();
  const rows: EpisodeRow[] = await db
    .from(listed.as('listed'))
    .joinRaw(`cross join lateral (${episode.sql}) as episode`, [...episode.bindings])
    .select('episode.*')
    .orderBy('listed.id', 'desc');
  return rows.map(toEpisode);
}

/** Episodes that were changed at a time or later, in that order. @param filter.place continues after the episode that has it */
export async function listChangedEpisodes(
  db: Database,
  filter: EpisodeFilter & {
    readonly since: Date;
    readonly place?: { readonly at: Date; readonly id: string } | undefined;
  },
): Promise<Episode[]> {
  const { since, place } = filter;
  const listed = listedEpisodes(db, filter)
    .select('updated_at')
    .modify((query) => {
      if (place) query.whereRaw('(updated_at, id) > (?::timestamptz, ?::bigint)', [place.at, place.id]);
      else query.where('updated_at', '>=', since);
    })
    .orderBy(['updated_at', 'id']);
  const episode = selectEpisodes(db).where('e.id', db.ref('listed.id')).limit(1).toSQL();
  const rows: EpisodeRow[] = await db
    .from(listed.as('listed'))
    .joinRaw(`cross join lateral (${episode.sql}) as episode`, [...episode.bindings])
    .select('episode.*')
    .orderBy(['listed.updated_at', 'listed.id']);
  return rows.map(toEpisode);
}

function listedEpisodes(db: Database, { seriesId, status, deleted, limit }: EpisodeFilter) {
  return db('episodes')
    .select('id')
    .modify((query) => {
      if (seriesId) query.where('series_id', seriesId);
      if (status) query.where('status', status);
      // What is to be purged is not in the trash any more.
      const isInTrash = db.raw(`deleted_at >= now() - ? * interval '1 day'`, [TRASH_DAYS]);
      if (deleted === 'only') query.where(isInTrash);
      else if (deleted === 'include')
        query.where((either) => {
          either.whereNull('deleted_at').orWhere(isInTrash);
        });
      else query.whereNull('deleted_at');
    })
    .limit(limit);
}

/** The episode of the series that has this kind and number. */
export async function findEpisodeByNumber(
  db: Database | Transaction,
  seriesId: string,
  { kind, number }: { readonly kind: EpisodeKind; readonly number: string },
): Promise<Episode | undefined> {
  const row: EpisodeRow | undefined = await selectEpisodes(db)
    .where({ 'e.series_id': seriesId, 'e.kind': kind, 'e.number': number })
    .whereNull('e.deleted_at')
    .first();
  return row && toEpisode(row);
}

/** The episodes that another system knows by these. */
export async function findEpisodesByExternalId(
  db: Database | Transaction,
  externalIds: readonly string[],
): Promise<readonly Episode[]> {
  if (externalIds.length === 0) return [];
  const rows: EpisodeRow[] = await selectEpisodes(db)
    .whereRaw('e.external_id = any(?)', [[...externalIds]])
    .whereNull('e.deleted_at')
    .orderBy('e.id')
    .limit(externalIds.length);
  return rows.map(toEpisode);
}

/** The id of the episode that another system knows by this: of one that is there, or else of the one that was deleted last. */
export async function findEpisodeId(db: Database, externalId: string): Promise<string | undefined> {
  const row: { readonly id: string } | undefined = await db('episodes')
    .select('id')
    .where({ external_id: externalId })
    .orderByRaw('deleted_at desc nulls first, id desc')
    .first();
  return row?.id;
}

/** Those of the places that there is an episode in, each with its video servers. */
export async function findEpisodesAt(
  db: Database | Transaction,
  places: readonly { readonly seriesId: string; readonly kind: EpisodeKind; readonly number: string }[],
): Promise<readonly Episode[]> {
  if (places.length === 0) return [];
  const wanted = db.raw('(select * from unnest(?::bigint[], ?::text[], ?::numeric[])) ', [
    places.map(({ seriesId }) => seriesId),
    places.map(({ kind }) => kind),
    places.map(({ number }) => number),
  ]);
  const rows: EpisodeRow[] = await selectEpisodes(db)
    .whereRaw('(e.series_id, e.kind, e.number) in ?', [wanted])
    .whereNull('e.deleted_at')
    .orderBy('e.id')
    .limit(places.length);
  return rows.map(toEpisode);
}

/** Of each series the regular episode with the highest number. */
export async function findLastEpisodes(
  db: Database,
  seriesIds: readonly string[],
): Promise<readonly Episode[]> {
  const rows: EpisodeRow[] = await selectEpisodes(db)
    .distinctOn('e.series_id')
    .whereRaw('e.series_id = any(?)', [[...seriesIds]])
    .where({ 'e.kind': 'regular' })
    .whereNull('e.deleted_at')
    .orderBy([{ column: 'e.series_id' }, { column: 'e.number', order: 'desc' }]);
  return rows.map(toEpisode);
}

export type EpisodeRow = RowOf<typeof EPISODE_FIELDS> & {
  readonly id: string;
  readonly series_id: string;
  readonly series_title: string;
  readonly series_title_language: string;
  readonly series_slug: string;
  readonly series_visible: boolean;
  readonly published_at: Date | null;
  readonly version: number;
  readonly deleted_at: Date | null;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly video_servers: readonly VideoServer[];
};

const OWN_COLUMNS = [
  'id',
  'series_id',
  ...columnNames(EPISODE_FIELDS),
  'published_at',
  'version',
  'deleted_at',
  'created_at',
  'updated_at',
].map((column) => `e.${column}`);

/** An object of JSON with the names that the fields have in TypeScript. */
const VIDEO_SERVER_JSON = `json_build_object('id', v.id::text, ${Object.entries(VIDEO_SERVER_FIELDS)
  .map(([name, { column }]) => `'${name}', v.${column}`)
  .join(', ')})`;

/** With their series and their video servers. */
export function selectEpisodes(db: Database | Transaction) {
  return db('episodes as e')
    .join('series as s', 's.id', 'e.series_id')
    .select(
      ...OWN_COLUMNS,
      's.title as series_title',
      's.title_language as series_title_language',
      's.slug as series_slug',
      's.visible as series_visible',
      db.raw(`coalesce((
        select json_agg(${VIDEO_SERVER_JSON} order by v.position, v.id)
        from video_servers v where v.episode_id = e.id), '[]') as video_servers`),
    );
}

export function toEpisode(row: EpisodeRow): Episode {
  return {
    ...fromColumns(EPISODE_FIELDS, row),
    id: row.id,
    seriesId: row.series_id,
    seriesTitle: row.series_title,
    seriesTitleLanguage: row.series_title_language,
    seriesSlug: row.series_slug,
    seriesVisible: row.series_visible,
    publishedAt: row.published_at,
    version: row.version,
    deletedAt: row.deleted_at,
    videoServers: row.video_servers,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
