import { type Database, isUniqueViolation, type Transaction } from '../../platform/database';
import type { Episode, EpisodeKind } from './fields';
import { findEpisodeByNumber, findEpisodesByExternalId } from './queries';

/** By which no other one may be known. */
export type Named = {
  readonly seriesId: string;
  readonly kind: EpisodeKind;
  readonly number: string;
  readonly externalId: string | null;
};

export type Taken =
  /** Another episode of the series has that kind and number. */
  | { readonly outcome: 'number-taken'; readonly by: Episode }
  /** Another episode, of any series, has that external id. */
  | { readonly outcome: 'external-id-taken'; readonly by: Episode };

/** The unique indexes decide, so that two writers at once can't both win; a violation rolls the write back. */
export async function refusingTaken<Result>(
  db: Database,
  wanted: () => Named | undefined,
  write: () => Promise<Result>,
): Promise<Result | Taken> {
  try {
    return await write();
  } catch (error) {
    const named = wanted();
    const taken = named && (await findTaken(db, named, error));
    // Gone again between the refusal and this look: the caller's retry will pass.
    if (!taken) throw error;
    return taken;
  }
}

/** Who has what was wanted, where the error says that somebody has. */
export async function findTaken(
  db: Database | Transaction,
  named: Named,
  error: unknown,
): Promise<Taken | undefined> {
  if (isUniqueViolation(error, 'episodes_number_taken')) {
    const by = await findEpisodeByNumber(db, named.seriesId, named);
    return by && { outcome: 'number-taken', by };
  }
  if (isUniqueViolation(error, 'episodes_external_id_taken') && named.externalId !== null) {
    const [by] = await findEpisodesByExternalId(db, [named.externalId]);
    return by && { outcome: 'external-id-taken', by };
  }
  return undefined;
}
