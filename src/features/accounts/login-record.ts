import { recordAudit } from '../../journal/journal';
import { addressKey } from '../../platform/address';
import type { Database } from '../../platform/database';
import type { Logger } from '../../platform/log';
import type { AdminUser } from './admin-users';
import type { LoginOutcome } from './login-attempt';
import { RefusalJournal, typedName } from './refusal-journal';

/** The tries of one address are limited anyway: this is for many addresses at once. */
const REFUSALS = { perMinute: 300, perMinuteAndAddress: 60 };

/** Why a try let nobody in. */
export type LoginRefusal = 'password' | 'second step' | 'limit' | 'busy';

/**
 * Writes down who was let in and who was not.
 * @param onRefused called for each try that let nobody in, also for those that are not written down
 */
export function createLoginRecord(db: Database, log: Logger, onRefused: (reason: LoginRefusal) => void) {
  const refusals = new RefusalJournal(db, log, REFUSALS);
  const refused = (
    {
      name,
      adminId,
      address,
    }: { readonly name: string; readonly adminId: string | null; readonly address: string },
    reason: Exclude<LoginRefusal, 'busy'>,
  ): Promise<void> =>
    refusals.record(addressKey(address), () => ({
      actor: { kind: 'anonymous', id: null, name: typedName(name), via: 'form', address },
      action: 'login.refused',
      subjectKind: 'admin',
      subjectId: adminId,
      details: { reason },
    }));
  return {
    /** @param second what was asked for after the password; undefined where nothing is */
    letIn: (
      admin: AdminUser,
      {
        address,
        isKnownDevice,
        second,
      }: {
        readonly address: string;
        readonly isKnownDevice: boolean;
        readonly second: string | undefined;
      },
    ): Promise<void> => {
      log.info({ account: admin.email, address }, 'An admin has logged in');
      return recordAudit(db, {
        actor: { kind: 'admin', id: admin.id, name: admin.email, via: 'form', address },
        action: 'login.success',
        subjectKind: 'admin',
        subjectId: admin.id,
        subjectLabel: admin.email,
        details: { device: isKnownDevice ? 'known' : 'new', ...(second !== undefined && { second }) },
      });
    },
    passwordRefused: async (
      outcome: Exclude<LoginOutcome, { type: 'in' }>,
      email: string,
      address: string,
    ): Promise<void> => {
      if (outcome.type === 'busy') return onRefused('busy');
      const reason = outcome.type === 'wrong' ? 'password' : 'limit';
      onRefused(reason);
      // Once a window: whoever goes on against a closed door would only fill the log.
      if (outcome.type === 'limited' && !outcome.isFirst) return;
      const who = { name: email, adminId: outcome.adminId, address };
      await refused(who, reason);
    },
    secondLimited: (): void => onRefused('limit'),
    secondRefused: ({ id, email }: AdminUser, address: string): Promise<void> => {
      onRefused('second step');
      return refused({ name: email, adminId: id, address }, 'second step');
    },
  };
}
