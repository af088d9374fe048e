import { isDeepStrictEqual } from 'node:util';
import type { Actor } from '../../journal/actor';
import { changesBetween, toJson } from '../../journal/changes';
import type { Changes, JournalEntry } from '../../journal/entry';
import { isRefusedByDatabase } from '../../platform/database';
import { type Fields, pick } from '../../web/fields';
import { deleteEpisode, identifyVideoServers, writeVideoServers } from '../episodes/public';
import { type WriteContext, writeCatalog } from '../episodes/write';
import { SERIES_FIELDS } from '../series/fields';
import { findSeries, updateSeries } from '../series/public';
import { foldTitles } from '../titles/public';
import { EPISODE_FILE_FIELDS, type RawRecord, SERIES_FILE_FIELDS } from './catalog-fields';
import { some } from './catalog-import-part';
import { findEpisodeRecord, findSeriesRecord, updateEpisodeRow, updateSeriesRow } from './catalog-rows';
import { countEpisodes, findEpisodeVersion, findLastSince } from './import-undo-repository';

/** Whether it is as it was before the import, or why it was left as it is. */
export type Undone = 'undone' | { readonly left: string };

/**
 * Takes back what an import did to one series or episode: what it made is hidden or goes into the trash, what it changed has its former
 * values. What somebody has changed since is left. One that is as it was already is so, too: an attempt may be made again.
 */
export async function undoAct(catalog: WriteContext, actor: Actor, entry: JournalEntry): Promise<Undone> {
  const { action, subjectId } = entry;
  if (subjectId === null) return GONE;
  try {
    switch (action) {
      case 'series.create':
        return await hideSeries(catalog, actor, subjectId, entry);
      case 'series.update':
        return await restoreSeries(catalog, actor, subjectId, entry);
      case 'episode.create':
        return await trashEpisode(catalog, actor, subjectId, entry);
      case 'episode.update':
        return await restoreFields(catalog, actor, subjectId, entry);
      default:
        return { left: 'This can’t be taken back.' };
    }
  } catch (error) {
    if (!isRefusedByDatabase(error)) throw error;
    return { left: 'What it had before, such as its number or address, belongs to another one by now.' };
  }
}

const GONE = { left: 'It is not there any more.' };
const UNREADABLE = { left: 'Was written down in a form that is no longer known.' };
const JUST_NOW = { left: 'Was changed by somebody else in this moment.' };
const changedBy = (by: string): Undone => ({ left: `Was changed since, by ${by || 'somebody'}.` });

const SERIES_EDITS = ['series.update'];
const EPISODE_EDITS = ['episode.update', 'episode.delete', 'episode.restore'];
/** Nobody's edit, but what an import has changed may have become of another status by it. */
const EPISODE_CHANGES = [...EPISODE_EDITS, 'episode.publish'];

async function trashEpisode(
  catalog: WriteContext,
  actor: Actor,
  id: string,
  entry: JournalEntry,
): Promise<Undone> {
  const version = await findEpisodeVersion(catalog.db, id);
  if (version === undefined) return 'undone';
  const since = await findLastSince(catalog.db, entry, EPISODE_EDITS);
  if (since) return changedBy(since.by);
  const isSame = (current: { readonly version: number }) => current.version === version;
  const { outcome } = await deleteEpisode(catalog, actor, id, isSame);
  return outcome === 'unexpected' ? JUST_NOW : 'undone';
}

/** A series is never deleted. One with episodes that stay stays to be seen, too. */
async function hideSeries(
  catalog: WriteContext,
  actor: Actor,
  id: string,
  entry: JournalEntry,
): Promise<Undone> {
  const series = await findSeries(catalog.db, id);
  if (!series?.visible) return 'undone';
  const since = await findLastSince(catalog.db, entry, SERIES_EDITS);
  if (since) return changedBy(since.by);
  if ((await countEpisodes(catalog.db, id)) > 0)
    return { left: 'Has episodes that were left or added since.' };
  const input = { ...pick(SERIES_FIELDS, series), visible: false };
  const { outcome } = await updateSeries(catalog, actor, id, input, series.version);
  return outcome === 'saved' ? 'undone' : JUST_NOW;
}

async function restoreSeries(
  catalog: WriteContext,
  actor: Actor,
  id: string,
  entry: JournalEntry,
): Promise<Undone> {
  const scope = { seriesIds: [id], episodeIds: 'all-of-series' } as const;
  return writeCatalog(catalog, actor, scope, async ({ trx, audit }): Promise<Undone> => {
    const known = await findSeriesRecord(trx, id);
    if (!known) return GONE;
    const former = formerValues(SERIES_FILE_FIELDS, entry.changes);
    if (!former) return UNREADABLE;
    if (isAlready(known, former)) return 'undone';
    const since = await findLastSince(trx, entry, SERIES_EDITS);
    if (since) return changedBy(since.by);
    await updateSeriesRow(trx, id, former);
    await foldTitles(trx, [id]);
    audit({ ...subjectOf(entry, 'series.update'), changes: changesTo(known, former) });
    return 'undone';
  });
}

async function restoreFields(
  catalog: WriteContext,
  actor: Actor,
  id: string,
  entry: JournalEntry,
): Promise<Undone> {
  const scope = { seriesIds: 'of-episodes', episodeIds: [id] } as const;
  return writeCatalog(catalog, actor, scope, async ({ trx, audit }): Promise<Undone> => {
    const known = await findEpisodeRecord(trx, id);
    if (!known) return GONE;
    const parsed = formerValues(EPISODE_FILE_FIELDS, entry.changes);
    if (!parsed) return UNREADABLE;
    const servers = EPISODE_FILE_FIELDS.videoServers.schema.safeParse(toJson(parsed.videoServers));
    const wanted = servers.success && identifyVideoServers(known.videoServers, servers.data);
    const former = { ...parsed, ...(wanted && { videoServers: wanted }) };
    if (isAlready(known, former)) return 'undone';
    const since = await findLastSince(trx, entry, EPISODE_CHANGES);
    if (since) return changedBy(since.by);
    await updateEpisodeRow(trx, id, former);
    const written = wanted && {
      videoServers: await writeVideoServers(trx, id, known.videoServers, wanted),
    };
    audit({ ...subjectOf(entry, 'episode.update'), changes: changesTo(known, { ...former, ...written }) });
    return 'undone';
  });
}

/** What the fields had before; undefined where one of them can't be read any more. */
function formerValues(fields: Fields, changes: Changes): RawRecord | undefined {
  const values: [string, unknown][] = [];
  for (const [name, { before }] of Object.entries(changes)) {
    const parsed = fields[name]?.schema.safeParse(before);
    if (!parsed?.success) return undefined;
    values.push([name, parsed.data]);
  }
  return Object.fromEntries(values);
}

function isAlready(known: RawRecord, former: RawRecord): boolean {
  return isDeepStrictEqual(toJson(some(known, Object.keys(former))), toJson(former));
}

function changesTo(known: RawRecord, former: RawRecord): Changes {
  return changesBetween(some(known, Object.keys(former)), former);
}

function subjectOf({ subjectKind, subjectId, subjectLabel }: JournalEntry, action: string) {
  return { action, subjectKind, subjectId, ...(subjectLabel !== null && { subjectLabel }) };
}
