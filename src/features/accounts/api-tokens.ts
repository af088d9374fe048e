import { createHash, randomBytes } from 'node:crypto';
import { type Actor, systemActor } from '../../journal/actor';
import { changesBetween } from '../../journal/changes';
import type { AuditEntry } from '../../journal/entry';
import { recordAudit } from '../../journal/journal';
import type { Database, Transaction } from '../../platform/database';
import { SCOPES, type Scope } from './scopes';

export type TokenWish = {
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** Undefined for a token without an end. */
  readonly expiresAt: Date | undefined;
};

/** Makes a token that leaks are recognised by. Only its hash is kept: this is the one time that it can be read. */
export async function createApiToken(
  db: Database,
  name: string,
  {
    actor = systemActor('command'),
    scopes = SCOPES,
    expiresAt,
  }: Partial<Omit<TokenWish, 'name'>> & { readonly actor?: Actor } = {},
): Promise<string> {
  const token = `nipnime_${randomBytes(32).toString('base64url')}`;
  await db.transaction(async (trx) => {
    const [row]: { id: string }[] = await trx('api_tokens')
      .insert({ name, token_hash: hashToken(token), scopes: [...scopes], expires_at: expiresAt ?? null })
      .returning('id');
    await recordAudit(trx, {
      actor,
      action: 'token.create',
      subjectKind: 'token',
      subjectId: row?.id ?? null,
      subjectLabel: name,
      changes: changesBetween(undefined, { name, scopes, expiresAt }),
    });
  });
  return token;
}

export type ListedToken = {
  readonly id: string;
  readonly name: string;
  readonly createdAt: Date;
  readonly lastUsedAt: Date | undefined;
  readonly revokedAt: Date | undefined;
  readonly scopes: readonly Scope[];
  readonly expiresAt: Date | undefined;
};

const MAX_LISTED = 500;

/** The tokens, those that were made last first. */
export async function listApiTokens(db: Database): Promise<readonly ListedToken[]> {
  const rows: {
    id: string;
    name: string;
    created_at: Date;
    last_used_at: Date | null;
    revoked_at: Date | null;
    scopes: Scope[];
    expires_at: Date | null;
  }[] = await db('api_tokens')
    .select('id', 'name', 'created_at', 'last_used_at', 'revoked_at', 'scopes', 'expires_at')
    .orderBy('id', 'desc')
    .limit(MAX_LISTED);
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at ?? undefined,
    revokedAt: row.revoked_at ?? undefined,
    scopes: row.scopes,
    expiresAt: row.expires_at ?? undefined,
  }));
}

/** How many tokens somebody has made that are neither revoked nor over. */
export async function countTokensMadeBy(db: Database, adminId: string): Promise<number> {
  const [row] = await madeBy(db, adminId).whereRaw('(expires_at > now()) is not false').count({ count: '*' });
  return Number(row?.count ?? 0);
}

/** Takes back all tokens that somebody has made; returns how many that were. */
export async function revokeTokensMadeBy(trx: Transaction, actor: Actor, adminId: string): Promise<number> {
  const rows: { id: string; name: string }[] = await madeBy(trx, adminId)
    .update({ revoked_at: trx.fn.now(3) })
    .returning(['id', 'name']);
  for (const { id, name } of rows) await recordAudit(trx, revocation(actor, id, name));
  return rows.length;
}

/** By the journal, which has been told of each since there are tokens. */
function madeBy(db: Database | Transaction, adminId: string) {
  return db('api_tokens')
    .whereNull('revoked_at')
    .whereIn(
      'id',
      db('journal')
        .select('subject_id')
        .where({ actor_kind: 'admin', actor_id: adminId, action: 'token.create' }),
    );
}

/** Takes a token back, for good; false when there is none with that id, or not any more. */
export async function revokeApiToken(db: Database, actor: Actor, id: string): Promise<boolean> {
  return db.transaction(async (trx) => {
    const [row]: { name: string }[] = await trx('api_tokens')
      .where({ id })
      .whereNull('revoked_at')
      .update({ revoked_at: trx.fn.now(3) })
      .returning('name');
    if (!row) return false;
    await recordAudit(trx, revocation(actor, id, row.name));
    return true;
  });
}

function revocation(actor: Actor, id: string, name: string): AuditEntry {
  return { actor, action: 'token.revoke', subjectKind: 'token', subjectId: id, subjectLabel: name };
}

export type Bearer = { readonly actor: Actor; readonly scopes: readonly Scope[] };

/** Who bears the token and sends it from `address`; undefined when it is unknown, revoked, or its time is over. */
export async function findTokenBearer(
  db: Database,
  token: string,
  address: string,
): Promise<Bearer | undefined> {
  const [row]: { id: string; name: string; scopes: Scope[] }[] = await db('api_tokens')
    .where({ token_hash: hashToken(token) })
    .whereNull('revoked_at')
    .whereRaw('(expires_at > now()) is not false')
    .update({ last_used_at: db.fn.now(3) })
    .returning(['id', 'name', 'scopes']);
  return (
    row && {
      actor: { kind: 'token', id: row.id, name: row.name, via: 'api', address },
      scopes: row.scopes,
    }
  );
}

/**
 * What the journal keeps of a token that was refused: whose it was, if it was one, and never the token.
 * @param token undefined when what was sent can't be one
 */
export async function describeRefusedToken(
  db: Database,
  token: string | undefined,
  address: string,
): Promise<AuditEntry> {
  const hash = token === undefined ? undefined : hashToken(token);
  const row: { id: string; name: string; revoked_at: Date | null } | undefined =
    hash && (await db('api_tokens').select('id', 'name', 'revoked_at').where({ token_hash: hash }).first());
  return {
    actor: { kind: 'anonymous', id: null, name: row?.name ?? 'unknown token', via: 'api', address },
    action: 'token.refused',
    subjectKind: 'token',
    subjectId: row?.id ?? null,
    subjectLabel: row?.name,
    details: {
      reason: row ? (row.revoked_at ? 'revoked' : 'expired') : hash ? 'unknown' : 'malformed',
      // Tells one token from another, and is far too short to find one by.
      ...(hash && { fingerprint: hash.toString('hex').slice(0, 8) }),
    },
  };
}

function hashToken(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
