import { ClientError } from './error-handler';
import { databaseId, isInstant } from './input';

/** Where a list of what was changed since a time goes on. `until`: when its first page was read. */
export type ChangePlace = { readonly at: Date; readonly id: string; readonly until: Date };

const PLACE = /^([0-9]{1,15})\.([0-9]{1,18})\.([0-9]{1,15})$/;

/** @throws {ClientError} 400 for what is no `next` of such a list */
export function parseChangePlace(text: string): ChangePlace {
  const [, at, id, until] = PLACE.exec(text) ?? [];
  const place = { at: new Date(Number(at)), id: id ?? '', until: new Date(Number(until)) };
  if (databaseId.safeParse(id).success && isInstant(place.at) && isInstant(place.until)) return place;
  throw new ClientError(400, 'A parameter of the address is not right.', [
    { field: 'after', message: 'Must be what the page before has as next.' },
  ]);
}

type Changed = { readonly id: string; readonly updatedAt: Date };

/**
 * One page of what was changed, read with one more than asked for. `until` of each page is that of the first: who reads on from there
 * the next time misses nothing.
 */
export function toChangesPage<Out>(
  rows: readonly Changed[],
  answers: readonly Out[],
  limit: number,
  until: Date,
): { readonly data: readonly Out[]; readonly next: string | null; readonly until: Date } {
  const last = rows[limit - 1];
  const next =
    rows.length > limit && last ? `${last.updatedAt.getTime()}.${last.id}.${until.getTime()}` : null;
  return { data: answers.slice(0, limit), next, until };
}
