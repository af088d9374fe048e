import { createHash } from 'node:crypto';
import type { Database } from '../../platform/database';
import { type AdminUser, findAccountById } from './admin-users';
import 'express-session';

/** Somebody whose password was right, and who has not taken the second step yet. It opens nothing. */
export type PendingLogin = {
  readonly adminId: string;
  /** Tells whether the password is still the one that was right. */
  readonly passwordTag: string;
  readonly isKnownDevice: boolean;
  readonly untilMs: number;
};

declare module 'express-session' {
  interface SessionData {
    pending: PendingLogin;
    /** Of the question for a passkey that was asked last; good for one answer. */
    passkeyChallenge: string;
  }
}

/** Long enough to find a phone. */
const PENDING_MS = 10 * 60_000;

type Account = AdminUser & { readonly passwordHash: string };

export function pendingLogin({ id, passwordHash }: Account, isKnownDevice: boolean): PendingLogin {
  return {
    adminId: id,
    passwordTag: tagOf(passwordHash),
    isKnownDevice,
    untilMs: Date.now() + PENDING_MS,
  };
}

/** Whose log-in it is; undefined when its time is over, or the account or its password is another one by now. */
export async function findPending(
  db: Database,
  pending: PendingLogin | undefined,
): Promise<(Account & { readonly folded: string }) | undefined> {
  if (!pending || Date.now() > pending.untilMs) return undefined;
  const account = await findAccountById(db, pending.adminId);
  return account && tagOf(account.passwordHash) === pending.passwordTag ? account : undefined;
}

function tagOf(passwordHash: string): string {
  return createHash('sha256').update(passwordHash).digest('base64url').slice(0, 22);
}
