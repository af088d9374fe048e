import { dateTimeText } from './formats';
import { isTimeZone, UTC } from './time-zone';
import { ENGLISH } from './words';

/** Writes times for somebody of the back office, in the zone of their account. A time may also be given as ISO 8601. */
export type Clock = {
  /** IANA name. */
  readonly zone: string;
  /** `23 Nov 2026, 10:30 CET` */
  readonly text: (time: Date | string) => string;
  /** `10:30 CET`, where the day is clear. */
  readonly hour: (time: Date | string) => string;
  /** `23 Nov 2026, 09:30 UTC`, to stand beside it. */
  readonly utc: (time: Date | string) => string;
};

/** By zone; accounts have few different ones. */
const known = new Map<string, Clock>();

/** @param zone of an account. Where this node doesn't know it, it is UTC */
export function clockIn(zone: string): Clock {
  const clock = known.get(zone) ?? makeClock(isTimeZone(zone) ? zone : UTC);
  known.set(zone, clock);
  return clock;
}

function makeClock(zone: string): Clock {
  const hour = { hour: '2-digit', minute: '2-digit', timeZone: zone, timeZoneName: 'short' } as const;
  const day = { day: 'numeric', month: 'short', year: 'numeric' } as const;
  const hours = new Intl.DateTimeFormat(ENGLISH.locale, hour);
  const times = new Intl.DateTimeFormat(ENGLISH.locale, { ...day, ...hour });
  return {
    zone,
    text: (time) => times.format(new Date(time)),
    hour: (time) => hours.format(new Date(time)),
    utc: (time) => dateTimeText(new Date(time), ENGLISH),
  };
}
