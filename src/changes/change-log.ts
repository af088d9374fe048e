import type { Database, Transaction } from '../platform/database';
import { type Change, type ChangeEvent, type Cursor, upsertPayloadSchema } from './change-event';

/**
 * Numbers the changes and records them, in the caller's transaction. Call it late: from here to the commit the
 * counter row is locked, which is what makes the numbers gap-free and equal to commit order.
 */
export async function appendChanges(trx: Transaction, changes: readonly Change[]): Promise<ChangeEvent[]> {
  if (changes.length === 0) return [];
  const { rows } = await trx.raw<{ rows: HeadRow[] }>(
    `update catalog_head as head
     set seq = head.seq + ?,
         epoch = case when head.history <> now.history then new_epoch() else head.epoch end,
         history = coalesce(now.history, head.history)
     from (select database_history() as history) as now
     returning head.epoch, head.seq`,
    [changes.length],
  );
  const head = toCursor(rows[0]);
  const first = head.seq - changes.length + 1;
  const events = changes.map(
    (change, index): ChangeEvent => ({ epoch: head.epoch, seq: first + index, ...change }),
  );
  await trx('change_log').insert(
    events.map((event) => ({
      seq: event.seq,
      type: event.type,
      episode_id:
        event.type === 'upsert' ? event.episode.episodeId : event.type === 'remove' ? event.episodeId : null,
      payload:
        event.type === 'upsert' ? JSON.stringify({ episode: event.episode, isNew: event.isNew }) : null,
    })),
  );
  return events;
}

/** The number of the last committed change. */
export async function readHead(db: Database | Transaction): Promise<Cursor> {
  return toCursor(await db('catalog_head').select('epoch', 'seq').first());
}

/**
 * The same, and the epoch is renewed if the database's history is another one: a replica took over that may lack the last
 * commits, or a backup was restored. Its numbers are given out again, and would mean something else.
 */
export async function readHeadOfHistory(db: Database): Promise<Cursor> {
  const row: (HeadRow & Partial<History>) | undefined = await db('catalog_head')
    .select('epoch', 'seq', 'history', db.raw('database_history() as present'))
    .first();
  const present = row?.present;
  if (!present || row.history === present) return toCursor(row);
  try {
    const { rows } = await db.raw<{ rows: HeadRow[] }>(
      `update catalog_head
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

/**
 * Renews the epoch of a database that has forgotten committed changes: it had given out `lost`, and is behind it now. Gives
 * the head as it is then.
 */
export async function renewEpoch(db: Database, lost: Cursor): Promise<Cursor> {
  await db('catalog_head')
    .where({ epoch: lost.epoch })
    .where('seq', '<', lost.seq)
    .update({ epoch: db.raw('new_epoch()') });
  return readHead(db);
}

/** A row that this version of the code can't read: one of a newer or an older version wrote it. */
export type UnreadableChange = Cursor & {
  readonly type: 'unreadable';
  /** Of the episode that changed; undefined for a row that speaks of no single one. */
  readonly episodeId: string | undefined;
  readonly isNew: boolean;
};

/** The changes after `seq`, in order; at most `limit`. */
export async function readChangesSince(
  db: Database | Transaction,
  epoch: string,
  seq: number,
  limit: number,
): Promise<(ChangeEvent | UnreadableChange)[]> {
  const rows: ChangeRow[] = await db('change_log')
    .select(COLUMNS)
    .where('seq', '>', seq)
    .orderBy('seq')
    .limit(limit);
  return rows.map((row) => toEvent(epoch, row));
}

/** The last `limit` changes up to and including `seq`, in order. */
export async function readRecentChanges(
  db: Database | Transaction,
  epoch: string,
  seq: number,
  limit: number,
): Promise<(ChangeEvent | UnreadableChange)[]> {
  const rows: ChangeRow[] = await db('change_log')
    .select(COLUMNS)
    .where('seq', '<=', seq)
    .orderBy('seq', 'desc')
    .limit(limit);
  return rows.reverse().map((row) => toEvent(epoch, row));
}

/** Forgets changes older than `days` days; gives the number of rows that went. A part at a time, so that no statement is long. */
export async function pruneChanges(db: Database, days = 7): Promise<number> {
  let pruned = 0;
  for (;;) {
    const old = db('change_log')
      .select('seq')
      .where('created_at', '<', db.raw("now() - ? * interval '1 day'", [days]))
      .orderBy('seq')
      .limit(PRUNED_AT_ONCE);
    const count = await db('change_log').whereIn('seq', old).delete();
    pruned += count;
    if (count < PRUNED_AT_ONCE) return pruned;
  }
}

const PRUNED_AT_ONCE = 2_000;

type HeadRow = { readonly epoch: string; readonly seq: string };
/** What makes two states of a database states of one history, as `database_history()` tells it; null: it can't. */
type History = { readonly history: string | null; readonly present: string | null };
type ChangeRow = {
  readonly seq: string;
  readonly type: string;
  readonly episode_id: string | null;
  readonly payload: unknown;
};
const COLUMNS = ['seq', 'type', 'episode_id', 'payload'] as const;

function toCursor(row: HeadRow | undefined): Cursor {
  if (!row)
    throw new Error('catalog_head has no row: the database was not migrated, or the row was deleted.');
  return { epoch: row.epoch, seq: Number(row.seq) };
}

function toEvent(epoch: string, row: ChangeRow): ChangeEvent | UnreadableChange {
  const position = { epoch, seq: Number(row.seq) };
  const { type, episode_id: episodeId, payload } = row;
  if (type === 'reset') return { ...position, type };
  if (type === 'remove' && episodeId) return { ...position, type, episodeId };
  const upsert = type === 'upsert' ? upsertPayloadSchema.safeParse(payload) : undefined;
  if (upsert?.success) return { ...position, type: 'upsert', ...upsert.data };
  return { ...position, type: 'unreadable', episodeId: episodeId ?? undefined, isNew: saysNew(payload) };
}

function saysNew(payload: unknown): boolean {
  return typeof payload === 'object' && payload !== null && 'isNew' in payload && payload.isNew === true;
}
