import { isDeepStrictEqual } from 'node:util';
import { changesBetween } from '../../journal/changes';
import type { AuditEntry } from '../../journal/entry';
import type { Transaction } from '../../platform/database';
import { pick, toColumns } from '../../web/fields';
import {
  EPISODE_FACTS,
  EPISODE_FIELDS,
  type Episode,
  type EpisodeInput,
  type EpisodeStatus,
  episodeName,
} from './fields';
import { findEpisode, TRASH_DAYS } from './queries';
import { type Named, refusingTaken, type Taken } from './taken';
import { identifyVideoServers, sameVideoServers } from './video-server';
import { writeVideoServers } from './video-server-repository';
import { type Actor, type Write, type WriteContext, writeCatalog } from './write';

/** Outcomes of a write that its caller has to tell apart. */
export type EpisodeWriteResult =
  | { readonly outcome: 'saved'; readonly episode: Episode }
  | { readonly outcome: 'not-found' }
  | Taken
  /** It was changed since the version that the caller saw. */
  | { readonly outcome: 'conflict'; readonly current: Episode };

/** The caller itself has something against what it would become. */
export type Refused<Problem> = {
  readonly outcome: 'refused';
  readonly problem: Problem;
  readonly current: Episode;
};

/** What an episode is to become, or why it must not. */
export type Wanted<Problem> = EpisodeInput | { readonly problem: Problem };

/** Creates an episode of the series, with its video servers. `not-found`: there is no such series. */
export async function createEpisode(
  catalog: WriteContext,
  actor: Actor,
  seriesId: string,
  input: EpisodeInput,
): Promise<EpisodeWriteResult> {
  return refusingTaken(
    catalog.db,
    () => ({ seriesId, ...input }),
    () =>
      writeCatalog(catalog, actor, { seriesIds: [seriesId], episodeIds: [] }, async (write) => {
        const series = (await readSeriesRows(write.trx, [seriesId])).get(seriesId);
        if (!series) return { outcome: 'not-found' };
        return { outcome: 'saved', episode: await insertEpisode(write, series, input) };
      }),
  );
}

/**
 * Moves the episode to another series with all that it has, to the same place of the grid. It is a new one there, and the one here is
 * deleted: an episode never changes its series, since what a write locks and which lists it touches follow from that.
 */
export async function moveEpisode(
  catalog: WriteContext,
  actor: Actor,
  episodeId: string,
  seriesId: string,
): Promise<EpisodeWriteResult> {
  const known = await findEpisode(catalog.db, episodeId);
  if (!known) return { outcome: 'not-found' };
  if (known.seriesId === seriesId) return { outcome: 'saved', episode: known };
  const scope = { seriesIds: [known.seriesId, seriesId], episodeIds: [episodeId] };
  let named: Named = { ...known, seriesId };
  return refusingTaken(
    catalog.db,
    () => named,
    () =>
      writeCatalog(catalog, actor, scope, async (write) => {
        const { trx, audit } = write;
        const current = await findEpisode(trx, episodeId);
        if (!current) return { outcome: 'not-found' };
        named = { ...current, seriesId };
        const to = (await readSeriesRows(trx, [seriesId])).get(seriesId);
        if (!to) return { outcome: 'not-found' };
        await updateRow(trx, current, { deleted_at: trx.fn.now(3) });
        audit({ ...entryOf('episode.delete', current, undefined), details: { movedTo: to.title } });
        const input = {
          ...pick(EPISODE_FIELDS, current),
          videoServers: current.videoServers.map(({ id: _, ...server }) => server),
        };
        const columns = {
          published_at: current.publishedAt,
          first_public_at: trx('episodes').select('first_public_at').where({ id: episodeId }),
        };
        const from = { movedFrom: current.seriesTitle, movedFromId: current.seriesId };
        return { outcome: 'saved', episode: await insertEpisode(write, to, input, columns, from) };
      }),
  );
}

/** A series, as far as its episodes need it. */
export type SeriesRow = {
  readonly id: string;
  readonly title: string;
  readonly title_language: string;
  readonly slug: string;
  readonly visible: boolean;
};

export async function readSeriesRows(
  trx: Transaction,
  seriesIds: readonly string[],
): Promise<ReadonlyMap<string, SeriesRow>> {
  const rows: SeriesRow[] = await trx('series')
    .select('id', 'title', 'title_language', 'slug', 'visible')
    .whereIn('id', [...new Set(seriesIds)]);
  return new Map(rows.map((row) => [row.id, row]));
}

