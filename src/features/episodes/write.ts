import type { Actor } from '../../journal/actor';
import type { AuditEntry, Visibility } from '../../journal/entry';
import { type Kind, type Lists, limited } from '../../live/list';
import type { Commit } from '../../live/log/change';
import { appendChanges } from '../../live/log/live-log';
import { type Database, inWrite, isLockTimeout, type Transaction } from '../../platform/database';
import { episodeKind } from './public-episode';

export type { Actor } from '../../journal/actor';

/** What a write of the catalog needs. Given by the composition root. */
export type WriteContext = {
  readonly db: Database;
  /** What may have to be told of a write. */
  readonly lists: Lists;
  /** Tells the other nodes. Best effort: the log has the changes already. */
  readonly publish: (commit: Commit) => void;
  /** Records who did what, in the transaction that does it. */
  readonly audit: (trx: Transaction, ...entries: readonly AuditEntry[]) => Promise<void>;
};

/** The episodes whose public state a write may change; their series are locked first. */
export type Scope =
  | NamedScope
  /** The series are those of the episodes, which never move to another one. */
  | EpisodesScope;

type EpisodesScope = { readonly seriesIds: 'of-episodes'; readonly episodeIds: readonly string[] };

function isOfEpisodes(scope: Scope): scope is EpisodesScope {
  return scope.seriesIds === 'of-episodes';
}

export type NamedScope = {
  readonly seriesIds: readonly string[];
  readonly episodeIds: readonly string[] | 'all-of-series';
};

/** What a write may do besides its own queries. */
export type Write = {
  readonly trx: Transaction;
  /** Adds an episode that did not exist when the scope was named. */
  readonly created: (episodeId: string) => void;
  /** Notes what is to be recorded when all else is done. */
  readonly audit: (entry: Omit<AuditEntry, 'actor'>) => void;
};

/**
 * The hook of every write of the catalog: runs it in a transaction, compares for each kind of item that lists show what was public
 * before with what is public after, logs the difference under its number, and publishes it after the commit.
 *
 * The series are locked before anything is read, in the order of their ids: writes to one series follow each
 * other, so that what was read as "before" is still true when the number is taken, and no two writes deadlock.
 */
export async function writeCatalog<T>(
  catalog: WriteContext,
  actor: Actor,
  scope: Scope,
  write: (write: Write) => Promise<T>,
): Promise<T> {
  const { result, commit } = await inWrite(catalog.db, async (trx) => {
    await lockSeries(trx, scope);
    return writeLocked(trx, catalog, actor, scope, write);
  });
  if (commit.changes.length > 0) catalog.publish(commit);
  return result;
}

/**
 * The same, but does nothing when somebody else is just writing one of the series.
 * @param patienceMs how long it stands in the queue for them; 0: not at all. One process at a time stands there, for all who would
 *   do the same work: the others find the series locked
 */
export async function writeCatalogUnlessLocked<T>(
  catalog: WriteContext,
  actor: Actor,
  scope: NamedScope,
  patienceMs: number,
  write: (write: Write) => Promise<T>,
): Promise<{ readonly result: T } | 'locked'> {
  const work = async (trx: Transaction) => {
    if (patienceMs > 0) {
      if (!(await isFirstInQueue(trx, scope.seriesIds))) return undefined;
      await lockSeries(trx, scope);
    } else if (!(await lockFreeSeries(trx, scope.seriesIds))) return undefined;
    return writeLocked(trx, catalog, actor, scope, write);
  };
  try {
    const written = await inWrite(catalog.db, work, patienceMs || undefined);
    if (!written) return 'locked';
    if (written.commit.changes.length > 0) catalog.publish(written.commit);
    return written;
  } catch (error) {
    if (patienceMs > 0 && isLockTimeout(error)) return 'locked';
    throw error;
  }
}

async function writeLocked<T>(
  trx: Transaction,
  catalog: WriteContext,
  actor: Actor,
  scope: Scope,
  write: (write: Write) => Promise<T>,
): Promise<{ readonly result: T; readonly commit: Commit }> {
  const kinds = catalog.lists.kindsOf('episode');
  const episodeIds = await readEpisodeIds(trx, scope);
  const before = await findAll(trx, kinds, episodeIds);
  const createdIds: string[] = [];
  const entries: Omit<AuditEntry, 'actor'>[] = [];
  const result = await write({
    trx,
    created: (episodeId) => createdIds.push(episodeId),
    audit: (entry) => entries.push(entry),
  });
  const after = await findAll(trx, kinds, [...episodeIds, ...createdIds]);
  const newKeys = await markFirstPublic(trx, before, after);
  const changes = kinds.flatMap((kind) =>
    limited(catalog.lists.changesBetween(kind, before.get(kind) ?? [], after.get(kind) ?? [], newKeys)),
  );
  // From here to the commit one write waits for the other: the journal and the log number their rows by locked counters.
  const seen = {
    before: seriesOf(before),
    after: seriesOf(after),
    first: newKeys,
    told: new Set(entries.map(({ subjectKind, subjectId }) => `${subjectKind} ${subjectId}`)),
  };
  await catalog.audit(
    trx,
    ...entries.map((entry) => ({ actor, ...entry, visibility: visibilityOf(entry, seen) })),
  );
  return { result, commit: await appendChanges(trx, changes) };
}

