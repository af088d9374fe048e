import { createHash, randomBytes } from 'node:crypto';
import type { Actor, AuditEntry } from '../changes/actor';
import type { Database } from '../platform/database';
import { recordAudit } from './audit-log';

/** Makes a token that leaks are recognised by. Only its hash is kept: this is the one time that it can be read. */
export async function createApiToken(db: Database, name: string): Promise<string> {
  const token = `nipnime_${randomBytes(32).toString('base64url')}`;
  await db.transaction(async (trx) => {
    const [row]: { id: string }[] = await trx('api_tokens')
      .insert({ name, token_hash: hashToken(token) })
      .returning('id');
    await recordAudit(trx, {
      actor: { kind: 'system', id: null, name: 'nipnime' },
      action: 'token.create',
      subjectKind: 'token',
      subjectId: row?.id ?? null,
      details: { name },
    });
  });
  return token;
}

/** Who bears the token; undefined when it is unknown or revoked. */
export async function findTokenBearer(db: Database, token: string): Promise<Actor | undefined> {
  const [row]: { id: string; name: string }[] = await db('api_tokens')
    .where({ token_hash: hashToken(token) })
    .whereNull('revoked_at')
    .update({ last_used_at: db.fn.now(3) })
    .returning(['id', 'name']);
  return row && { kind: 'token', id: row.id, name: row.name };
}

/**
 * What the audit log keeps of a token that was refused: whose it was, if it was revoked, and never the token.
 * @param token undefined when what was sent can't be one
 */
export async function describeRefusedToken(
  db: Database,
  token: string | undefined,
  address: string,
): Promise<AuditEntry> {
  const hash = token === undefined ? undefined : hashToken(token);
  const row: { id: string; name: string } | undefined =
    hash && (await db('api_tokens').select('id', 'name').where({ token_hash: hash }).first());
  return {
    actor: { kind: 'anonymous', id: null, name: row?.name ?? 'unknown token' },
    action: 'token.refused',
    subjectKind: 'token',
    subjectId: row?.id ?? null,
    details: {
      address,
      reason: row ? 'revoked' : hash ? 'unknown' : 'malformed',
      // Tells one token from another, and is far too short to find one by.
      ...(hash && { fingerprint: hash.toString('hex').slice(0, 8) }),
    },
  };
}

function hashToken(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
