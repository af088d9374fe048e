import { checkPassword, type Proof, passwordFormProblem } from '../accounts/public';

/** What is wrong, by the names of the fields. */
export type PasswordErrors = {
  readonly present?: string;
  readonly password?: string;
  readonly again?: string;
};

/** What is wrong with a password that somebody chooses; empty when nothing is. */
export async function checkNewPassword(
  { email }: { readonly email: string },
  {
    present,
    password,
    again,
  }: { readonly present?: string; readonly password: string; readonly again: string },
): Promise<PasswordErrors> {
  if (password === '') return { password: 'Must not be empty.' };
  if (password === present) return { password: 'Is the present one: choose another.' };
  const problem = passwordFormProblem(password) ?? (await checkPassword(password, email));
  if (problem !== undefined) return { password: problem };
  return password.normalize('NFKC') === again.normalize('NFKC') ? {} : { again: 'Is not the same as above.' };
}

/** With which status and in which words somebody learns that their password was not right. */
export function wordsOfProof(proof: Exclude<Proof, { type: 'right' }>): {
  readonly status: number;
  readonly message: string;
  readonly retryAfterSeconds?: number;
} {
  switch (proof.type) {
    case 'wrong':
      return { status: 422, message: 'Is not right.' };
    case 'limited': {
      const { retryAfterSeconds } = proof;
      const minutes = Math.ceil(retryAfterSeconds / 60);
      const message = `Was wrong too often. Try again in ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}.`;
      return { status: 429, message, retryAfterSeconds };
    }
    case 'busy':
      return {
        status: 503,
        message: 'Could not be looked at: too many are logging in. Send it again in a few seconds.',
        retryAfterSeconds: BUSY_SECONDS,
      };
    default:
      return proof satisfies never;
  }
}

/** In this time the queue for passwords has moved on. */
const BUSY_SECONDS = 3;
