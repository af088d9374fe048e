import type { Request } from 'express';
import { type AdminUser, canBeEmail, findAccount, renewPasswordHash } from '../../accounts/admin-users';
import { HashQueue } from '../../accounts/hash-queue';
import { canBePassword, comparePassword } from '../../accounts/password';
import type { Dependencies } from '../dependencies';
import type { LoginTry } from '../rate-limits';
import type { DeviceCookies } from './device-cookie';

/** What somebody sends who wants to be let in. */
type Attempt = {
  readonly request: Request;
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
export function createLogIn({ catalog, loginLimits }: Dependencies, devices: DeviceCookies) {
  const queue = new HashQueue();

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
    const { folded, admin } = await findAccount(catalog.db, email);
    const adminId = admin?.id ?? null;
    const device = admin && devices.deviceOf(request, admin);
    const refusal =
      device === undefined
        ? ((isKnown ? await loginTry.fromAddress(address) : undefined) ??
          (await loginTry.forAccount(folded, address)))
        : await loginTry.fromDevice(folded, device);
    if (refusal) return { type: 'limited', adminId, ...refusal };
    const leave = await queue.enter(device === undefined ? 'stranger' : 'known');
    if (!leave) return { type: 'busy' };
    try {
      const { matches, isOutdated } = await comparePassword(admin?.passwordHash, password);
      if (!admin || !matches) return { type: 'wrong', adminId };
      const passwordHash = isOutdated
        ? await renewPasswordHash(catalog.db, admin, password)
        : admin.passwordHash;
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
