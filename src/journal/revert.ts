import type { Database } from '../platform/database';
import type { Actor } from './actor';
import type { JournalEntry } from './entry';
import { findJournalEntry } from './journal';

/** What came of taking one act back. `why` is a sentence for whoever wanted it. */
export type RevertOutcome =
  | { readonly outcome: 'reverted' }
  | { readonly outcome: 'refused'; readonly why: string };

/** Takes back what an entry of the journal tells of, as an act of its own. */
export type Revert = (actor: Actor, entry: JournalEntry) => Promise<RevertOutcome>;

export function refused(why: string): RevertOutcome {
  return { outcome: 'refused', why };
}

/**
 * Takes back what was done to many, by the ids of their acts, each by itself: one that can't be taken back stops no other. Returns how many
 * could be, and why others could not.
 */
export async function revertMany(
  db: Database,
  acts: readonly string[],
  revert: (entry: JournalEntry) => Promise<RevertOutcome>,
): Promise<{ readonly count: number; readonly problems: readonly string[] }> {
  const problems: string[] = [];
  let count = 0;
  for (const id of acts) {
    const entry = await findJournalEntry(db, id);
    if (!entry) continue;
    const result = await revert(entry);
    if (result.outcome === 'reverted') count++;
    else problems.push(`${entry.subjectLabel}: ${result.why}`);
  }
  return { count, problems };
}
