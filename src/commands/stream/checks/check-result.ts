import type { ProxyLines } from './proxy-lines';

/** What came of one check. */
export type CheckResult =
  | { readonly outcome: 'passed'; readonly text: string }
  | {
      readonly outcome: 'failed';
      readonly problem: string;
      readonly mend: string;
      /** Undefined where it is no matter of a proxy. */
      readonly lines: ProxyLines | undefined;
    }
  /** It could not be made; why. */
  | { readonly outcome: 'left out'; readonly text: string };

export function passed(text: string): CheckResult {
  return { outcome: 'passed', text };
}

/**
 * @param problem what is wrong, as a viewer or the wire shows it
 * @param mend what whoever runs the site should do
 * @param lines where a proxy has made the mistake: what to look at in its configuration
 */
export function failed(problem: string, mend: string, lines?: ProxyLines): CheckResult {
  return { outcome: 'failed', problem, mend, lines };
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

/** What to look at in the configuration of each proxy, below the line of the result: `    nginx    proxy_buffering off; …` */
export function proxyLines(result: CheckResult): readonly string[] {
  if (result.outcome !== 'failed' || !result.lines) return [];
  return Object.entries(result.lines).map(([proxy, line]) => `    ${proxy.padEnd(8)} ${line}`);
}
