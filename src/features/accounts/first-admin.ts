import type { Database } from '../../platform/database';
import { createAdmin, hasAdmins } from './admin-users';
import { randomPassword } from './random-password';

const EMAIL = 'admin@localhost';

/** Creates an admin with a random password when there is none yet; undefined when there is. */
export async function createFirstAdmin(
  db: Database,
): Promise<{ readonly email: string; readonly password: string } | undefined> {
  if (await hasAdmins(db)) return undefined;
  const password = randomPassword();
  // Another node may have been first.
  const admin = await createAdmin(db, EMAIL, password, { via: 'start', mustChangePassword: true });
  return admin && { email: EMAIL, password };
}
