import { createHash, randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Database } from '../../platform/database';
import { databaseId } from '../../web/input';

/** Series that one list may hold. */
export const MAX_FOLLOWED = 300;

/** Days after which a list that nothing has asked for is forgotten. */
const KEPT_DAYS = 400;

/** Of the series of a list. */
export const seriesIds = z.array(databaseId).max(MAX_FOLLOWED);

const TOKEN = /^[A-Za-z0-9_-]{22}$/;

/** `44,45`, as an address names the series of a device; undefined when it is no such list. */
export function parseSeriesIds(text: string): readonly string[] | undefined {
  return seriesIds.safeParse(text.split(',')).data;
}

/** Keeps a list, and returns the token that reads and changes it: 128 random bits, as 22 characters of an address. */
export async function createFollowList(db: Database, seriesIds: readonly string[]): Promise<string> {
  const token = randomBytes(16).toString('base64url');
  await db('follow_lists').insert({ token_hash: hashOf(token), series_ids: [...seriesIds] });
  return token;
}

/** Undefined where no list has this token. */
export async function findFollowList(db: Database, token: string): Promise<readonly string[] | undefined> {
  if (!TOKEN.test(token)) return undefined;
  const row: { readonly series_ids: readonly string[]; readonly is_stale: boolean } | undefined = await db(
    'follow_lists',
  )
    .select('series_ids', db.raw('read_on < current_date as is_stale'))
    .where({ token_hash: hashOf(token) })
    .first();
  // Once a day, so that a reader that asks every minute costs no writes.
  if (row?.is_stale)
    await db('follow_lists')
      .where({ token_hash: hashOf(token) })
      .update({ read_on: db.raw('current_date') });
  return row?.series_ids.map(String);
}

/** False where no list has this token. */
export async function updateFollowList(
  db: Database,
  token: string,
  seriesIds: readonly string[],
): Promise<boolean> {
  if (!TOKEN.test(token)) return false;
  const changed = { series_ids: [...seriesIds], read_on: db.raw('current_date') };
  return (
    (await db('follow_lists')
      .where({ token_hash: hashOf(token) })
      .update(changed)) > 0
  );
}

/** Gives the list another token; the one before is worth nothing from then on. Undefined where no list has it. */
export async function rotateFollowList(db: Database, token: string): Promise<string | undefined> {
  if (!TOKEN.test(token)) return undefined;
  const next = randomBytes(16).toString('base64url');
  const changed = await db('follow_lists')
    .where({ token_hash: hashOf(token) })
    .update({ token_hash: hashOf(next) });
  return changed > 0 ? next : undefined;
}

export async function deleteFollowList(db: Database, token: string): Promise<boolean> {
  return (
    TOKEN.test(token) &&
    (await db('follow_lists')
      .where({ token_hash: hashOf(token) })
      .delete()) > 0
  );
}

/** Forgets the lists that nothing asks for any more; gives their number. */
export async function pruneFollowLists(db: Database): Promise<number> {
  return db('follow_lists').whereRaw('read_on < current_date - ?::integer', [KEPT_DAYS]).delete();
}

/** A token has no less entropy than its hash needs: no salt, and nothing slow. */
function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
