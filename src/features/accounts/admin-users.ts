import { type Actor, systemActor, type Via } from '../../journal/actor';
import { changesBetween } from '../../journal/changes';
import type { AuditEntry } from '../../journal/entry';
import { recordAudit } from '../../journal/journal';
import { type Database, isUniqueViolation, type Transaction } from '../../platform/database';
import { isStorableText, textProblem } from '../../platform/text';
import { revokeTokensMadeBy } from './api-tokens';
import { hashPassword } from './password';
import type { Role } from './roles';
import { removeSecondSteps } from './second-step-removal';
import { type Ended, endSessions } from './sessions';

export type AdminUser = { readonly id: string; readonly email: string };

const EMAIL = /^[^\s@]+@[^\s@]+$/;
const MAX_EMAIL_LENGTH = 254;

/** What is wrong with the address of a new admin, or undefined. */
export function emailProblem(email: string): string | undefined {
  if (EMAIL.test(email) && email.length <= MAX_EMAIL_LENGTH) return textProblem(email);
  return 'Must be an e-mail address such as ada@example.org.';
}

/** False for what can't be the address of any account. */
export function canBeEmail(text: string): boolean {
  return text.length <= MAX_EMAIL_LENGTH && isStorableText(text);
}

/**
 * Creates an admin; undefined when the address is taken.
 * @param options.mustChangePassword the password is one that somebody else has seen
 */
export async function createAdmin(
  db: Database,
  email: string,
  password: string,
  {
    via = 'command',
    role = 'admin',
    mustChangePassword = false,
  }: { readonly via?: Via; readonly role?: Role; readonly mustChangePassword?: boolean } = {},
): Promise<AdminUser | undefined> {
  const passwordHash = await hashPassword(password);
  try {
    return await db.transaction(async (trx) => {
      const [admin]: AdminUser[] = await trx('admin_users')
        .insert({ email, password_hash: passwordHash, role, must_change_password: mustChangePassword })
        .returning(['id', 'email']);
      if (!admin) throw new Error('The insert of an admin returned no row.');
      await recordAudit(trx, {
        actor: systemActor(via),
        action: 'admin.create',
        subjectKind: 'admin',
        subjectId: admin.id,
        subjectLabel: email,
        changes: changesBetween(undefined, { email, role }),
      });
      return admin;
    });
  } catch (error) {
    if (isUniqueViolation(error, 'admin_users_email')) return undefined;
    throw error;
  }
}

/** The account that an address leads to, if there is one. */
export type Account = {
  /** The address as the database folds it, by which it finds accounts: two spellings that find the same one have the same. */
  readonly folded: string;
  readonly admin: (AdminUser & { readonly passwordHash: string }) | undefined;
};

/** @param email text that `canBeEmail()` */
export async function findAccount(db: Database, email: string): Promise<Account> {
  const {
    rows: [row],
  }: { rows: { folded: string; id: string | null; email: string; password_hash: string }[] } = await db.raw(
    `select typed.folded, admin_users.id, admin_users.email, admin_users.password_hash
     from (select lower(?::text) as folded) typed
     left join admin_users on lower(admin_users.email) = typed.folded`,
    [email],
  );
  if (!row) throw new Error('The search for an account returned no row.');
  const { folded, id, password_hash: passwordHash } = row;
  return { folded, admin: id === null ? undefined : { id, email: row.email, passwordHash } };
}

/** The account with that id, as `findAccount` gives it. */
export async function findAccountById(
  db: Database,
  id: string,
): Promise<(AdminUser & { readonly passwordHash: string; readonly folded: string }) | undefined> {
  const { rows } = await db.raw<{
    rows: { id: string; email: string; password_hash: string; folded: string }[];
  }>('select id, email, password_hash, lower(email) as folded from admin_users where id = ?', [id]);
  const [row] = rows;
  return row && { id: row.id, email: row.email, passwordHash: row.password_hash, folded: row.folded };
}

