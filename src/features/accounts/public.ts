import type { Actor } from '../../journal/actor';
import { type Clock, clockIn } from '../../web/clock';
import { UTC } from '../../web/time-zone';
import type { SignedIn } from './sessions';

export {
  type AccountLink,
  findAccountLink,
  type Invitation,
  invite,
  LINK_HOURS,
  listInvitations,
  makeResetLink,
  useAccountLink,
  withdrawInvitation,
} from './account-links';
export { type ActorChoice, listActorChoices } from './actor-choices';
export {
  aboutAdmin,
  changePassword,
  changeRole,
  chooseTimeZone,
  emailProblem,
  findPasswordChange,
  type ListedAdmin,
  listAdmins,
  removeAdmin,
} from './admin-users';
export {
  countTokensMadeBy,
  createApiToken,
  type ListedToken,
  listApiTokens,
  revokeApiToken,
} from './api-tokens';
export { browserName } from './browser-name';
export type { HashQueue } from './hash-queue';
export { addPasskey, askForNewPasskey, listPasskeys, type Passkey, removePasskey } from './passkeys';
export { checkPassword } from './password-check';
export { createPasswordProof, type Proof } from './password-proof';
export { passwordFormProblem } from './password-strength';
export type { LoginLimits } from './rate-limits';
export { isRole, ROLE_LABELS, ROLES } from './roles';
export { safePath } from './safe-path';
export { isScope, SCOPE_LABELS, SCOPES } from './scopes';
export {
  beginApp,
  confirmApp,
  findSecondSteps,
  isPasswordEnough,
  removeApp,
  renewCodes,
} from './second-steps';
export { endSessions, IDLE_HOURS, type ListedSession, LONGEST_DAYS, listSessions } from './sessions';

/** What `requireAdmin` and `requireToken` leave for those behind them. */
type Answer = { readonly locals: Record<string, unknown> };

/** The logged-in admin, for the journal. Only behind `requireAdmin`. */
export function adminActor({ locals: { admin, adminAddress } }: Answer): Actor {
  if (!isAdmin(admin)) throw new Error('adminActor() was called on a page that does not require an admin.');
  return { kind: 'admin', id: admin.id, name: admin.email, via: 'form', address: String(adminAddress) };
}

/** Who is logged in. Only behind `requireAdmin`. */
export function signedInAs({ locals: { admin } }: Answer): SignedIn {
  if (!isAdmin(admin)) throw new Error('signedInAs() was called on a page that does not require an admin.');
  return admin;
}

/** Writes times in the zone of whoever is logged in: that of their account, or UTC. Only behind `requireAdmin`. */
export function clockOf(response: Answer): Clock {
  return clockIn(signedInAs(response).timeZone ?? UTC);
}

function isAdmin(value: unknown): value is SignedIn {
  return typeof value === 'object' && value !== null && 'id' in value && 'mustChangePassword' in value;
}

/** Who sends the request, for the journal. Only behind `requireToken`. */
export function bearerOf({ locals: { bearer } }: Answer): Actor {
  if (!isActor(bearer)) throw new Error('bearerOf() was called on a request without a token.');
  return bearer;
}

function isActor(value: unknown): value is Actor {
  return typeof value === 'object' && value !== null && 'kind' in value && 'name' in value;
}
