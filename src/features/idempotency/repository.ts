import type { Database } from '../../platform/database';

/** An answer as it can be given again. */
export type KeptAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

/** Whose key it is: what scripts with other tokens call their requests is their own affair. */
export type KeyOfToken = { readonly tokenId: string; readonly key: string };

export type Claim =
  /** The request is to be done now. */
  | { readonly outcome: 'claimed' }
  | { readonly outcome: 'answered'; readonly answer: KeptAnswer }
  | { readonly outcome: 'under-way' }
  /** The key was used for something else. */
  | { readonly outcome: 'other-request' };

const KEPT_HOURS = 24;
/** A process that has not answered by then has died. */
const UNDER_WAY_SECONDS = 60;

type Row = {
  readonly request_hash: Buffer;
  readonly status: number | null;
  readonly headers: Readonly<Record<string, string>> | null;
  readonly body: string | null;
};

/** Claims the key for a request; of several at once one gets it. */
export async function claimKey(
  db: Database,
  { tokenId, key }: KeyOfToken,
  requestHash: Buffer,
): Promise<Claim> {
  const { rows } = await db.raw<{ rows: unknown[] }>(
    `insert into api_answers as a (token_id, key, request_hash) values (?, ?, ?)
     on conflict (token_id, key) do update
       set request_hash = excluded.request_hash, claimed_at = now(), status = null, headers = null, body = null
       where a.claimed_at < now() - ? * interval '1 hour'
         or (a.status is null and a.claimed_at < now() - ? * interval '1 second')
     returning 1`,
    [tokenId, key, requestHash, KEPT_HOURS, UNDER_WAY_SECONDS],
  );
  if (rows.length > 0) return { outcome: 'claimed' };
  const row: Row | undefined = await db('api_answers')
    .select('request_hash', 'status', 'headers', 'body')
    .where({ token_id: tokenId, key })
    .first();
  // Let go between the two statements: whoever asks again gets it.
  if (!row || row.status === null) return { outcome: 'under-way' };
  if (!row.request_hash.equals(requestHash)) return { outcome: 'other-request' };
  const { status, headers, body } = row;
  return { outcome: 'answered', answer: { status, headers: headers ?? {}, body: body ?? '' } };
}

export async function keepAnswer(
  db: Database,
  { tokenId, key }: KeyOfToken,
  { status, headers, body }: KeptAnswer,
): Promise<void> {
  await db('api_answers')
    .where({ token_id: tokenId, key })
    .update({ status, headers: JSON.stringify(headers), body });
}

/** Lets a key go of which nothing was done. */
export async function releaseKey(db: Database, { tokenId, key }: KeyOfToken): Promise<void> {
  await db('api_answers').where({ token_id: tokenId, key }).whereNull('status').delete();
}

/** Forgets what is older than it is kept; gives the number. */
export async function pruneAnswers(db: Database): Promise<number> {
  return db('api_answers').whereRaw(`claimed_at < now() - ? * interval '1 hour'`, [KEPT_HOURS]).delete();
}
