import type { Database, Transaction } from '../platform/database';
import { type Episode, type EpisodeKind, type EpisodeStatus, shortestNumber } from './episode';
import type { VideoServer } from './video-server';

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
  /** Continues after the episode with this id. */
  readonly after?: string | undefined;
  readonly limit: number;
};

/** Episodes of any status but the deleted, newest first by id; with their video servers. */
export async function listEpisodes(db: Database, filter: EpisodeFilter): Promise<Episode[]> {
  // The ids come from an index alone, and each row is looked up by its own. Asked for rows at once, Postgres may go through
  // all episodes of the catalog until it has met enough of the series.
  const listed = db('episodes')
    .select('id')
    .whereNull('deleted_at')
    .modify((query) => {
      if (filter.seriesId) query.where('series_id', filter.seriesId);
      if (filter.status) query.where('status', filter.status);
      if (filter.after) query.where('id', '<', filter.after);
    })
    .orderBy('id', 'desc')
    .limit(filter.limit);
  const episode = selectEpisodes(db).where('e.id', db.ref('listed.id')).limit(1).toSQL();
  const rows: EpisodeRow[] = await db
    .from(listed.as('listed'))
    .joinRaw(`cross join lateral (${episode.sql}) as episode`, [...episode.bindings])
    .select('episode.*')
    .orderBy('listed.id', 'desc');
  return rows.map(toEpisode);
}

/** The episode of the series that has this kind and number. */
export async function findEpisodeByNumber(
  db: Database,
  seriesId: string,
  { kind, number }: { readonly kind: EpisodeKind; readonly number: string },
): Promise<Episode | undefined> {
  const row: EpisodeRow | undefined = await selectEpisodes(db)
    .where({ 'e.series_id': seriesId, 'e.kind': kind, 'e.number': number })
    .whereNull('e.deleted_at')
    .first();
  return row && toEpisode(row);
}

type EpisodeRow = {
  readonly id: string;
  readonly series_id: string;
  readonly series_title: string;
  readonly series_slug: string;
  readonly kind: EpisodeKind;
  readonly number: string;
  readonly title: string;
  readonly synopsis: string;
  readonly duration_seconds: number | null;
  readonly status: EpisodeStatus;
  readonly publish_at: Date | null;
  readonly published_at: Date | null;
  readonly version: number;
  readonly deleted_at: Date | null;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly video_servers: readonly VideoServer[];
};

function selectEpisodes(db: Database | Transaction) {
  return db('episodes as e')
    .join('series as s', 's.id', 'e.series_id')
    .select(
      'e.id',
      'e.series_id',
      's.title as series_title',
      's.slug as series_slug',
      'e.kind',
      'e.number',
      'e.title',
      'e.synopsis',
      'e.duration_seconds',
      'e.status',
      'e.publish_at',
      'e.published_at',
      'e.version',
      'e.deleted_at',
      'e.created_at',
      'e.updated_at',
      db.raw(`coalesce((
        select json_agg(json_build_object(
          'id', v.id::text, 'name', v.name, 'kind', v.kind, 'url', v.url, 'audioLanguage', v.audio_language,
          'subtitleLanguage', v.subtitle_language, 'enabled', v.enabled) order by v.position, v.id)
        from video_servers v where v.episode_id = e.id), '[]') as video_servers`),
    );
}

function toEpisode(row: EpisodeRow): Episode {
  return {
    id: row.id,
    seriesId: row.series_id,
    seriesTitle: row.series_title,
    seriesSlug: row.series_slug,
    kind: row.kind,
    number: shortestNumber(row.number),
    title: row.title,
    synopsis: row.synopsis,
    durationSeconds: row.duration_seconds,
    status: row.status,
    publishAt: row.publish_at,
    publishedAt: row.published_at,
    version: row.version,
    deletedAt: row.deleted_at,
    videoServers: row.video_servers,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
