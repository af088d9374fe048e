import { toHalfWidth } from '../../platform/text';
import { readTime, writeTime } from '../../web/time-zone';
import { parseBroadcastRule } from './broadcast-rule';

/** Broadcasts are on the clocks of Japan, whoever enters them. */
export const JAPAN = 'Asia/Tokyo';

/** How often, as the form has it. */
export const RHYTHMS = [
  { value: '', label: 'Not known' },
  { value: 'weekly', label: 'Weekly' },
  { value: 'every 14 days', label: 'Every 14 days' },
  { value: 'daily', label: 'Daily' },
  { value: 'monthly', label: 'Monthly' },
  { value: 'once', label: 'Once' },
] as const;

const NAMED: Readonly<Record<string, string>> = {
  weekly: 'P7D',
  daily: 'P1D',
  monthly: 'P1M',
  once: 'P0D',
};

/** `2026-04-05T23:15 weekly`, by the clocks of Japan, for `R/2026-04-05T14:15:00.000Z/P7D`; another rule as it is. */
export function broadcastText(rule: string | null): string {
  const read = parseBroadcastRule(rule ?? '');
  if (!read) return rule ?? '';
  const { startsAt, unit, every } = read;
  const period = `P${every}${unit === 'day' ? 'D' : 'M'}`;
  const [name] = Object.entries(NAMED).find(([, named]) => named === period) ?? [];
  return `${writeTime(startsAt, JAPAN)} ${name ?? `every ${every} ${unit}s`}`;
}

const EVERY = /^every ([0-9]{1,3}) (days|months)$/;

/** The rule that a text means, which may be one itself; other text as it is, for the schema to refuse. Null for none. */
export function parseBroadcastText(text: string): string | null {
  const typed = toHalfWidth(text).trim();
  if (typed === '') return null;
  const { first, every } = broadcastParts(typed);
  const [, count, unit] = EVERY.exec(every) ?? [];
  const period =
    NAMED[every] ?? (count === undefined ? undefined : `P${Number(count)}${unit === 'days' ? 'D' : 'M'}`);
  const time = readTime(first, JAPAN);
  return period === undefined || time.type !== 'time' ? typed : `R/${time.at.toISOString()}/${period}`;
}

/** The controls of the form, whose text is one. */
export function broadcastParts(text: string): { readonly first: string; readonly every: string } {
  const end = text.indexOf(' ');
  return end === -1
    ? { first: text, every: '' }
    : { first: text.slice(0, end), every: text.slice(end + 1).trim() };
}
