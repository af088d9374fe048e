import { createHash } from 'node:crypto';
import { Secret, TOTP } from 'otpauth';
import type { Actor } from '../../journal/actor';
import { recordAudit } from '../../journal/journal';
import type { Database, Transaction } from '../../platform/database';
import type { SealedTexts } from '../../platform/sealed-text';
import { toHalfWidth } from '../../platform/text';
import { type AdminUser, aboutAdmin } from './admin-users';
import { randomGroups } from './random-password';

/** What an admin has set up to be asked for after the password. */
export type SecondSteps = {
  readonly appSince: Date | undefined;
  readonly passkeys: number;
  readonly codesLeft: number;
};

/** Bytes of a secret: as many as its hash has (RFC 4226, section 4, R6). */
const SECRET_BYTES = 20;
const STEP_S = 30;
/** Codes before and after the one of now that are taken, for clocks that differ. */
const WINDOW = 1;
const RECOVERY_CODES = 10;

export async function findSecondSteps(db: Database | Transaction, adminId: string): Promise<SecondSteps> {
  const { rows } = await db.raw<{ rows: { app_since: Date | null; passkeys: string; codes_left: string }[] }>(
    `select
       (select confirmed_at from authenticator_apps where admin_id = :adminId) as app_since,
       (select count(*) from passkeys where admin_id = :adminId) as passkeys,
       (select count(*) from recovery_codes where admin_id = :adminId) as codes_left`,
    { adminId },
  );
  const [row] = rows;
  return {
    appSince: row?.app_since ?? undefined,
    passkeys: Number(row?.passkeys ?? 0),
    codesLeft: Number(row?.codes_left ?? 0),
  };
}

/** Whether the password alone lets this admin in. */
export function isPasswordEnough({ appSince, passkeys }: Omit<SecondSteps, 'codesLeft'>): boolean {
  return appSince === undefined && passkeys === 0;
}

/** What an authenticator app has to learn. */
export type AppSecret = {
  /** In base32, to be typed. */
  readonly secret: string;
  /** `otpauth://totp/…`, to be scanned. */
  readonly uri: string;
};

/** The secret of an app that is being set up, the same one until a code has confirmed it; undefined when there is an app already. */
export async function beginApp(
  db: Database,
  sealed: SealedTexts,
  { admin, issuer }: { readonly admin: AdminUser; readonly issuer: string },
): Promise<AppSecret | undefined> {
  const fresh = sealed.seal(admin.id, new Secret({ size: SECRET_BYTES }).base32);
  await db('authenticator_apps')
    .insert({ admin_id: admin.id, sealed_secret: fresh })
    .onConflict('admin_id')
    .ignore();
  let secret = await findSecret(db, sealed, admin.id, false);
  if (secret === undefined) {
    // Sealed with a former secret of the site, and never confirmed.
    const count = await db('authenticator_apps')
      .where({ admin_id: admin.id })
      .whereNull('confirmed_at')
      .update({ sealed_secret: fresh });
    secret = count === 1 ? sealed.open(admin.id, fresh) : undefined;
  }
  if (secret === undefined) return undefined;
  return { secret, uri: totpOf(secret, { issuer, label: admin.email }).toString() };
}

async function findSecret(
  db: Database | Transaction,
  sealed: SealedTexts,
  adminId: string,
  isConfirmed: boolean,
): Promise<string | undefined> {
  const row: { sealed_secret: Buffer } | undefined = await db('authenticator_apps')
    .select('sealed_secret')
    .where({ admin_id: adminId })
    .whereRaw('(confirmed_at is not null) = ?', [isConfirmed])
    .first();
  return row && sealed.open(adminId, row.sealed_secret);
}

function totpOf(secret: string, names: { readonly issuer?: string; readonly label?: string } = {}): TOTP {
  return new TOTP({ ...names, secret: Secret.fromBase32(secret), period: STEP_S });
}

/** The number of the half minute that a code is of, or undefined when it is of none that counts now. */
function stepOf(secret: string, token: string): number | undefined {
  const timestamp = Date.now();
  const delta = totpOf(secret).validate({ token, timestamp, window: WINDOW });
  return delta === null ? undefined : Math.floor(timestamp / (STEP_S * 1_000)) + delta;
}