async function lockSeries(trx: Transaction, scope: Scope): Promise<void> {
  if (scope.seriesIds.length === 0) return;
  await trx('series')
    .select('id')
    .modify((query) => {
      if (isOfEpisodes(scope))
        query.whereIn('id', trx('episodes').select('series_id').whereIn('id', scope.episodeIds));
      else query.whereIn('id', scope.seriesIds);
    })
    .orderBy('id')
    .forNoKeyUpdate();
}

/** Holds the place up to the end of the transaction. */
async function isFirstInQueue(trx: Transaction, seriesIds: readonly string[]): Promise<boolean> {
  const { rows } = await trx.raw<{ rows: { first: boolean }[] }>(
    'select pg_try_advisory_xact_lock(hashtext(?)) as first',
    [`nipnime:queue:${seriesIds.join()}`],
  );
  return rows[0]?.first ?? false;
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

async function readEpisodeIds(trx: Transaction, scope: Scope): Promise<readonly string[]> {
  if (isOfEpisodes(scope)) return scope.episodeIds;
  if (scope.episodeIds !== 'all-of-series') return scope.episodeIds;
  const rows: { readonly id: string }[] = await trx('episodes')
    .select('id')
    .whereIn('series_id', scope.seriesIds)
    .whereNull('deleted_at')
    .orderBy('id');
  return rows.map(({ id }) => id);
}

/** Items by their kind. */
type Found = ReadonlyMap<Kind, readonly unknown[]>;

async function findAll(
  trx: Transaction,
  kinds: readonly Kind[],
  episodeIds: readonly string[],
): Promise<Found> {
  const found = new Map<Kind, readonly unknown[]>();
  if (episodeIds.length === 0) return found;
  for (const kind of kinds) found.set(kind, await kind.find(trx, episodeIds));
  return found;
}

/** Of the episodes that became public, those that never were before. */
async function markFirstPublic(trx: Transaction, before: Found, after: Found): Promise<ReadonlySet<string>> {
  const former = new Set(idsOf(before));
  const appeared = idsOf(after).filter((episodeId) => !former.has(episodeId));
  if (appeared.length === 0) return new Set();
  const rows: { readonly id: string }[] = await trx('episodes')
    .whereIn('id', appeared)
    .whereNull('first_public_at')
    .update({ first_public_at: trx.fn.now(3) })
    .returning('id');
  return new Set(rows.map(({ id }) => id));
}

type Seen = {
  /** The series of each episode that was public, by its id, and of each that is. */
  readonly before: ReadonlyMap<string, string>;
  readonly after: ReadonlyMap<string, string>;
  readonly first: ReadonlySet<string>;
  /** What the write has an entry of. */
  readonly told: ReadonlySet<string>;
};

/**
 * An act on one episode has shown or hidden that one alone. Any other may have hundreds: of those it has shown, only what is new
 * counts, and what has an entry of its own is told there.
 */
function visibilityOf(
  { subjectKind, subjectId }: Omit<AuditEntry, 'actor'>,
  { before, after, first, told }: Seen,
): Visibility {
  const isOfOne = subjectKind === 'episode';
  const subjects = (ids: ReadonlyMap<string, string>): readonly string[] => {
    if (isOfOne) return subjectId !== null && ids.has(subjectId) ? [subjectId] : [];
    const isMeant = (seriesId: string): boolean => subjectKind !== 'series' || seriesId === subjectId;
    return [...ids].flatMap(([id, seriesId]) =>
      isMeant(seriesId) && !told.has(`episode ${id}`) ? [id] : [],
    );
  };
  const appeared = subjects(after).filter((id) => !before.has(id) && (isOfOne || first.has(id)));
  return {
    appeared,
    first: appeared.filter((id) => first.has(id)),
    vanished: subjects(before).filter((id) => !after.has(id)),
    stayed: isOfOne ? subjects(after).filter((id) => before.has(id)) : [],
  };
}

/** The series of the episodes that are public, by their ids. */
function seriesOf(found: Found): ReadonlyMap<string, string> {
  const kind: Kind = episodeKind;
  return new Map(
    (found.get(kind) ?? []).map((episode) => [
      kind.keyOf(episode),
      typeof episode === 'object' && episode !== null && 'seriesId' in episode
        ? String(episode.seriesId)
        : '',
    ]),
  );
}

/** Of the episodes that are public. */
function idsOf(found: Found): readonly string[] {
  const kind: Kind = episodeKind;
  return (found.get(kind) ?? []).map((episode) => kind.keyOf(episode));
}
