import { hash, verify } from '@node-rs/argon2';
import { type Database, isUniqueViolation } from '../platform/database';
import { recordAudit } from './audit-log';

export type AdminUser = { readonly id: string; readonly email: string };

const MIN_PASSWORD_LENGTH = 12;
/** Argon2 reads all of it; without a bound a login could be made to cost as much as one likes. */
export const MAX_PASSWORD_LENGTH = 1_000;

const EMAIL = /^[^\s@]+@[^\s@]+$/;

/** What is wrong with the address of a new admin, or undefined. */
export function emailProblem(email: string): string | undefined {
  return EMAIL.test(email) && email.length <= 254
    ? undefined
    : 'Must be an e-mail address such as ada@example.org.';
}

/** What is wrong with a new password, or undefined. */
export function passwordProblem(password: string): string | undefined {
  if (password.length < MIN_PASSWORD_LENGTH) return `Must have at least ${MIN_PASSWORD_LENGTH} characters.`;
  if (password.length > MAX_PASSWORD_LENGTH) return `Must have at most ${MAX_PASSWORD_LENGTH} characters.`;
  return undefined;
}

/** Creates an admin; undefined when the address is taken. */
export async function createAdmin(
  db: Database,
  email: string,
  password: string,
): Promise<AdminUser | undefined> {
  const passwordHash = await hash(password);
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

/** The admin with that address and password. Takes as long for an address that nobody has. */
export async function findAdminByPassword(
  db: Database,
  email: string,
  password: string,
): Promise<AdminUser | undefined> {
  const row: (AdminUser & { readonly password_hash: string }) | undefined = await db('admin_users')
    .select('id', 'email', 'password_hash')
    .whereRaw('lower(email) = lower(?)', [email])
    .first();
  const matches = await verify(row?.password_hash ?? (await hashOfNobody()), password);
  return row && matches ? { id: row.id, email: row.email } : undefined;
}

let nobody: Promise<string> | undefined;
function hashOfNobody(): Promise<string> {
  nobody ??= hash('the password of nobody');
  return nobody;
}

/** The admin with that id; a session may outlive its account. */
export async function findAdmin(db: Database, id: string): Promise<AdminUser | undefined> {
  return db('admin_users').select('id', 'email').where({ id }).first<AdminUser | undefined>();
}

export async function hasAdmins(db: Database): Promise<boolean> {
  return (await db('admin_users').select('id').first()) !== undefined;
}
