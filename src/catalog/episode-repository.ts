import { type Database, isUniqueViolation, type Transaction } from '../platform/database';
import { type Actor, type Catalog, type Write, writeCatalog } from './catalog-write';
import type { Episode, EpisodeInput, EpisodeKind, EpisodeStatus } from './episode';
import { findEpisode, findEpisodeByNumber } from './episode-queries';
import { identifyVideoServers, sameVideoServers } from './video-server';
import { writeVideoServers } from './video-server-repository';

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
      await writeVideoServers(trx, row.id, [], identifyVideoServers([], input.videoServers));
      return saved(write, row.id, 'episode.create');
    }),
  );
}

/**
 * Replaces everything that can be edited of the episode. What is the same already is not written: it gets no version, no
 * row of the audit log and no event.
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
        const wanted = change(current);
        input = { ...wanted, videoServers: identifyVideoServers(current.videoServers, wanted.videoServers) };
        if (isSame(current, input)) return { outcome: 'saved', episode: current };
        await trx('episodes')
          .where({ id: episodeId })
          .update({
            ...toColumns(input),
            ...publicationColumns(trx, input.status),
            version: current.version + 1,
            updated_at: trx.fn.now(3),
          });
        await writeVideoServers(trx, episodeId, current.videoServers, input.videoServers);
        return saved(write, episodeId, 'episode.update');
      }),
  );
}

/** What becomes of its place in the grid, and of whether its card is a new one, with a status that an admin gives it. */
function publicationColumns(trx: Transaction, status: EpisodeStatus) {
  switch (status) {
    case 'published':
      // Set once: an episode that is hidden and shown again keeps its place.
      return { published_at: trx.raw('coalesce(published_at, now())') };
    case 'scheduled':
      // Its publication is still to come: at that time it stands on top, and is new.
      return { published_at: null, first_public_at: null };
    case 'draft':
    case 'hidden':
      return {};
    default:
      return status satisfies never;
  }
}

/** Whether the episode is what is wanted of it already. */
function isSame(current: Episode, { publishAt, videoServers, ...wanted }: EpisodeInput): boolean {
  return (
    wanted.kind === current.kind &&
    wanted.number === current.number &&
    wanted.title === current.title &&
    wanted.synopsis === current.synopsis &&
    wanted.durationSeconds === current.durationSeconds &&
    wanted.status === current.status &&
    publishAt?.getTime() === current.publishAt?.getTime() &&
    sameVideoServers(current.videoServers, videoServers)
  );
}

/**
 * Deletes the episode; it can be restored. False when there is none.
 * @param check sees what is to be deleted; nothing is, if it throws
 */
export async function deleteEpisode(
  catalog: Catalog,
  actor: Actor,
  episodeId: string,
  check?: (current: Episode) => void,
): Promise<boolean> {
  const seriesId = await findSeriesId(catalog.db, episodeId);
  if (!seriesId) return false;
  return writeCatalog(
    catalog,
    actor,
    { seriesIds: [seriesId], episodeIds: [episodeId] },
    async ({ trx, audit }) => {
      const current = await findEpisode(trx, episodeId);
      if (!current) return false;
      check?.(current);
      await trx('episodes')
        .where({ id: episodeId })
        .update({ deleted_at: trx.fn.now(3), version: current.version + 1, updated_at: trx.fn.now(3) });
      await audit({ action: 'episode.delete', subjectKind: 'episode', subjectId: episodeId });
      return true;
    },
  );
}

/** Takes a deletion back; where there is none, nothing is written. `number-taken`: its number was given to another one meanwhile. */
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
        const restored = await write
          .trx('episodes')
          .where({ id: episodeId })
          .whereNotNull('deleted_at')
          .update({
            deleted_at: null,
            version: write.trx.raw('version + 1'),
            updated_at: write.trx.fn.now(3),
          });
        if (restored > 0) return saved(write, episodeId, 'episode.restore');
        const episode = await findEpisode(write.trx, episodeId);
        return episode ? { outcome: 'saved', episode } : { outcome: 'not-found' };
      },
    ),
  );
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
    const by = await findEpisodeByNumber(db, seriesId, numbered);
    // Gone again between the refusal and this look: the caller's retry will pass.
    if (!by) throw error;
    return { outcome: 'number-taken', by };
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
