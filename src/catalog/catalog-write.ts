import type { Actor, AuditEntry } from '../changes/actor';
import type { Change, ChangeEvent, PublicEpisode } from '../changes/change-event';
import { appendChanges } from '../changes/change-log';
import { type Database, inWrite, isLockTimeout, type Transaction } from '../platform/database';
import { findPublicEpisodes, findPublicEpisodesOfSeries } from './public-catalog';

export type { Actor } from '../changes/actor';

/** What a write of the catalog needs. Given by the composition root. */
export type Catalog = {
  readonly db: Database;
  /** Tells the other nodes. Best effort: the change log has the events already. */
  readonly publish: (events: readonly ChangeEvent[]) => void;
  /** Records who did what, in the transaction that does it. */
  readonly audit: (trx: Transaction, entry: AuditEntry) => Promise<void>;
};

/** The episodes whose public state a write may change; their series are locked first. */
export type Scope = {
  readonly seriesIds: readonly string[];
  readonly episodeIds: readonly string[] | 'all-of-series';
};

/** What a write may do besides its own queries. */
export type Write = {
  readonly trx: Transaction;
  /** Adds an episode that did not exist when the scope was named. */
  readonly created: (episodeId: string) => void;
  readonly audit: (entry: Omit<AuditEntry, 'actor'>) => Promise<void>;
};

/** More episodes changed by one write than this are recorded as one `reset`. */
const MAX_CHANGES = 50;

/**
 * The hook of every write of the catalog: runs it in a transaction, compares what was public before with what is
 * public after, records the difference in the change log under its number, and publishes it after the commit.
 *
 * The series are locked before anything is read, in the order of their ids: writes to one series follow each
 * other, so that what was read as "before" is still true when the number is taken, and no two writes deadlock.
 */
export async function writeCatalog<T>(
  catalog: Catalog,
  actor: Actor,
  scope: Scope,
  write: (write: Write) => Promise<T>,
): Promise<T> {
  const { result, events } = await inWrite(catalog.db, async (trx) => {
    await lockSeries(trx, scope.seriesIds);
    return writeLocked(trx, catalog, actor, scope, write);
  });
  if (events.length > 0) catalog.publish(events);
  return result;
}

/**
 * The same, but does nothing when somebody else is just writing one of the series.
 * @param patienceMs how long it stands in the queue for them; 0: not at all
 */
export async function writeCatalogUnlessLocked<T>(
  catalog: Catalog,
  actor: Actor,
  scope: Scope,
  patienceMs: number,
  write: (write: Write) => Promise<T>,
): Promise<{ readonly result: T } | 'locked'> {
  const work = async (trx: Transaction) => {
    if (patienceMs > 0) await lockSeries(trx, scope.seriesIds);
    else if (!(await lockFreeSeries(trx, scope.seriesIds))) return undefined;
    return writeLocked(trx, catalog, actor, scope, write);
  };
  try {
    const written = await inWrite(catalog.db, work, patienceMs || undefined);
    if (!written) return 'locked';
    if (written.events.length > 0) catalog.publish(written.events);
    return written;
  } catch (error) {
    if (patienceMs > 0 && isLockTimeout(error)) return 'locked';
    throw error;
  }
}

async function writeLocked<T>(
  trx: Transaction,
  catalog: Catalog,
  actor: Actor,
  scope: Scope,
  write: (write: Write) => Promise<T>,
): Promise<{ readonly result: T; readonly events: readonly ChangeEvent[] }> {
  const createdIds: string[] = [];
  const before = await readScope(trx, scope, createdIds);
  const result = await write({
    trx,
    created: (episodeId) => createdIds.push(episodeId),
    audit: (entry) => catalog.audit(trx, { actor, ...entry }),
  });
  const after = await readScope(trx, scope, createdIds);
  const firstTimers = await markFirstPublic(trx, before, after);
  const changes = publicChanges(before, after, firstTimers);
  return { result, events: await appendChanges(trx, changes) };
}

/** What a viewer's grid has to be told to get from `before` to `after`. */
function publicChanges(
  before: ReadonlyMap<string, PublicEpisode>,
  after: ReadonlyMap<string, PublicEpisode>,
  firstTimers: ReadonlySet<string>,
): Change[] {
  const changes: Change[] = [];
  for (const [episodeId, episode] of after) {
    if (sameCard(before.get(episodeId), episode)) continue;
    changes.push({ type: 'upsert', episode, isNew: firstTimers.has(episodeId) });
  }
  for (const episodeId of before.keys()) {
    if (!after.has(episodeId)) changes.push({ type: 'remove', episodeId });
  }
  return changes.length > MAX_CHANGES ? [{ type: 'reset' }] : changes;
}

function sameCard(a: PublicEpisode | undefined, b: PublicEpisode): boolean {
  // Both come from one function, so their keys are in the same order.
  return JSON.stringify(a) === JSON.stringify(b);
}

async function lockSeries(trx: Transaction, seriesIds: readonly string[]): Promise<void> {
  if (seriesIds.length === 0) return;
  await trx('series').select('id').whereIn('id', seriesIds).orderBy('id').forNoKeyUpdate();
}

/** False when one of them is locked by somebody else. */
async function lockFreeSeries(trx: Transaction, seriesIds: readonly string[]): Promise<boolean> {
  const locked = await trx('series')
    .select('id')
    .whereIn('id', seriesIds)
    .orderBy('id')
    .forNoKeyUpdate()
    .skipLocked();
  return locked.length === new Set(seriesIds).size;
}

async function readScope(
  trx: Transaction,
  scope: Scope,
  createdIds: readonly string[],
): Promise<ReadonlyMap<string, PublicEpisode>> {
  const episodes =
    scope.episodeIds === 'all-of-series'
      ? await findPublicEpisodesOfSeries(trx, scope.seriesIds)
      : await findPublicEpisodes(trx, [...scope.episodeIds, ...createdIds]);
  return new Map(episodes.map((episode) => [episode.episodeId, episode]));
}

/** Of the episodes that became public, those that never were before. */
async function markFirstPublic(
  trx: Transaction,
  before: ReadonlyMap<string, PublicEpisode>,
  after: ReadonlyMap<string, PublicEpisode>,
): Promise<ReadonlySet<string>> {
  const appeared = [...after.keys()].filter((episodeId) => !before.has(episodeId));
  if (appeared.length === 0) return new Set();
  const rows: { readonly id: string }[] = await trx('episodes')
    .whereIn('id', appeared)
    .whereNull('first_public_at')
    .update({ first_public_at: trx.fn.now(3) })
    .returning('id');
  return new Set(rows.map(({ id }) => id));
}
