import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server';
import { z } from 'zod';
import type { Actor } from '../../journal/actor';
import { changesBetween } from '../../journal/changes';
import { recordAudit } from '../../journal/journal';
import { type Database, isUniqueViolation } from '../../platform/database';
import { type AdminUser, aboutAdmin } from './admin-users';
import { forgetCodesOfNothing, replaceCodes } from './second-steps';

/** The site as a browser knows it: what a passkey is made for, and works for alone. */
export type RelyingParty = {
  /** `https://anime.example`; the passkey is for the host of it. */
  readonly origin: string;
  readonly name: string;
};

export type Passkey = {
  readonly id: string;
  readonly name: string;
  readonly createdAt: Date;
  readonly lastUsedAt: Date | undefined;
};

/** What the browser's answer has to be looked at with. */
export type PasskeyAnswer = {
  /** JSON as the page sends it. */
  readonly sent: string;
  /** The challenge of the question, in base64url. */
  readonly challenge: string;
  readonly party: RelyingParty;
};

/** More than these nobody has at hand. */
const MAX_PASSKEYS = 20;

/** Loaded when it is needed: it brings parsers of many formats along. */
const webAuthn = () => import('@simplewebauthn/server');

export async function listPasskeys(db: Database, adminId: string): Promise<readonly Passkey[]> {
  const rows: { id: string; name: string; created_at: Date; last_used_at: Date | null }[] = await db(
    'passkeys',
  )
    .select('id', 'name', 'created_at', 'last_used_at')
    .where({ admin_id: adminId })
    .orderBy('id')
    .limit(MAX_PASSKEYS);
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at ?? undefined,
  }));
}

/** What a browser is asked in order to make a passkey; undefined where there are enough. */
export async function askForNewPasskey(db: Database, admin: AdminUser, { origin, name }: RelyingParty) {
  const known = await findCredentials(db, admin.id);
  if (known.length >= MAX_PASSKEYS) return undefined;
  const { generateRegistrationOptions } = await webAuthn();
  return generateRegistrationOptions({
    rpName: name,
    rpID: new URL(origin).hostname,
    userName: admin.email,
    userDisplayName: admin.email,
    userID: new Uint8Array(Buffer.from(`admin ${admin.id}`)),
    excludeCredentials: known,
    // It comes after a password: that somebody touches it is enough.
    authenticatorSelection: { residentKey: 'discouraged', userVerification: 'discouraged' },
  });
}

/**
 * Takes the answer to `askForNewPasskey`. Returns recovery codes, readable this once, where there were none; undefined when the
 * answer is not right.
 */
export async function addPasskey(
  db: Database,
  { actor, admin, name }: { readonly actor: Actor; readonly admin: AdminUser; readonly name: string },
  { sent, challenge, party }: PasskeyAnswer,
): Promise<readonly string[] | undefined> {
  const response = parseAnswer<RegistrationResponseJSON>(sent);
  if (!response) return undefined;
  const { verifyRegistrationResponse } = await webAuthn();
  const { verified, registrationInfo } = await orRefused(
    verifyRegistrationResponse({
      response,
      expectedChallenge: challenge,
      expectedOrigin: party.origin,
      expectedRPID: new URL(party.origin).hostname,
      requireUserVerification: false,
    }),
  );
  if (!verified || !registrationInfo) return undefined;
  const { id, publicKey, counter, transports } = registrationInfo.credential;
  try {
    return await db.transaction(async (trx) => {
      await trx('passkeys').insert({
        admin_id: admin.id,
        credential_id: id,
        public_key: Buffer.from(publicKey),
        counter,
        transports: transports ?? [],
        name,
      });
      await recordAudit(trx, {
        ...aboutAdmin(actor, 'admin.passkey-add', admin),
        changes: changesBetween(undefined, { name }),
      });
      const hasCodes = await trx('recovery_codes').select('admin_id').where({ admin_id: admin.id }).first();
      return hasCodes ? [] : replaceCodes(trx, admin.id);
    });
  } catch (error) {
    if (isUniqueViolation(error, 'passkeys_credential_id_key')) return undefined;
    throw error;
  }
}

