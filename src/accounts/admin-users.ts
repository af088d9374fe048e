import { type Database, isUniqueViolation } from '../platform/database';
import { isStorableText, textProblem } from '../platform/text';
import { recordAudit } from './audit-log';
import { hashPassword } from './password';

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

/** Creates an admin; undefined when the address is taken. */
export async function createAdmin(
  db: Database,
  email: string,
  password: string,
): Promise<AdminUser | undefined> {
  const passwordHash = await hashPassword(password);
  try {
    return await db.transaction(async (trx) => {
      const [admin]: AdminUser[] = await trx('admin_users')
        .insert({ email, password_hash: passwordHash })
        .returning(['id', 'email']);
      if (!admin) throw new Error('The insert of an admin returned no row.');
      await recordAudit(trx, {
        actor: { kind: 'system', id: null, name: 'nipnime' },
        action: 'admin.create',
        subjectKind: 'admin',
        subjectId: admin.id,
        details: { email },
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

/** The admin with that id; a session may outlive its account. */
export async function findAdmin(db: Database, id: string): Promise<AdminUser | undefined> {
  return db('admin_users').select('id', 'email').where({ id }).first<AdminUser | undefined>();
}

export async function hasAdmins(db: Database): Promise<boolean> {
  return (await db('admin_users').select('id').first()) !== undefined;
}
