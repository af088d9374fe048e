import type { Database } from '../../src/platform/database';

/** Gives entries of the journal another time, which nobody can do who doesn't own the server: with its triggers off. */
export async function backdateJournal(
  db: Database,
  which: Readonly<Record<string, string>>,
  at: Date,
): Promise<void> {
  await db.transaction(async (trx) => {
    await trx.raw('set local session_replication_role = replica');
    await trx('journal').where(which).update({ at });
  });
}
