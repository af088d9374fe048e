import type { Database, Transaction } from '../../platform/database';
import type { Change, Commit, Cursor, LoggedChange } from './change';

/** What a feed reads of the log. */
export type LiveLog = {
  /** The number of the last committed change; begins another epoch if the database's history is another one. */
  readHead(): Promise<Cursor>;
  /** Begins another epoch in a database that is behind `lost`, which it had given out. Returns the head as it is then. */
  renewEpoch(lost: Cursor): Promise<Cursor>;
  /** The changes after `seq`, in order; at most `limit`. */
  readSince(seq: number, limit: number): Promise<readonly LoggedChange[]>;
  /** The last `limit` changes up to and including `seq`, in order. */
  readRecent(seq: number, limit: number): Promise<readonly LoggedChange[]>;
  /**
   * The changes of any of these topics after `from` up to and including `to`, in order; at most `limit`. Undefined when some
   * of them may have been pruned.
   */
  readTopics(
    topics: readonly string[],
    from: number,
    to: number,
    limit: number,
  ): Promise<readonly LoggedChange[] | undefined>;
};

export function createLiveLog(db: Database): LiveLog {
  return {
    readHead: () => readHeadOfHistory(db),
    renewEpoch: (lost) => renewEpoch(db, lost),
    readSince: (seq, limit) => readSince(db, seq, limit),
    readRecent: (seq, limit) => readRecent(db, seq, limit),
    readTopics: (topics, from, to, limit) => readTopics(db, topics, from, to, limit),
  };
}

/**
 * Numbers the changes and records them, in the caller's transaction. Call it late: from here to the commit the counter's row is
 * locked, which is what makes the numbers gap-free and equal to the order of commits.
 */
export async function appendChanges(trx: Transaction, changes: readonly Change[]): Promise<Commit> {
  if (changes.length === 0) return { epoch: '', changes: [] };
  const { rows } = await trx.raw<{ rows: HeadRow[] }>(
    `with head as (
       update live_head as head
       set seq = head.seq + ?,
           epoch = case when head.history <> now.history then new_epoch() else head.epoch end,
           history = coalesce(now.history, head.history)
       from (select database_history() as history) as now
       returning head.epoch, head.seq
     ), logged as (
       insert into live_log (seq, kind, key, topics, type, is_new)
       select head.seq - ? + place, change->>'kind', change->>'key',
              array(select jsonb_array_elements_text(change->'topics')), change->>'type', (change->>'isNew')::boolean
       from head, jsonb_array_elements(?::jsonb) with ordinality as listed(change, place)
     )
     select epoch, seq from head`,
    [changes.length, changes.length, JSON.stringify(changes)],
  );
  const head = toCursor(rows[0]);
  const first = head.seq - changes.length + 1;
  return { epoch: head.epoch, changes: changes.map((change, index) => ({ ...change, seq: first + index })) };
}

/** The number of the last committed change. */
export async function readHead(db: Database | Transaction): Promise<Cursor> {
  return toCursor(await db('live_head').select('epoch', 'seq').first());
}

/**
 * The same, and the epoch is renewed if the database's history is another one: a replica took over that may lack the last
 * commits, or a backup was restored. Its numbers are given out again, and would mean something else.
 */
async function readHeadOfHistory(db: Database): Promise<Cursor> {
  const row: (HeadRow & Partial<History>) | undefined = await db('live_head')
    .select('epoch', 'seq', 'history', db.raw('database_history() as present'))
    .first();
  const present = row?.present;
  if (!present || row.history === present) return toCursor(row);
  try {
    const { rows } = await db.raw<{ rows: HeadRow[] }>(
      `update live_head
       set epoch = case when history <> ? then new_epoch() else epoch end, history = ?
       where history is distinct from ? returning epoch, seq`,
      [present, present, present],
    );
    // Without a row another node was first.
    return rows[0] ? toCursor(rows[0]) : readHead(db);
  } catch (error) {
    // Where nothing can be written now, no number is given out either. What was never noted down has not changed.
    if (row.history === null) return toCursor(row);
    throw error;
  }
}

async function renewEpoch(db: Database, lost: Cursor): Promise<Cursor> {
  await db('live_head')
    .where({ epoch: lost.epoch })
    .where('seq', '<', lost.seq)
    .update({ epoch: db.raw('new_epoch()') });
  return readHead(db);
}

/** Begins another epoch where the database is no longer what it was: its numbers are given out again, and mean something else. */
export async function beginEpoch(trx: Transaction): Promise<void> {
  await trx.raw('update live_head set epoch = new_epoch(), history = database_history()');
}

async function readSince(db: Database, seq: number, limit: number): Promise<LoggedChange[]> {
  const rows: ChangeRow[] = await db('live_log')
    .select(COLUMNS)
    .where('seq', '>', seq)
    .orderBy('seq')
    .limit(limit);
  return rows.map(toChange);
}

async function readRecent(db: Database, seq: number, limit: number): Promise<LoggedChange[]> {
  const rows: ChangeRow[] = await db('live_log')
    .select(COLUMNS)
    .where('seq', '<=', seq)
    .orderBy('seq', 'desc')
    .limit(limit);
  return rows.reverse().map(toChange);
}

async function readTopics(
  db: Database,
  topics: readonly string[],
  from: number,
  to: number,
  limit: number,
): Promise<LoggedChange[] | undefined> {
  if (from >= to) return [];
  // The numbers have no gaps: where the first one is missing, it was pruned.
  const first = await db('live_log')
    .select('seq')
    .where('seq', from + 1)
    .first();
  if (!first) return undefined;
  const rows: ChangeRow[] = await db('live_log')
    .select(COLUMNS)
    .whereBetween('seq', [from + 1, to])
    .whereRaw('topics && ?::text[]', [[...topics]])
    .orderBy('seq')
    .limit(limit);
  return rows.map(toChange);
}

/** Forgets changes older than `days` days; returns the number of rows that went. A part at a time, so that no statement is long. */
export async function pruneChanges(db: Database, days = 7): Promise<number> {
  let pruned = 0;
  for (;;) {
    const old = db('live_log')
      .select('seq')
      .where('created_at', '<', db.raw("now() - ? * interval '1 day'", [days]))
      .orderBy('seq')
      .limit(PRUNED_AT_ONCE);
    const count = await db('live_log').whereIn('seq', old).delete();
    pruned += count;
    if (count < PRUNED_AT_ONCE) return pruned;
  }
}

const PRUNED_AT_ONCE = 2_000;

/** What a statement reads of `live_head` along with its rows, so that both are of one snapshot. */
export type HeadRow = { readonly epoch: string; readonly seq: string };
/** What makes two states of a database states of one history, as `database_history()` tells it; null: it can't. */
type History = { readonly history: string | null; readonly present: string | null };
type ChangeRow = {
  readonly seq: string;
  readonly kind: string;
  readonly key: string;
  readonly topics: readonly string[];
  readonly type: string;
  readonly is_new: boolean;
};
const COLUMNS = ['seq', 'kind', 'key', 'topics', 'type', 'is_new'] as const;

/** @throws where there is no row: the database was not migrated */
export function toCursor(row: HeadRow | undefined): Cursor {
  if (!row) throw new Error('live_head has no row: the database was not migrated, or the row was deleted.');
  return { epoch: row.epoch, seq: Number(row.seq) };
}

function toChange({ seq, kind, key, topics, type, is_new }: ChangeRow): LoggedChange {
  const isKnown = type === 'upsert' || type === 'remove';
  return { seq: Number(seq), kind, key, topics, type: isKnown ? type : 'reset', isNew: is_new };
}