/**
 * Adds the episode, in a write that has locked its series.
 * @param columns what it has besides its fields, where it is not new
 */
export async function insertEpisode(
  write: Write,
  series: SeriesRow,
  input: EpisodeInput,
  columns: Readonly<Record<string, unknown>> = {},
  details: AuditEntry['details'] = {},
): Promise<Episode> {
  const { trx } = write;
  const [row]: WrittenRow[] = await trx('episodes')
    .insert({
      series_id: series.id,
      ...toColumns(EPISODE_FIELDS, input),
      published_at: input.status === 'published' ? trx.fn.now(3) : null,
      ...columns,
    })
    .returning(WRITTEN);
  if (!row) throw new Error('The insert of an episode returned no row.');
  write.created(row.id);
  const servers = identifyVideoServers([], input.videoServers);
  const episode: Episode = {
    ...input,
    ...written(row),
    videoServers: await writeVideoServers(trx, row.id, [], servers),
    seriesId: series.id,
    seriesTitle: series.title,
    seriesTitleLanguage: series.title_language,
    seriesSlug: series.slug,
    seriesVisible: series.visible,
    deletedAt: null,
  };
  write.audit({ ...entryOf('episode.create', undefined, episode), details });
  return episode;
}

/**
 * Replaces everything that can be edited of the episode. What is the same already is not written: it gets no version, no
 * row of the journal and no event.
 * With `version`, only if it is still that version; else whatever was there before. `bringBack`: one that was deleted, too, which is
 * there again then.
 * @param change sees what is there, in the transaction; what it has against the write is the result
 */
export async function updateEpisode<Problem = never>(
  catalog: WriteContext,
  actor: Actor,
  episodeId: string,
  change: (current: Episode) => Wanted<Problem>,
  version?: number,
  { bringBack = false }: { readonly bringBack?: boolean } = {},
): Promise<EpisodeWriteResult | Refused<Problem>> {
  let named: Named | undefined;
  return refusingTaken(
    catalog.db,
    () => named,
    () =>
      writeEpisode(catalog, actor, episodeId, async (write, current) => {
        if (!current || isPurged(current) || (current.deletedAt && !bringBack))
          return { outcome: 'not-found' };
        if (version !== undefined && current.version !== version) return { outcome: 'conflict', current };
        const wanted = change(current);
        if ('problem' in wanted) return { outcome: 'refused', problem: wanted.problem, current };
        named = { ...wanted, seriesId: current.seriesId };
        return { outcome: 'saved', episode: await changeEpisode(write, current, wanted) };
      }),
  );
}

/** Makes the episode what is wanted, in a write that has locked its series; what is that already, and not deleted, is returned as it is. */
export async function changeEpisode(write: Write, current: Episode, wanted: EpisodeInput): Promise<Episode> {
  const input = identified(current, wanted);
  if (!current.deletedAt && isSame(current, input)) return current;
  const row = await updateRow(write.trx, current, {
    ...toColumns(EPISODE_FIELDS, input),
    ...publicationColumns(write.trx, input.status),
    deleted_at: null,
  });
  const videoServers = await writeVideoServers(
    write.trx,
    current.id,
    current.videoServers,
    input.videoServers,
  );
  const episode = { ...current, ...input, ...written(row), videoServers, deletedAt: null };
  write.audit(
    current.deletedAt
      ? entryOf('episode.restore', undefined, episode)
      : entryOf('episode.update', current, episode),
  );
  return episode;
}

/** Whether nothing would be written. */
export function isAlready(current: Episode, wanted: EpisodeInput): boolean {
  return isSame(current, identified(current, wanted));
}

