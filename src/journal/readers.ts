import type { Database, Transaction } from '../platform/database';
import type { JournalEntry } from './entry';
import { JOURNAL_COLUMNS, type JournalRow, toJournalEntry } from './journal';

/**
 * Makes a reader of the journal, which begins behind what is there already; one that is there stays where it is. Until it is
 * deleted from `journal_readers`, the journal keeps all that the reader has not passed.
 */
export async function addReader(db: Database, name: string): Promise<void> {
  await db.raw(
    'insert into journal_readers (name, last_id) select ?, last_id from journal_head on conflict do nothing',
    [name],
  );
}

/**
 * The next entries for the reader, in the order of their commits, at most `limit`. None while another transaction holds the
 * reader, which this one then does up to its end. With `advance` in the same transaction, what is done there about an entry,
 * such as adding a job, is done exactly once.
 * @throws for a reader that was never added: it would miss everything without a word
 */
export async function readJournal(
  trx: Transaction,
  reader: string,
  limit: number,
): Promise<readonly JournalEntry[]> {
  const held: { readonly last_id: string } | undefined = await trx('journal_readers')
    .select('last_id')
    .where({ name: reader })
    .forUpdate()
    .skipLocked()
    .first();
  if (!held) {
    if (await trx('journal_readers').select('name').where({ name: reader }).first()) return [];
    throw new Error(`The journal has no reader named ${reader}.`);
  }
  const rows: JournalRow[] = await trx('journal')
    .select(JOURNAL_COLUMNS)
    .where('id', '>', held.last_id)
    .orderBy('id')
    .limit(limit);
  return rows.map(toJournalEntry);
}

/** The reader is done with everything up to this entry. */
export async function advance(
  trx: Transaction,
  reader: string,
  { id }: Pick<JournalEntry, 'id'>,
): Promise<void> {
  await trx('journal_readers')
    .where({ name: reader })
    .where('last_id', '<', id)
    .update({ last_id: id, moved_at: trx.fn.now(3) });
}
