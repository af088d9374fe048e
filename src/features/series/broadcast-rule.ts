/** When a series is broadcast: first at `startsAt`, then every so many days or months; 0 days: only once. */
export type BroadcastRule = {
  readonly startsAt: Date;
  readonly unit: 'day' | 'month';
  readonly every: number;
};

const RULE = /^R\/(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{3})?Z)\/P(\d{1,3})([DM])$/;
/**
 * Reads a repeating interval of ISO 8601 as bangumi-data writes it: `R/2026-04-05T14:15:00.000Z/P7D`.
 * Undefined for any other text.
 * https://github.com/bangumi-data/bangumi-data/blob/master/CONTRIBUTING.md
 */
export function parseBroadcastRule(text: string): BroadcastRule | undefined {
  const [, start, every, unit] = RULE.exec(text) ?? [];
  if (start === undefined || Number.isNaN(Date.parse(start))) return undefined;
  return { startsAt: new Date(start), unit: unit === 'M' ? 'month' : 'day', every: Number(every) };
}
