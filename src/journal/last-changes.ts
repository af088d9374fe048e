import { isDeepStrictEqual } from 'node:util';
import type { Database, Transaction } from '../platform/database';
import { type Facts, toJson } from './changes';
import type { JournalEntry } from './entry';
import { listJournal } from './journal';

/** Further back nobody looks for who it was. */
const ENTRIES = 100;

/**
 * Who made the fields of the subject what they are in `facts`, by the names of the fields. None for what the journal doesn't have
 * field by field, as of an import.
 */
export async function findLastChanges(
  db: Database | Transaction,
  { kind, id }: { readonly kind: string; readonly id: string },
  facts: Facts,
): Promise<ReadonlyMap<string, JournalEntry>> {
  const entries = await listJournal(db, { subjectKind: kind, subjectId: id, limit: ENTRIES });
  return new Map(
    Object.entries(facts).flatMap(([name, value]) => {
      const json = toJson(value);
      const last = entries.find(({ changes }) => isDeepStrictEqual(changes[name]?.after, json));
      return last ? [[name, last]] : [];
    }),
  );
}
