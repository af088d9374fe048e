import { createHash, randomBytes } from 'node:crypto';
import type { Actor } from '../../journal/actor';
import { changesBetween } from '../../journal/changes';
import { recordAudit } from '../../journal/journal';
import { type Database, isUniqueViolation, type Transaction } from '../../platform/database';
import { type AdminUser, aboutAdmin } from './admin-users';
import { hashPassword } from './password';
import type { Role } from './roles';
import { type Ended, endSessions } from './sessions';

/** How long a link is good for; it is used once. */
export const LINK_HOURS = 48;

const EXPIRY = `now() + interval '${LINK_HOURS} hours'`;

/**
 * Invites somebody by a link in which they choose their password; one that was sent to that address before is worth nothing then.
 * Returns the token of the link, of which only a hash is kept, or undefined when there is an account with that address.
 */
export async function invite(
  db: Database,
  actor: Actor,
  { email, role }: { readonly email: string; readonly role: Role },
): Promise<string | undefined> {
  const { token, hash } = newToken();
  return db.transaction(async (trx) => {
    const known = await trx('admin_users').select('id').whereRaw('lower(email) = lower(?)', [email]).first();
    if (known) return undefined;
    await trx('account_links').whereRaw('lower(email) = lower(?)', [email]).delete();
    await trx('account_links').insert({
      token_hash: hash,
      email,
      role,
      created_by: actor.name,
      expires_at: trx.raw(EXPIRY),
    });
    await recordAudit(trx, {
      actor,
      action: 'admin.invite',
      subjectKind: 'admin',
      subjectId: null,
      subjectLabel: email,
      changes: changesBetween(undefined, { email, role }),
    });
    return token;
  });
}

/** Makes a link by which an admin who has lost their password chooses another one; the one that was made before is worth nothing then. */
export async function makeResetLink(db: Database, actor: Actor, admin: AdminUser): Promise<string> {
  const { token, hash } = newToken();
  await db.transaction(async (trx) => {
    await trx('account_links').where({ admin_id: admin.id }).delete();
    await trx('account_links').insert({
      token_hash: hash,
      admin_id: admin.id,
      created_by: actor.name,
      expires_at: trx.raw(EXPIRY),
    });
    await recordAudit(trx, aboutAdmin(actor, 'admin.link', admin));
  });
  return token;
}

export type Invitation = {
  readonly id: string;
  readonly email: string;
  readonly role: Role;
  readonly createdBy: string;
  readonly expiresAt: Date;
};

const MAX_LISTED = 200;

/** The invitations that can still be used, the oldest first. */
export async function listInvitations(db: Database): Promise<readonly Invitation[]> {
  const rows: { id: string; email: string; role: Role; created_by: string; expires_at: Date }[] = await db(
    'account_links',
  )
    .select('id', 'email', 'role', 'created_by', 'expires_at')
    .whereNull('admin_id')
    .where('expires_at', '>', db.fn.now())
    .orderBy('id')
    .limit(MAX_LISTED);
  return rows.map(({ created_by: createdBy, expires_at: expiresAt, ...row }) => ({
    ...row,
    createdBy,
    expiresAt,
  }));
}

/** Takes an invitation back; its address, or undefined when it was used or taken back already. */
export async function withdrawInvitation(
  db: Database,
  actor: Actor,
  id: string,
): Promise<string | undefined> {
  return db.transaction(async (trx) => {
    const [row]: { email: string }[] = await trx('account_links')
      .where({ id })
      .whereNull('admin_id')
      .delete()
      .returning('email');
    if (!row) return undefined;
    await recordAudit(trx, {
      actor,
      action: 'admin.withdraw',
      subjectKind: 'admin',
      subjectId: null,
      subjectLabel: row.email,
    });
    return row.email;
  });
}

/** What a link is good for. */
export type AccountLink = {
  readonly email: string;
  /** Undefined where an account is there already, and has lost its password. */
  readonly role: Role | undefined;
};

/** The link with that token, if it can still be used. */
export async function findAccountLink(db: Database, token: string): Promise<AccountLink | undefined> {
  const row = await findRow(db, token);
  return row && { email: row.email, role: row.role ?? undefined };
}

type LinkRow = {
  readonly id: string;
  readonly admin_id: string | null;
  readonly email: string;
  readonly role: Role | null;
};

async function findRow(db: Database | Transaction, token: string, lock = ''): Promise<LinkRow | undefined> {
  const { rows } = await db.raw<{ rows: LinkRow[] }>(
    `select account_links.id, admin_id, coalesce(account_links.email, admin_users.email) as email, account_links.role
     from account_links left join admin_users on admin_users.id = admin_id
     where token_hash = ? and expires_at > now() ${lock}`,
    [hashOf(token)],
  );
  return rows[0];
}

/**
 * Uses a link up: makes the account that it invites to, or gives an account its new password and ends its sessions. Undefined when the
 * link is not good any more.
 */
export async function useAccountLink(
  db: Database,
  token: string,
  { password, address }: { readonly password: string; readonly address: string },
): Promise<Ended | undefined> {
  const passwordHash = await hashPassword(password);
  try {
    return await db.transaction(async (trx) => {
      const link = await findRow(trx, token, 'for update of account_links');
      if (!link) return undefined;
      await trx('account_links').where({ id: link.id }).delete();
      return link.admin_id === null
        ? joinBy(trx, link, { passwordHash, address })
        : resetBy(trx, { id: link.admin_id, email: link.email }, { passwordHash, address });
    });
  } catch (error) {
    // A command has made an account with that address meanwhile.
    if (isUniqueViolation(error, 'admin_users_email')) return undefined;
    throw error;
  }
}

type Joining = { readonly passwordHash: string; readonly address: string };

async function joinBy(
  trx: Transaction,
  { email, role }: LinkRow,
  { passwordHash, address }: Joining,
): Promise<Ended> {
  const [admin]: AdminUser[] = await trx('admin_users')
    .insert({ email, role, password_hash: passwordHash, password_changed_at: trx.fn.now(3) })
    .returning(['id', 'email']);
  if (!admin) throw new Error('The insert of an admin returned no row.');
  await recordAudit(trx, {
    ...aboutAdmin(themselves(admin, address), 'admin.join', admin),
    changes: changesBetween(undefined, { email, role }),
  });
  return { count: 0, liveIds: [] };
}

async function resetBy(
  trx: Transaction,
  admin: AdminUser,
  { passwordHash, address }: Joining,
): Promise<Ended> {
  await trx('admin_users')
    .where({ id: admin.id })
    .update({
      password_hash: passwordHash,
      must_change_password: false,
      password_changed_at: trx.fn.now(3),
    });
  const ended = await endSessions(trx, { adminId: admin.id });
  await recordAudit(
    trx,
    aboutAdmin(themselves(admin, address), 'admin.password', admin, { by: 'link', sessions: ended.count }),
  );
  return ended;
}

function themselves({ id, email }: AdminUser, address: string): Actor {
  return { kind: 'admin', id, name: email, via: 'form', address };
}

function newToken(): { readonly token: string; readonly hash: Buffer } {
  const token = randomBytes(32).toString('base64url');
  return { token, hash: hashOf(token) };
}

function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
