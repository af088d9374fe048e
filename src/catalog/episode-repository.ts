import { type Database, isUniqueViolation, type Transaction } from '../platform/database';
import { type Actor, type Catalog, type Write, writeCatalog } from './catalog-write';
import {
  type Episode,
  type EpisodeInput,
  type EpisodeKind,
  type EpisodeStatus,
  shortestNumber,
} from './episode';
import type { VideoServer, VideoServerInput } from './video-server';

/** Outcomes of a write that its caller has to tell apart. */
export type EpisodeWriteResult =
  | { readonly outcome: 'saved'; readonly episode: Episode }
  | { readonly outcome: 'not-found' }
  /** Another episode of the series has that kind and number. */
  | { readonly outcome: 'number-taken'; readonly by: Episode }
  /** It was changed since the version that the caller saw. */
  | { readonly outcome: 'conflict'; readonly current: Episode };

/** Creates an episode of the series, with its video servers. `not-found`: there is no such series. */
export async function createEpisode(
  catalog: Catalog,
  actor: Actor,
  seriesId: string,
  input: EpisodeInput,
): Promise<EpisodeWriteResult> {
  return refusingTakenNumber(catalog.db, seriesId, input, () =>
    writeCatalog(catalog, actor, { seriesIds: [seriesId], episodeIds: [] }, async (write) => {
      const { trx } = write;
      if (!(await trx('series').select('id').where({ id: seriesId }).first()))
        return { outcome: 'not-found' };
      const [row]: { id: string }[] = await trx('episodes')
        .insert({
          series_id: seriesId,
          ...toColumns(input),
          published_at: input.status === 'published' ? trx.fn.now(3) : null,
        })
        .returning('id');
      if (!row) throw new Error('The insert of an episode returned no row.');
      write.created(row.id);
      await writeVideoServers(trx, row.id, [], input.videoServers);
      return saved(write, row.id, 'episode.create');
    }),
  );
}

/**
 * Replaces everything that can be edited of the episode.
 * With `version`, only if it is still that version; else whatever was there before.
 */
export async function updateEpisode(
  catalog: Catalog,
  actor: Actor,
  episodeId: string,
  change: (current: Episode) => EpisodeInput,
  version?: number,
): Promise<EpisodeWriteResult> {
  const seriesId = await findSeriesId(catalog.db, episodeId);
  if (!seriesId) return { outcome: 'not-found' };
  let input: EpisodeInput | undefined;
  return refusingTakenNumber(
    catalog.db,
    seriesId,
    () => input,
    () =>
      writeCatalog(catalog, actor, { seriesIds: [seriesId], episodeIds: [episodeId] }, async (write) => {
        const { trx } = write;
        const current = await findEpisode(trx, episodeId);
        if (!current) return { outcome: 'not-found' };
        if (version !== undefined && current.version !== version) return { outcome: 'conflict', current };
        input = change(current);
        await trx('episodes')
          .where({ id: episodeId })
          .update({
            ...toColumns(input),
            // Set once: an episode that is hidden and shown again keeps its place.
            ...(input.status === 'published' && { published_at: trx.raw('coalesce(published_at, now())') }),
            version: current.version + 1,
            updated_at: trx.fn.now(3),
          });
        await writeVideoServers(trx, episodeId, current.videoServers, input.videoServers);
        return saved(write, episodeId, 'episode.update');
      }),
  );
}

/** Deletes the episode; it can be restored. False when there is none. */
export async function deleteEpisode(catalog: Catalog, actor: Actor, episodeId: string): Promise<boolean> {
  const seriesId = await findSeriesId(catalog.db, episodeId);
  if (!seriesId) return false;
  return writeCatalog(
    catalog,
    actor,
    { seriesIds: [seriesId], episodeIds: [episodeId] },
    async ({ trx, audit }) => {
      const deleted = await trx('episodes')
        .where({ id: episodeId })
        .whereNull('deleted_at')
        .update({ deleted_at: trx.fn.now(3), version: trx.raw('version + 1'), updated_at: trx.fn.now(3) });
      if (deleted === 0) return false;
      await audit({ action: 'episode.delete', subjectKind: 'episode', subjectId: episodeId });
      return true;
    },
  );
}

