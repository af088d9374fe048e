/** What came of one check. */
export type CheckResult =
  | { readonly outcome: 'passed'; readonly text: string }
  | { readonly outcome: 'failed'; readonly problem: string; readonly mend: string }
  /** It could not be made; why. */
  | { readonly outcome: 'left out'; readonly text: string };

export function passed(text: string): CheckResult {
  return { outcome: 'passed', text };
}

/**
 * @param problem what is wrong, as a viewer or the wire shows it
 * @param mend what whoever runs the site should do
 */
export function failed(problem: string, mend: string): CheckResult {
  return { outcome: 'failed', problem, mend };
}

export function leftOut(text: string): CheckResult {
  return { outcome: 'left out', text };
}

/** `✓ first byte after 12 ms`, `✗ … : …`, `– …` */
export function resultLine(result: CheckResult): string {
  switch (result.outcome) {
    case 'passed':
      return `✓ ${result.text}`;
    case 'failed':
      return `✗ ${result.problem}: ${result.mend}`;
    case 'left out':
      return `– ${result.text}`;
    default:
      return result satisfies never;
  }
}
