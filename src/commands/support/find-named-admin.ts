import { type AdminUser, canBeEmail, findAccount } from '../../features/accounts/admin-users';
import type { Database } from '../../platform/database';
import { UsageError } from './run-command';

/**
 * The admin whom an operator means.
 * @throws UsageError when none was named, or there is none
 */
export async function findNamedAdmin(db: Database, email: string): Promise<AdminUser> {
  const admin = canBeEmail(email) ? (await findAccount(db, email)).admin : undefined;
  if (!admin) throw new UsageError(`There is no admin ${email}. npm run admin:list shows all of them.`);
  return { id: admin.id, email: admin.email };
}
