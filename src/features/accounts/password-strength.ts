import type { ZxcvbnFactory } from '@zxcvbn-ts/core';
import { textProblem } from '../../platform/text';
import { canBePassword } from './password';

const MIN_LENGTH = 12;
/** The strongest of zxcvbn's five scores: 10¹⁰ guesses and more, which outlasts a stolen table for a while. */
const MIN_SCORE = 4;
/** What is looked at: the rest of a longer one can only make it stronger, and hundreds of characters take seconds. */
const MAX_ESTIMATED_LENGTH = 64;
const ADVICE = 'Four or more words that have nothing to do with each other are good.';

/** Tells what is wrong with a new password, in words, or undefined. `email`: what is made of it is guessed first. */
export type PasswordCheck = (password: string, email: string) => string | undefined;

/** Loads 70 MB of common passwords and words, in a second: for commands, not for the process that serves. */
export async function loadPasswordCheck(): Promise<PasswordCheck> {
  const estimator = await loadEstimator();
  return (password, email) => passwordFormProblem(password) ?? strengthProblem(estimator, password, email);
}

/** What is wrong with a new password whatever it says, or undefined. */
export function passwordFormProblem(password: string): string | undefined {
  if (!canBePassword(password)) return 'Must have at most 1000 characters, all of them whole ones.';
  if (/[\t\r\n]/.test(password))
    return 'Must not contain a tab or a line break: the log-in form can’t send them.';
  return textProblem(password);
}

function strengthProblem(estimator: ZxcvbnFactory, password: string, email: string): string | undefined {
  const compared = password.normalize('NFKC');
  if ([...compared].length < MIN_LENGTH) return `Must have at least ${MIN_LENGTH} characters. ${ADVICE}`;
  const { score, feedback } = estimator.check(compared.slice(0, MAX_ESTIMATED_LENGTH), [
    email,
    ...email.split(/[^\p{L}\p{N}]+/u),
    'nipnime',
  ]);
  if (score >= MIN_SCORE) return undefined;
  return ['Is too easy to guess.', feedback.warning, ADVICE].filter(Boolean).join(' ');
}

async function loadEstimator(): Promise<ZxcvbnFactory> {
  const [{ ZxcvbnFactory }, common, english] = await Promise.all([
    import('@zxcvbn-ts/core'),
    import('@zxcvbn-ts/language-common'),
    import('@zxcvbn-ts/language-en'),
  ]);
  return new ZxcvbnFactory({
    dictionary: { ...common.dictionary, ...english.dictionary },
    graphs: common.adjacencyGraphs,
    translations: english.translations,
  });
}
