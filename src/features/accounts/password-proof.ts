import type { Database } from '../../platform/database';
import { type AdminUser, findAccount } from './admin-users';
import type { HashQueue } from './hash-queue';
import { canBePassword, comparePassword } from './password';
import type { LoginLimits } from './rate-limits';

/** How it ended when somebody who is logged in was asked for their password once more. */
export type Proof =
  | { readonly type: 'right'; readonly passwordHash: string }
  | { readonly type: 'wrong' }
  | { readonly type: 'limited'; readonly retryAfterSeconds: number }
  | { readonly type: 'busy' };

export type ProvePassword = (admin: AdminUser, password: string) => Promise<Proof>;

/** In the place of a device: whoever has found an open desk has these tries, whatever browser they copy its session to. */
const AT_THE_DESK = 'logged in';

/** Asks for the password of somebody who is logged in: what is theirs alone is not for whoever finds their desk open. */
export function createPasswordProof(
  db: Database,
  { loginLimits, hashQueue }: { readonly loginLimits: LoginLimits; readonly hashQueue: HashQueue },
): ProvePassword {
  return async ({ email }, password) => {
    if (!canBePassword(password)) return { type: 'wrong' };
    const { folded, admin } = await findAccount(db, email);
    const loginTry = loginLimits.beginTry();
    const refusal = await loginTry.fromDevice(folded, AT_THE_DESK);
    if (refusal) return { type: 'limited', retryAfterSeconds: refusal.retryAfterSeconds };
    const leave = await hashQueue.enter('known');
    if (!leave) {
      await loginTry.giveBack();
      return { type: 'busy' };
    }
    try {
      const { matches } = await comparePassword(admin?.passwordHash, password);
      if (!admin || !matches) return { type: 'wrong' };
      await loginTry.giveBack();
      return { type: 'right', passwordHash: admin.passwordHash };
    } finally {
      leave();
    }
  };
}