/**
 * Takes the first code of an app that is being set up. Returns recovery codes, readable this once, where there were none; undefined
 * when the code was not right.
 */
export async function confirmApp(
  db: Database,
  sealed: SealedTexts,
  { actor, admin, typed }: { readonly actor: Actor; readonly admin: AdminUser; readonly typed: string },
): Promise<readonly string[] | undefined> {
  return db.transaction(async (trx) => {
    const secret = await findSecret(trx, sealed, admin.id, false);
    const step = secret === undefined ? undefined : stepOf(secret, plain(typed));
    if (step === undefined) return undefined;
    const count = await trx('authenticator_apps')
      .where({ admin_id: admin.id })
      .whereNull('confirmed_at')
      .update({ confirmed_at: trx.fn.now(3), last_step: step });
    if (count === 0) return undefined;
    await recordAudit(trx, aboutAdmin(actor, 'admin.app-add', admin));
    // Those that somebody has written down for their passkeys stay good.
    const { codesLeft } = await findSecondSteps(trx, admin.id);
    return codesLeft > 0 ? [] : replaceCodes(trx, admin.id);
  });
}

/** Forgets the app; the recovery codes too, where nothing is left that they could stand for. */
export async function removeApp(db: Database, actor: Actor, admin: AdminUser): Promise<boolean> {
  return db.transaction(async (trx) => {
    const count = await trx('authenticator_apps').where({ admin_id: admin.id }).delete();
    if (count === 0) return false;
    await forgetCodesOfNothing(trx, admin.id);
    await recordAudit(trx, aboutAdmin(actor, 'admin.app-remove', admin));
    return true;
  });
}

/** Puts new recovery codes, which are readable this once, in the place of those that are left. */
export async function renewCodes(db: Database, actor: Actor, admin: AdminUser): Promise<readonly string[]> {
  return db.transaction(async (trx) => {
    const codes = await replaceCodes(trx, admin.id);
    await recordAudit(trx, aboutAdmin(actor, 'admin.codes', admin));
    return codes;
  });
}

/** Forgets the recovery codes where nothing is left that they could stand for. */
export async function forgetCodesOfNothing(trx: Transaction, adminId: string): Promise<void> {
  if (isPasswordEnough(await findSecondSteps(trx, adminId)))
    await trx('recovery_codes').where({ admin_id: adminId }).delete();
}

/** Puts new recovery codes in the place of those that are left; returns them, which nobody else can from now on. */
export async function replaceCodes(trx: Transaction, adminId: string): Promise<readonly string[]> {
  const codes = Array.from({ length: RECOVERY_CODES }, () => randomGroups(4, 4));
  await trx('recovery_codes').where({ admin_id: adminId }).delete();
  await trx('recovery_codes').insert(
    codes.map((code) => ({ admin_id: adminId, code_hash: hashOf(plain(code)) })),
  );
  return codes;
}

/** Takes a code of the app, or a recovery code, which are good for one time each; undefined when it is neither. */
export async function takeCode(
  db: Database,
  sealed: SealedTexts,
  adminId: string,
  typed: string,
): Promise<'app' | 'recovery code' | undefined> {
  const code = plain(typed);
  if (!/^\d{6}$/.test(code)) {
    const count = await db('recovery_codes')
      .where({ admin_id: adminId, code_hash: hashOf(code) })
      .delete();
    return count === 1 ? 'recovery code' : undefined;
  }
  const secret = await findSecret(db, sealed, adminId, true);
  const step = secret === undefined ? undefined : stepOf(secret, code);
  if (step === undefined) return undefined;
  // Of two who come at once with the same code, the second finds that it was taken.
  const count = await db('authenticator_apps')
    .where({ admin_id: adminId })
    .where('last_step', '<', step)
    .update({ last_step: step });
  return count === 1 ? 'app' : undefined;
}

/** A code as it is compared: people type spaces and capitals, and some keyboards wide digits. */
function plain(typed: string): string {
  return toHalfWidth(typed).replace(/[\s-]/g, '').toLowerCase();
}

function hashOf(code: string): Buffer {
  return createHash('sha256').update(code).digest();
}
