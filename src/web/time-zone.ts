import { Temporal } from 'temporal-polyfill';

/** The zone of whoever has chosen none. */
export const UTC = 'UTC';

/** Whether this node knows the zone; both may come with another version of the tables. @param name IANA, such as `Europe/Berlin` */
export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    // An offset such as `+02:00` is one, too, and knows nothing of when clocks are changed.
    return /^[A-Za-z]/.test(name);
  } catch {
    return false;
  }
}

/** All zones that can be chosen, the ones of a region together. */
export function timeZones(): readonly string[] {
  return [UTC, ...Intl.supportedValuesOf('timeZone').filter((name) => name !== UTC)];
}

/** What a text says of when something is to be, on the clocks of a zone. */
export type TypedTime =
  | {
      readonly type: 'time';
      readonly at: Date;
      /** The second time that clocks show the same, in the hour that comes twice; `at` is the first. */
      readonly again: Date | undefined;
    }
  /** Clocks are put forward over it, from the one time to the other (`02:00`, `03:00`); `instead` is as long after that. */
  | { readonly type: 'skipped'; readonly from: string; readonly to: string; readonly instead: string }
  | { readonly type: 'unreadable' };

const TYPED = /^([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}:[0-9]{2})(:[0-5][0-9](?:\.[0-9]{1,3})?)?$/;

/** Reads `2026-11-23T09:30`, with seconds or without: what `<input type="datetime-local">` has. */
export function readTime(text: string, zone: string): TypedTime {
  const [, date, time, seconds = ''] = TYPED.exec(text) ?? [];
  const plain = date === undefined ? undefined : plainTime(`${date}T${time}${seconds}`);
  if (!plain) return { type: 'unreadable' };
  const [first, second] = (['earlier', 'later'] as const).map((disambiguation) =>
    plain.toZonedDateTime(zone, { disambiguation }),
  );
  if (!first || !second) return { type: 'unreadable' };
  const isTwice = !first.equals(second);
  if (isTwice && !second.toPlainDateTime().equals(plain)) return skipped(first, second);
  return { type: 'time', at: dateOf(first), again: isTwice ? dateOf(second) : undefined };
}

function plainTime(text: string): Temporal.PlainDateTime | undefined {
  try {
    return Temporal.PlainDateTime.from(text, { overflow: 'reject' });
  } catch {
    return undefined;
  }
}

function dateOf({ epochMilliseconds }: Temporal.ZonedDateTime): Date {
  return new Date(epochMilliseconds);
}

/** @param before a time ahead of the one that is skipped. @param instead what clocks show then that have been put forward */
function skipped(before: Temporal.ZonedDateTime, instead: Temporal.ZonedDateTime): TypedTime {
  const to = before.getTimeZoneTransition('next') ?? instead;
  const from = to.subtract({ nanoseconds: 1 }).toPlainDateTime().add({ nanoseconds: 1 });
  return {
    type: 'skipped',
    from: clockText(from),
    to: clockText(to.toPlainDateTime()),
    instead: clockText(instead.toPlainDateTime()),
  };
}

function clockText(time: Temporal.PlainDateTime): string {
  return time.toPlainTime().toString({ smallestUnit: 'minute' });
}

/** `2026-11-23T09:30` on the clocks of the zone, as `readTime` reads it. To the minute, if nothing is lost by it. */
export function writeTime(time: Date, zone: string): string {
  const text = Temporal.Instant.fromEpochMilliseconds(time.getTime())
    .toZonedDateTimeISO(zone)
    .toPlainDateTime()
    .toString({ fractionalSecondDigits: 3 });
  return text.replace(/(:00)?(\.000)?$/, '');
}

/** When a day begins in the zone. @param day `2026-11-23` @throws for what is no day */
export function startOfDay(day: string, zone: string): Date {
  return dateOf(Temporal.PlainDate.from(day).toZonedDateTime(zone));
}

/** When the day after it begins. */
export function endOfDay(day: string, zone: string): Date {
  return dateOf(Temporal.PlainDate.from(day).add({ days: 1 }).toZonedDateTime(zone));
}
