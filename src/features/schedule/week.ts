/** A day of a calendar, `2026-11-24`; where it begins depends on the time zone. */
export type Day = string;

/** From when, inclusive, until when, exclusive. */
export type Span = { readonly begins: Date; readonly ends: Date };

const DAY_MS = 86_400_000;
const DAY = /^(?:19|20)[0-9]{2}-[0-9]{2}-[0-9]{2}$/;

/** Undefined when the text is no day of the years 1900 to 2099. */
export function parseDay(text: string): Day | undefined {
  const date = DAY.test(text) ? new Date(text) : undefined;
  return date && !Number.isNaN(date.getTime()) && dayOf(date, 'UTC') === text ? text : undefined;
}

export function dayOf(date: Date, zone: string): Day {
  return wallClock(date, zone).toISOString().slice(0, 10);
}

export function addDays(day: Day, count: number): Day {
  return new Date(Date.parse(day) + count * DAY_MS).toISOString().slice(0, 10);
}

/** The days of the week that the day is in, from its Monday. */
export function weekOf(day: Day): readonly Day[] {
  const sinceMonday = (new Date(day).getUTCDay() + 6) % 7;
  return Array.from({ length: 7 }, (_, index) => addDays(day, index - sinceMonday));
}

export function spanOf(day: Day, zone: string): Span {
  return { begins: startOf(day, zone), ends: startOf(addDays(day, 1), zone) };
}

function startOf(day: Day, zone: string): Date {
  const midnight = new Date(day);
  const offset = (at: Date): number => wallClock(at, zone).getTime() - at.getTime();
  // The offset at about that time, then the one that holds when the day begins: clocks may be changed in between.
  const nearly = new Date(midnight.getTime() - offset(midnight));
  return new Date(midnight.getTime() - offset(nearly));
}

/** What clocks of the zone show, as if they were in UTC; to the second. */
function wallClock(date: Date, zone: string): Date {
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  }).formatToParts(date);
  const part = (type: Intl.DateTimeFormatPartTypes): number =>
    Number(parts.find((each) => each.type === type)?.value);
  return new Date(
    Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second')),
  );
}
