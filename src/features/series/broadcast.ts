import { type BroadcastRule, parseBroadcastRule } from './broadcast-rule';
import { SEASONS, type Season, type SeriesKind } from './fields';
import { type JapaneseDay, japaneseDay } from './japanese-day';

const DAY_MS = 86_400_000;
/**
 * How much earlier than usual a weekly series may have its finale: 37 of the 1,650 in bangumi-data that have an end
 * ended up to 4 hours before their usual time. None did 5 to 18 hours before; from 19 hours on, the last broadcast
 * was that of the week before.
 */
const EARLY_FINALE_MS = 6 * 3_600_000;

/**
 * How far a series goes: to its end, or as far as anything is known of it. There is no third way: whoever knows no end
 * has to say up to when it is not over.
 */
export type BroadcastExtent = { readonly endsAt: Date } | { readonly knownUntil: Date };

/**
 * The times of the broadcasts up to `now`, oldest first, at most `limit`. `endsAt` is when the last one begins or is
 * over; a last one that was moved some hours ahead is at `endsAt`. The first one is known by its rule, even if that was
 * announced for a time after `knownUntil`. A single broadcast needs no end.
 */
export function broadcastsUntil(
  rule: BroadcastRule,
  extent: BroadcastExtent,
  { now, limit }: { readonly now: Date; readonly limit: number },
): Date[] {
  const once = rule.every === 0;
  const start = rule.startsAt.getTime();
  const last = lastOf(extent, once, start);
  if (start > last) return [];
  const mayEndEarly = 'endsAt' in extent && (rule.unit === 'month' || rule.every >= 7);
  const latest = last + (mayEndEarly ? EARLY_FINALE_MS : 0);
  const times: Date[] = [];
  for (let index = 0; index < (once ? 1 : limit); index++) {
    const regular = timeOf(rule, index);
    const time = Math.min(regular, last);
    if (regular > latest || time > now.getTime()) break;
    times.push(new Date(time));
  }
  return times;
}

/** A series of which no end is known is expected to go on for so long after its begin: two seasons. */
export const UNKNOWN_END_DAYS = 183;
/** More than any series has had. */
const MAX_BROADCASTS = 20_000;
/** No rule of more than a month is in use. */
const HORIZON_MS = 100 * DAY_MS;

/** The first `count` broadcasts after `now` that are to be expected; none where it is over, or nothing is known of it. */
export function nextBroadcasts(
  series: { readonly broadcast: string | null; readonly beginsAt: Date | null; readonly endsAt: Date | null },
  now: Date,
  count: number,
): readonly Date[] {
  const rule = parseBroadcastRule(series.broadcast ?? '');
  if (!rule) return [];
  const begin = series.beginsAt ?? rule.startsAt;
  const knownUntil = new Date(begin.getTime() + UNKNOWN_END_DAYS * DAY_MS);
  const extent = series.endsAt ? { endsAt: series.endsAt } : { knownUntil };
  // What is announced further ahead begins with its rule.
  const horizon = new Date(Math.max(now.getTime() + HORIZON_MS, rule.startsAt.getTime()));
  const known = broadcastsUntil(rule, extent, { now: horizon, limit: MAX_BROADCASTS });
  return known.filter((time) => time > now).slice(0, count);
}

function lastOf(extent: BroadcastExtent, once: boolean, start: number): number {
  if (once) return start;
  return 'endsAt' in extent ? extent.endsAt.getTime() : Math.max(extent.knownUntil.getTime(), start);
}

function timeOf({ startsAt, unit, every }: BroadcastRule, index: number): number {
  if (unit === 'day') return startsAt.getTime() + index * every * DAY_MS;
  const { year, month, day } = japaneseDay(startsAt);
  const thatMonth = month + index * every;
  // From the first day of all, so that the 31st is not the 28th for ever after a February.
  const dayThen = Math.min(day, daysInMonth(year, thatMonth));
  return startsAt.getTime() + (Date.UTC(year, thatMonth, dayThen) - Date.UTC(year, month, day));
}

/**
 * The season that a series belongs to, by the quarter in which it begins in Japan. A TV series of the last seven days
 * of a quarter belongs to the next one, with which broadcasters count what begins a few days early.
 */
export function seasonOf(
  { year, month, day }: JapaneseDay,
  kind: SeriesKind,
): { readonly year: number; readonly season: Season } {
  const quarter = Math.floor(month / 3);
  const inLastWeek = month % 3 === 2 && day > daysInMonth(year, month) - 7;
  const counted = kind === 'tv' && inLastWeek ? quarter + 1 : quarter;
  return { year: year + Math.floor(counted / 4), season: SEASONS[counted % 4] ?? 'winter' };
}

/** `month` counts on beyond December. */
function daysInMonth(year: number, month: number): number {
  return new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
}
