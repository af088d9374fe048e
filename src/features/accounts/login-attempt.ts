import type { IncomingMessage } from 'node:http';
import type { Database } from '../../platform/database';
import { type AdminUser, canBeEmail, findAccount, renewPasswordHash } from './admin-users';
import type { DeviceCookies } from './device-cookie';
import type { HashQueue } from './hash-queue';
import { canBePassword, comparePassword } from './password';
import type { LoginLimits, LoginTry } from './rate-limits';

/** What somebody sends who wants to be let in. */
type Attempt = {
  readonly request: IncomingMessage;
  readonly email: string;
  readonly password: string;
  readonly address: string;
};

/** How a try to log in ended. */
export type LoginOutcome =
  | {
      readonly type: 'in';
      readonly admin: AdminUser & { readonly passwordHash: string };
      readonly device: string | undefined;
    }
  | { readonly type: 'wrong'; readonly adminId: string | null }
  | {
      readonly type: 'limited';
      readonly adminId: string | null;
      readonly retryAfterSeconds: number;
      readonly isFirst: boolean;
    }
  | { readonly type: 'busy' };

/** Count, then compare: a try that isn't counted is not looked at. */
export function createLogIn(
  db: Database,
  {
    loginLimits,
    devices,
    hashQueue,
  }: { readonly loginLimits: LoginLimits; readonly devices: DeviceCookies; readonly hashQueue: HashQueue },
) {
  const attempt = async (
    loginTry: LoginTry,
    { request, email, password, address }: Attempt,
  ): Promise<LoginOutcome> => {
    // Ahead of the database, so that a crowd at this door doesn't stand in the way of pages.
    const isKnown = devices.isKnown(request);
    const early = isKnown ? undefined : await loginTry.fromAddress(address);
    if (early) return { type: 'limited', adminId: null, ...early };
    // No account has these, so there is nothing to compare; and nothing is said about one.
    if (!canBeEmail(email) || !canBePassword(password)) return { type: 'wrong', adminId: null };
    const { folded, admin } = await findAccount(db, email);
    const adminId = admin?.id ?? null;
    const device = admin && devices.deviceOf(request, admin);
    const refusal =
      device === undefined
        ? ((isKnown ? await loginTry.fromAddress(address) : undefined) ??
          (await loginTry.forAccount(folded, address)))
        : await loginTry.fromDevice(folded, device);
    if (refusal) return { type: 'limited', adminId, ...refusal };
    const leave = await hashQueue.enter(device === undefined ? 'stranger' : 'known');
    if (!leave) return { type: 'busy' };
    try {
      const { matches, isOutdated } = await comparePassword(admin?.passwordHash, password);
      if (!admin || !matches) return { type: 'wrong', adminId };
      const passwordHash = isOutdated ? await renewPasswordHash(db, admin, password) : admin.passwordHash;
      return { type: 'in', admin: { ...admin, passwordHash }, device };
    } finally {
      leave();
    }
  };

  return async (given: Attempt): Promise<LoginOutcome> => {
    const loginTry = loginLimits.beginTry();
    try {
      const outcome = await attempt(loginTry, given);
      if (outcome.type === 'in' || outcome.type === 'busy') await loginTry.giveBack();
      return outcome;
    } catch (error) {
      // The database is away: that must not lock out those who try again.
      await loginTry.giveBack();
      throw error;
    }
  };
}
