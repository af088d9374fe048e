type Outcome = 'ok' | 'warning' | 'problem';

/** What came of looking at one thing. */
export type Finding = {
  /** One or two words: what was looked at. */
  readonly about: string;
  readonly outcome: Outcome;
  /** What is the case, and where that is not all right, what to do. No secret is in it. */
  readonly text: string;
};

export function ok(about: string, text: string): Finding {
  return { about, outcome: 'ok', text };
}

/** It works, and something about it is not as it should be. */
export function warning(about: string, text: string): Finding {
  return { about, outcome: 'warning', text };
}

/** The site does not start, or does not do what it should. */
export function problem(about: string, text: string): Finding {
  return { about, outcome: 'problem', text };
}

/** Wide enough for the longest of them. */
const OUTCOME_WIDTH = 'warning'.length;
const ABOUT_WIDTH = 'database clock'.length;

/** `ok       redis          Redis 7.2.4 answers` */
export function findingLine({ about, outcome, text }: Finding): string {
  return `${outcome.padEnd(OUTCOME_WIDTH)}  ${about.padEnd(ABOUT_WIDTH)}  ${text}`;
}
