import { hash, verify } from '@node-rs/argon2';
import { isStorableText } from '../../platform/text';

/** Argon2 reads all of it; without a bound a login could be made to cost as much as one likes. In UTF-16 units. */
const MAX_PASSWORD_LENGTH = 1_000;

/** Of a password that nobody knows: what is compared for an account that isn't there, so that it takes as long. */
export const HASH_OF_NOBODY =
  '$argon2id$v=19$m=19456,t=2,p=1$15+/Iql/rGkpWTzXfx2BRw$T6IB4ZdE+fB153dRubT4EKNYlyYyxddmN8WHZzG6WOU';

export type PasswordMatch = {
  readonly matches: boolean;
  /** The hash is of the password as it was typed: made before passwords were normalised, and to be made again. */
  readonly isOutdated: boolean;
};

/** False for what was never taken as a password. Argon2 can't tell halves of surrogate pairs from one another. */
export function canBePassword(text: string): boolean {
  return text.length <= MAX_PASSWORD_LENGTH && isStorableText(text);
}

/** Hashes the password in NFKC: keyboards and systems send the same letters in different forms (RFC 8265, section 4.2). */
export function hashPassword(password: string): Promise<string> {
  return hash(inOneForm(password));
}

/** Compares with the hash of an account, or takes as long without one. Only from within the `HashQueue`. */
export async function comparePassword(
  passwordHash: string | undefined,
  password: string,
): Promise<PasswordMatch> {
  const expected = passwordHash ?? HASH_OF_NOBODY;
  const normalised = inOneForm(password);
  if (await verify(expected, normalised)) return { matches: passwordHash !== undefined, isOutdated: false };
  const matches = password !== normalised && (await verify(expected, password));
  return { matches: matches && passwordHash !== undefined, isOutdated: matches };
}

function inOneForm(password: string): string {
  return password.normalize('NFKC');
}
