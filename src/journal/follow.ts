import { type Database, inWrite, type Transaction } from '../platform/database';
import type { JournalEntry } from './entry';
import { addReader, advance, readJournal } from './readers';

/** Whoever is told by webhook waits no longer than this for the site to notice. */
const LOOK_MS = 1_000;
const BATCH = 50;

/**
 * Reads on in the journal, for ever, as the reader of that name: it looks every second, which costs the reading of two rows. Of several
 * nodes that do so each entry is one's.
 * @param act what follows from the entries; it commits with the reader's move past them, and so does so exactly once
 * @returns a function that stops it; it resolves when the last look is over
 */
export function followJournal(
  db: Database,
  reader: string,
  act: (trx: Transaction, entries: readonly JournalEntry[]) => Promise<void>,
  onError: (error: unknown) => void,
): () => Promise<void> {
  let stopped = false;
  let isAdded = false;
  let timer: NodeJS.Timeout | undefined;
  const readOn = async (): Promise<void> => {
    if (!isAdded) await addReader(db, reader);
    isAdded = true;
    while (!stopped && (await isBehind(db, reader))) {
      const count = await inWrite(db, async (trx) => {
        const entries = await readJournal(trx, reader, BATCH);
        const last = entries.at(-1);
        if (!last) return 0;
        await act(trx, entries);
        await advance(trx, reader, last);
        return entries.length;
      });
      // Another node is at it.
      if (count === 0) return;
    }
  };
  let looking = Promise.resolve();
  const look = (): void => {
    looking = readOn()
      .catch((error: unknown) => {
        isAdded = false;
        onError(error);
      })
      .finally(() => {
        if (!stopped) timer = setTimeout(look, LOOK_MS);
      });
  };
  look();
  return async () => {
    stopped = true;
    clearTimeout(timer);
    await looking;
  };
}

async function isBehind(db: Database, reader: string): Promise<boolean> {
  const { rows } = await db.raw<{ rows: unknown[] }>(
    'select 1 from journal_head h, journal_readers r where r.name = ? and r.last_id < h.last_id',
    [reader],
  );
  return rows.length > 0;
}
