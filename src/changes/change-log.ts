import type { Database, Transaction } from '../platform/database';
import { type Change, type ChangeEvent, type Cursor, upsertPayloadSchema } from './change-event';

/**
 * Numbers the changes and records them, in the caller's transaction. Call it late: from here to the commit the
 * counter row is locked, which is what makes the numbers gap-free and equal to commit order.
 */
export async function appendChanges(trx: Transaction, changes: readonly Change[]): Promise<ChangeEvent[]> {
  if (changes.length === 0) return [];
  const { rows } = await trx.raw<{ rows: HeadRow[] }>(
    'update catalog_head set seq = seq + ? returning epoch, seq',
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

/** The changes after `seq`, in order; at most `limit`. */
export async function readChangesSince(
  db: Database | Transaction,
  epoch: string,
  seq: number,
  limit: number,
): Promise<ChangeEvent[]> {
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
): Promise<ChangeEvent[]> {
  const rows: ChangeRow[] = await db('change_log')
    .select(COLUMNS)
    .where('seq', '<=', seq)
    .orderBy('seq', 'desc')
    .limit(limit);
  return rows.reverse().map((row) => toEvent(epoch, row));
}

/** Forgets changes older than `days` days; gives the number of rows that went. */
export async function pruneChanges(db: Database, days = 7): Promise<number> {
  return db('change_log')
    .where('created_at', '<', db.raw("now() - ? * interval '1 day'", [days]))
    .delete();
}

type HeadRow = { readonly epoch: string; readonly seq: string };
type ChangeRow = {
  readonly seq: string;
  readonly type: ChangeEvent['type'];
  readonly episode_id: string | null;
  readonly payload: unknown;
};
const COLUMNS = ['seq', 'type', 'episode_id', 'payload'] as const;

function toCursor(row: HeadRow | undefined): Cursor {
  if (!row)
    throw new Error('catalog_head has no row: the database was not migrated, or the row was deleted.');
  return { epoch: row.epoch, seq: Number(row.seq) };
}

function toEvent(epoch: string, row: ChangeRow): ChangeEvent {
  const position = { epoch, seq: Number(row.seq) };
  if (row.type === 'upsert')
    return { ...position, type: 'upsert', ...upsertPayloadSchema.parse(row.payload) };
  if (row.type === 'remove' && row.episode_id)
    return { ...position, type: 'remove', episodeId: row.episode_id };
  return { ...position, type: 'reset' };
}