/** Takes a deletion back. `number-taken`: its number was given to another one meanwhile. */
export async function restoreEpisode(
  catalog: Catalog,
  actor: Actor,
  episodeId: string,
): Promise<EpisodeWriteResult> {
  const deleted = await findEpisode(catalog.db, episodeId, { evenDeleted: true });
  if (!deleted) return { outcome: 'not-found' };
  return refusingTakenNumber(catalog.db, deleted.seriesId, deleted, () =>
    writeCatalog(
      catalog,
      actor,
      { seriesIds: [deleted.seriesId], episodeIds: [episodeId] },
      async (write) => {
        await write
          .trx('episodes')
          .where({ id: episodeId })
          .whereNotNull('deleted_at')
          .update({
            deleted_at: null,
            version: write.trx.raw('version + 1'),
            updated_at: write.trx.fn.now(3),
          });
        return saved(write, episodeId, 'episode.restore');
      },
    ),
  );
}

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
  readonly seriesId?: string;
  readonly status?: EpisodeStatus;
  /** Continues after the episode with this id. */
  readonly after?: string;
  readonly limit: number;
};

/** Episodes of any status but the deleted, newest first by id; with their video servers. */
export async function listEpisodes(db: Database, filter: EpisodeFilter): Promise<Episode[]> {
  const rows: EpisodeRow[] = await selectEpisodes(db)
    .whereNull('e.deleted_at')
    .modify((query) => {
      if (filter.seriesId) query.where('e.series_id', filter.seriesId);
      if (filter.status) query.where('e.status', filter.status);
      if (filter.after) query.where('e.id', '<', filter.after);
    })
    .orderBy('e.id', 'desc')
    .limit(filter.limit);
  return rows.map(toEpisode);
}

async function saved({ trx, audit }: Write, episodeId: string, action: string): Promise<EpisodeWriteResult> {
  const episode = await findEpisode(trx, episodeId);
  if (!episode) throw new Error(`Episode ${episodeId} is gone from the transaction that wrote it.`);
  await audit({
    action,
    subjectKind: 'episode',
    subjectId: episodeId,
    details: {
      series: episode.seriesTitle,
      kind: episode.kind,
      number: episode.number,
      status: episode.status,
    },
  });
  return { outcome: 'saved', episode };
}

type Numbered = { readonly kind: EpisodeKind; readonly number: string };

/** The unique index decides, so that two writers at once can't both win; its violation rolls the write back. */
async function refusingTakenNumber(
  db: Database,
  seriesId: string,
  wanted: Numbered | (() => Numbered | undefined),
  write: () => Promise<EpisodeWriteResult>,
): Promise<EpisodeWriteResult> {
  try {
    return await write();
  } catch (error) {
    const numbered = typeof wanted === 'function' ? wanted() : wanted;
    if (!numbered || !isUniqueViolation(error, 'episodes_number_taken')) throw error;
    const row: EpisodeRow | undefined = await selectEpisodes(db)
      .where({ 'e.series_id': seriesId, 'e.kind': numbered.kind, 'e.number': numbered.number })
      .whereNull('e.deleted_at')
      .first();
    // Gone again between the refusal and this look: the caller's retry will pass.
    if (!row) throw error;
    return { outcome: 'number-taken', by: toEpisode(row) };
  }
}

async function findSeriesId(db: Database, episodeId: string): Promise<string | undefined> {
  const row: { series_id: string } | undefined = await db('episodes')
    .select('series_id')
    .where({ id: episodeId })
    .first();
  return row?.series_id;
}

function toColumns(input: EpisodeInput) {
  return {
    kind: input.kind,
    number: input.number,
    title: input.title,
    synopsis: input.synopsis,
    duration_seconds: input.durationSeconds,
    status: input.status,
    publish_at: input.publishAt,
  };
}

/** Makes the episode's servers the ones given, in that order. Those that are known keep their id. */
async function writeVideoServers(
  trx: Transaction,
  episodeId: string,
  current: readonly VideoServer[],
  wanted: readonly VideoServerInput[],
): Promise<void> {
  const known = new Set(current.map(({ id }) => id));
  const kept = new Set<string>();
  for (const [position, server] of wanted.entries()) {
    const columns = {
      name: server.name,
      kind: server.kind,
      url: server.url,
      audio_language: server.audioLanguage,
      subtitle_language: server.subtitleLanguage,
      enabled: server.enabled,
      position,
    };
    if (server.id && known.has(server.id) && !kept.has(server.id)) {
      kept.add(server.id);
      await trx('video_servers').where({ id: server.id, episode_id: episodeId }).update(columns);
    } else {
      await trx('video_servers').insert({ ...columns, episode_id: episodeId });
    }
  }
  const dropped = [...known].filter((id) => !kept.has(id));
  if (dropped.length > 0)
    await trx('video_servers').where({ episode_id: episodeId }).whereIn('id', dropped).delete();
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