/** Forgets a passkey; false when there is none with that id. */
export async function removePasskey(
  db: Database,
  actor: Actor,
  admin: AdminUser,
  id: string,
): Promise<boolean> {
  return db.transaction(async (trx) => {
    const [row]: { name: string }[] = await trx('passkeys')
      .where({ id, admin_id: admin.id })
      .delete()
      .returning('name');
    if (!row) return false;
    await forgetCodesOfNothing(trx, admin.id);
    await recordAudit(trx, {
      ...aboutAdmin(actor, 'admin.passkey-remove', admin),
      changes: changesBetween({ name: row.name }, undefined),
    });
    return true;
  });
}

/** What a browser is asked in order to show a passkey of that admin; undefined where there is none. */
export async function askForPasskey(db: Database, adminId: string, { origin }: Pick<RelyingParty, 'origin'>) {
  const allowCredentials = await findCredentials(db, adminId);
  if (allowCredentials.length === 0) return undefined;
  const { generateAuthenticationOptions } = await webAuthn();
  return generateAuthenticationOptions({
    rpID: new URL(origin).hostname,
    allowCredentials,
    userVerification: 'discouraged',
  });
}

/** Takes the answer to `askForPasskey`; true when it is that of a passkey of this admin. */
export async function takePasskey(
  db: Database,
  adminId: string,
  { sent, challenge, party }: PasskeyAnswer,
): Promise<boolean> {
  const response = parseAnswer<AuthenticationResponseJSON>(sent);
  if (!response) return false;
  const row: CredentialRow | undefined = await db('passkeys')
    .select('id', 'credential_id', 'public_key', 'counter', 'transports')
    .where({ admin_id: adminId, credential_id: response.id })
    .first();
  if (!row) return false;
  const { verifyAuthenticationResponse } = await webAuthn();
  const { verified, authenticationInfo } = await orRefused(
    verifyAuthenticationResponse({
      response,
      expectedChallenge: challenge,
      expectedOrigin: party.origin,
      expectedRPID: new URL(party.origin).hostname,
      credential: {
        id: row.credential_id,
        publicKey: new Uint8Array(row.public_key),
        counter: Number(row.counter),
      },
      requireUserVerification: false,
    }),
  );
  if (!verified || !authenticationInfo) return false;
  await db('passkeys')
    .where({ id: row.id })
    .update({ counter: authenticationInfo.newCounter, last_used_at: db.fn.now(3) });
  return true;
}

type CredentialRow = {
  readonly id: string;
  readonly credential_id: string;
  readonly public_key: Buffer;
  readonly counter: string;
};

async function findCredentials(db: Database, adminId: string) {
  const rows: { credential_id: string; transports: string[] }[] = await db('passkeys')
    .select('credential_id', 'transports')
    .where({ admin_id: adminId })
    .orderBy('id')
    .limit(MAX_PASSKEYS);
  return rows.map(({ credential_id: id, transports }) => ({ id, transports }));
}

const answerSchema = z.looseObject({
  id: z.string().max(2_000),
  rawId: z.string().max(2_000),
  type: z.literal('public-key'),
  response: z.record(z.string(), z.unknown()),
  clientExtensionResults: z.looseObject({}),
});

/** The answer in the shape that every answer has; the rest is looked at by whoever verifies it, who refuses what is not right. */
function parseAnswer<T>(sent: string): T | undefined {
  try {
    const parsed = answerSchema.safeParse(JSON.parse(sent));
    return parsed.success ? (parsed.data as unknown as T) : undefined;
  } catch {
    return undefined;
  }
}

/** What is not right is thrown by the library, with the reason as text; nothing else is asked there, such as a database. */
async function orRefused<T extends { readonly verified: boolean }>(
  verification: Promise<T>,
): Promise<
  T | { readonly verified: false; readonly registrationInfo?: never; readonly authenticationInfo?: never }
> {
  try {
    return await verification;
  } catch {
    return { verified: false };
  }
}