/** Puts a new hash of the same password in the place of `passwordHash`, unless that was changed meanwhile. */
export async function renewPasswordHash(
  db: Database,
  admin: AdminUser & { readonly passwordHash: string },
  password: string,
): Promise<string> {
  const renewed = await hashPassword(password);
  const count = await db('admin_users')
    .where({ id: admin.id, password_hash: admin.passwordHash })
    .update({ password_hash: renewed });
  return count === 1 ? renewed : admin.passwordHash;
}

export type ListedAdmin = AdminUser & {
  readonly role: Role;
  /** Whether something is asked for after the password. */
  readonly hasSecondStep: boolean;
  readonly createdAt: Date;
  /** Of their sessions that are not over. */
  readonly sessions: number;
  /** Undefined where no session is kept any more. */
  readonly lastSeenAt: Date | undefined;
};

/** A site with more has other ways than a list to look after them. */
const MAX_LISTED = 500;

/** The admins by address, and when they were here. */
export async function listAdmins(db: Database): Promise<readonly ListedAdmin[]> {
  const { rows } = await db.raw<{
    rows: (AdminUser & {
      role: Role;
      has_second_step: boolean;
      created_at: Date;
      sessions: string;
      last_seen_at: Date | null;
    })[];
  }>(
    `select admin_users.id, email, role, created_at, count(sid) as sessions, max(seen_at) as last_seen_at,
       exists (select from authenticator_apps as apps where apps.admin_id = admin_users.id and confirmed_at is not null)
         or exists (select from passkeys where passkeys.admin_id = admin_users.id) as has_second_step
     from admin_users
     left join admin_sessions on admin_sessions.admin_id = admin_users.id and ended_at is null and expire > now()
     group by admin_users.id
     order by lower(email)
     limit ?`,
    [MAX_LISTED],
  );
  return rows.map((row) => ({
    id: row.id,
    email: row.email,
    role: row.role,
    hasSecondStep: row.has_second_step,
    createdAt: row.created_at,
    sessions: Number(row.sessions),
    lastSeenAt: row.last_seen_at ?? undefined,
  }));
}

/**
 * Gives an admin a password that somebody else has seen, and ends their sessions. What is asked for after the password goes, too: who
 * has lost their phone gets in again.
 */
export async function resetPassword(
  db: Database,
  actor: Actor,
  admin: AdminUser,
  password: string,
): Promise<Ended> {
  const passwordHash = await hashPassword(password);
  return db.transaction(async (trx) => {
    await trx('admin_users')
      .where({ id: admin.id })
      .update({
        password_hash: passwordHash,
        must_change_password: true,
        password_changed_at: trx.fn.now(3),
      });
    const ended = await endSessions(trx, { adminId: admin.id });
    const hadSecondStep = await removeSecondSteps(trx, admin.id);
    await recordAudit(
      trx,
      aboutAdmin(actor, 'admin.reset', admin, {
        sessions: ended.count,
        ...(hadSecondStep && { second: 'taken away' }),
      }),
    );
    return ended;
  });
}

/**
 * Puts a password of their own choice in the place of that whose hash is given, and ends their other sessions; undefined when it was
 * changed meanwhile.
 * @param sid of the session that stays
 */
export async function changePassword(
  db: Database,
  actor: Actor,
  admin: AdminUser & { readonly passwordHash: string },
  { password, sid }: { readonly password: string; readonly sid: string },
): Promise<Ended | undefined> {
  const passwordHash = await hashPassword(password);
  return db.transaction(async (trx) => {
    const count = await trx('admin_users')
      .where({ id: admin.id, password_hash: admin.passwordHash })
      .update({
        password_hash: passwordHash,
        must_change_password: false,
        password_changed_at: trx.fn.now(3),
      });
    if (count === 0) return undefined;
    const ended = await endSessions(trx, { adminId: admin.id, exceptSid: sid });
    await recordAudit(trx, aboutAdmin(actor, 'admin.password', admin, { sessions: ended.count }));
    return ended;
  });
}