function identified(current: Episode, wanted: EpisodeInput): EpisodeInput {
  return { ...wanted, videoServers: identifyVideoServers(current.videoServers, wanted.videoServers) };
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
function isSame(current: Episode, wanted: EpisodeInput): boolean {
  const { videoServers: currentServers, ...currentFields } = pick(EPISODE_FIELDS, current);
  const { videoServers: wantedServers, ...wantedFields } = pick(EPISODE_FIELDS, wanted);
  return isDeepStrictEqual(currentFields, wantedFields) && sameVideoServers(currentServers, wantedServers);
}

/** Outcomes of a deletion. */
export type EpisodeDeletion =
  | { readonly outcome: 'deleted'; readonly episode: Episode }
  | { readonly outcome: 'not-found' }
  /** It is not what the caller meant to delete. */
  | { readonly outcome: 'unexpected'; readonly current: Episode };

/** Deletes the episode, if it is as expected; it can be restored. */
export async function deleteEpisode(
  catalog: WriteContext,
  actor: Actor,
  episodeId: string,
  isExpected: (current: Episode) => boolean = () => true,
): Promise<EpisodeDeletion> {
  return writeEpisode(
    catalog,
    actor,
    episodeId,
    async ({ trx, audit }, current): Promise<EpisodeDeletion> => {
      if (!current || current.deletedAt) return { outcome: 'not-found' };
      if (!isExpected(current)) return { outcome: 'unexpected', current };
      await updateRow(trx, current, { deleted_at: trx.fn.now(3) });
      audit(entryOf('episode.delete', current, undefined));
      return { outcome: 'deleted', episode: current };
    },
  );
}

/**
 * Takes a deletion back; where there is none, nothing is written. `number-taken`, `external-id-taken`: what it had was given to another one meanwhile.
 * @param number with which it is to come back, where that is another one
 */
export async function restoreEpisode(
  catalog: WriteContext,
  actor: Actor,
  episodeId: string,
  number?: string,
): Promise<EpisodeWriteResult> {
  let named: Named | undefined;
  return refusingTaken(
    catalog.db,
    () => named,
    () =>
      writeEpisode(catalog, actor, episodeId, async (write, current) => {
        if (!current || isPurged(current)) return { outcome: 'not-found' };
        if (!current.deletedAt) return { outcome: 'saved', episode: current };
        const wanted = { ...current, number: number ?? current.number };
        named = wanted;
        const row = await updateRow(write.trx, current, { deleted_at: null, number: wanted.number });
        const episode = { ...wanted, ...written(row), deletedAt: null };
        write.audit(entryOf('episode.restore', undefined, episode));
        return { outcome: 'saved', episode };
      }),
  );
}

/** Whether it has been in the trash for longer than anything is kept there. */
export function isPurged({ deletedAt }: Episode): boolean {
  return deletedAt !== null && deletedAt.getTime() < Date.now() - TRASH_DAYS * DAY_MS;
}
const DAY_MS = 86_400_000;

/**
 * Runs a write of one episode, in a transaction that has locked its series.
 * @param write given what is there, deleted or not: the one time that it is read
 */
async function writeEpisode<Result>(
  catalog: WriteContext,
  actor: Actor,
  episodeId: string,
  write: (write: Write, current: Episode | undefined) => Promise<Result>,
): Promise<Result> {
  const scope = { seriesIds: 'of-episodes', episodeIds: [episodeId] } as const;
  return writeCatalog(catalog, actor, scope, async (given) =>
    write(given, await findEpisode(given.trx, episodeId, { evenDeleted: true })),
  );
}

/** What the database makes of a row by itself, besides what it was given. */
const WRITTEN = ['id', 'published_at', 'version', 'created_at', 'updated_at'];

type WrittenRow = {
  readonly id: string;
  readonly published_at: Date | null;
  readonly version: number;
  readonly created_at: Date;
  readonly updated_at: Date;
};

function written(row: WrittenRow) {
  return {
    id: row.id,
    publishedAt: row.published_at,
    version: row.version,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

async function updateRow(
  trx: Transaction,
  current: Episode,
  columns: Readonly<Record<string, unknown>>,
): Promise<WrittenRow> {
  const [row]: WrittenRow[] = await trx('episodes')
    .where({ id: current.id })
    .update({ ...columns, version: current.version + 1, updated_at: trx.fn.now(3) })
    .returning(WRITTEN);
  if (!row) throw new Error(`Episode ${current.id} is gone from the transaction that locked its series.`);
  return row;
}

/** @param before undefined for one that was not there, or was deleted */
function entryOf(action: string, before: Episode | undefined, after: Episode | undefined) {
  const episode = after ?? before;
  return {
    action,
    subjectKind: 'episode',
    subjectId: episode?.id ?? null,
    subjectLabel: episode && episodeName(episode),
    changes: changesBetween(before && pick(EPISODE_FACTS, before), after && pick(EPISODE_FACTS, after)),
  };
}
