import type { IncomingMessage } from 'node:http';
import { cookieOf } from '../../web/cookies';
import { type Choice, formatChoices, parseChoices } from './choice';

/** Each is sent to one series, or one episode, alone: so there is no list that grows with all that somebody watches. */
const CHOICE = 'nipnime.server';
/** Also written by browser/failures.ts, when a server is seen to fail. */
const FAILED = 'nipnime.failed';

const REPORTED = 'nipnime.reported';

const DAY_MS = 24 * 3_600_000;
const CHOICE_MS = 365 * DAY_MS;
const FAILED_MS = 30 * DAY_MS;
const REPORTED_MS = DAY_MS;
const SEPARATOR = '.';

/** A cookie that an answer sets. One without a value is taken away by an age of 0. */
export type VisitorCookie = {
  readonly name: string;
  /** Encoded. */
  readonly value: string;
  readonly path: string;
  readonly maxAgeMs: number;
  /** No script has to read it. */
  readonly httpOnly: boolean;
};

/** Keys of the servers of this episode that have failed in this browser. */
export function readFailed(request: IncomingMessage): readonly string[] {
  return (cookieOf(request, FAILED) ?? '').split(SEPARATOR).filter((key) => key !== '');
}

export function failedCookie(episodePath: string, keys: readonly string[]): VisitorCookie {
  const value = keys.join(SEPARATOR);
  const maxAgeMs = keys.length === 0 ? 0 : FAILED_MS;
  return { name: FAILED, value, path: episodePath, maxAgeMs, httpOnly: false };
}

/** Servers that were chosen for this series in this browser, the newest first. */
export function readChoices(request: IncomingMessage): readonly Choice[] {
  return parseChoices(cookieOf(request, CHOICE));
}

export function choicesCookie(seriesPath: string, choices: readonly Choice[]): VisitorCookie {
  const value = formatChoices(choices);
  return { name: CHOICE, value, path: seriesPath, maxAgeMs: CHOICE_MS, httpOnly: true };
}

/** Whether this episode was reported from this browser, and not long ago. */
export function readReported(request: IncomingMessage): boolean {
  return cookieOf(request, REPORTED) !== undefined;
}

export function reportedCookie(episodePath: string): VisitorCookie {
  return { name: REPORTED, value: '1', path: episodePath, maxAgeMs: REPORTED_MS, httpOnly: true };
}