/** When the password of an admin was last changed; undefined when it is the first one. */
export async function findPasswordChange(db: Database, id: string): Promise<Date | undefined> {
  const row: { password_changed_at: Date | null } | undefined = await db('admin_users')
    .select('password_changed_at')
    .where({ id })
    .first();
  return row?.password_changed_at ?? undefined;
}

/** Has the times of the back office be those of a zone for this admin. @param timeZone IANA name that `isTimeZone()` */
export async function chooseTimeZone(
  db: Database,
  actor: Actor,
  { timeZone: before, ...admin }: AdminUser & { readonly timeZone: string | undefined },
  timeZone: string,
): Promise<void> {
  await db.transaction(async (trx) => {
    await trx('admin_users').where({ id: admin.id }).update({ time_zone: timeZone });
    await recordAudit(trx, {
      ...aboutAdmin(actor, 'admin.time-zone', admin, {}),
      changes: changesBetween({ timeZone: before ?? null }, { timeZone }),
    });
  });
}

/**
 * Removes an admin and ends their sessions, and the tokens that they have made unless they are to be kept; `last` when nobody would be
 * left to let others in.
 */
export async function removeAdmin(
  db: Database,
  actor: Actor,
  admin: AdminUser,
  { keepsTokens = false }: { readonly keepsTokens?: boolean } = {},
): Promise<({ readonly type: 'removed'; readonly tokens: number } & Ended) | { readonly type: 'last' }> {
  return db.transaction(async (trx) => {
    if (await isLastAdmin(trx, admin.id)) return { type: 'last' };
    const ended = await endSessions(trx, { adminId: admin.id });
    const tokens = keepsTokens ? 0 : await revokeTokensMadeBy(trx, actor, admin.id);
    await trx('admin_users').where({ id: admin.id }).delete();
    const { email } = admin;
    await recordAudit(trx, {
      ...aboutAdmin(actor, 'admin.remove', admin, { sessions: ended.count }),
      changes: changesBetween({ email }, undefined),
    });
    return { type: 'removed', tokens, ...ended };
  });
}

/** Locks the admins: of two who remove one another at once, the second one finds that they are the last. */
async function isLastAdmin(trx: Transaction, id: string): Promise<boolean> {
  const admins: { readonly id: string }[] = await trx('admin_users')
    .select('id')
    .where({ role: 'admin' })
    .orderBy('id')
    .forUpdate();
  return admins.length === 1 && admins[0]?.id === id;
}

/** Gives somebody another role. Who has less to do afterwards is logged out; `last` when nobody would be left to let others in. */
export async function changeRole(
  db: Database,
  actor: Actor,
  admin: AdminUser,
  role: Role,
): Promise<
  ({ readonly type: 'changed' | 'same' } & Ended) | { readonly type: 'last' } | { readonly type: 'gone' }
> {
  return db.transaction(async (trx) => {
    if (role !== 'admin' && (await isLastAdmin(trx, admin.id))) return { type: 'last' };
    const row: { role: Role } | undefined = await trx('admin_users')
      .select('role')
      .where({ id: admin.id })
      .forUpdate()
      .first();
    if (!row) return { type: 'gone' };
    if (row.role === role) return { type: 'same', count: 0, liveIds: [] };
    await trx('admin_users').where({ id: admin.id }).update({ role });
    const ended =
      role === 'admin' ? { count: 0, liveIds: [] } : await endSessions(trx, { adminId: admin.id });
    await recordAudit(trx, {
      ...aboutAdmin(actor, 'admin.role', admin, { sessions: ended.count }),
      changes: changesBetween({ role: row.role }, { role }),
    });
    return { type: 'changed', ...ended };
  });
}

/** What the journal says of something that was done to an account. */
export function aboutAdmin(
  actor: Actor,
  action: string,
  admin: AdminUser,
  details: Readonly<Record<string, unknown>> = {},
): AuditEntry {
  return { actor, action, subjectKind: 'admin', subjectId: admin.id, subjectLabel: admin.email, details };
}

export async function hasAdmins(db: Database): Promise<boolean> {
  return (await db('admin_users').select('id').first()) !== undefined;
}
