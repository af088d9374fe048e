import { randomInt } from 'node:crypto';
import type { Database } from '../platform/database';
import { createAdmin, hasAdmins } from './admin-users';

const EMAIL = 'admin@localhost';

/** Creates an admin with a random password when there is none yet; undefined when there is. */
export async function createFirstAdmin(
  db: Database,
): Promise<{ readonly email: string; readonly password: string } | undefined> {
  if (await hasAdmins(db)) return undefined;
  const password = randomPassword();
  // Another node may have been first.
  return (await createAdmin(db, EMAIL, password)) && { email: EMAIL, password };
}

/** Without letters and digits that are taken for one another. */
const ALPHABET = 'abcdefghjkmnpqrstuvwxyz23456789';

/** 20 characters in groups of five: about 99 bits. */
function randomPassword(): string {
  const group = () => Array.from({ length: 5 }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
  return Array.from({ length: 4 }, group).join('-');
}
