import type { Transaction } from '../../platform/database';

/** Takes all away that is asked for after the password; true when there was something. */
export async function removeSecondSteps(trx: Transaction, adminId: string): Promise<boolean> {
  const apps = await trx('authenticator_apps').where({ admin_id: adminId }).delete();
  const passkeys = await trx('passkeys').where({ admin_id: adminId }).delete();
  const codes = await trx('recovery_codes').where({ admin_id: adminId }).delete();
  return apps + passkeys + codes > 0;
}
