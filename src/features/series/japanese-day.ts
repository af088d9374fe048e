import type { SeriesKind, SeriesLink } from './fields';

/** A day of Japan's calendar, which begins, ends, broadcast rules and seasons follow; `month` from 0. */
export type JapaneseDay = { readonly year: number; readonly month: number; readonly day: number };

/** What tells the days on which a series began and ended. */
type Dated = {
  readonly kind: SeriesKind;
  readonly beginsAt: Date | null;
  readonly endsAt: Date | null;
  readonly links: readonly SeriesLink[];
};

const HOUR_MS = 3_600_000;
/** Japan is 9 hours ahead of UTC all year. */
const JAPAN_OFFSET_MS = 9 * HOUR_MS;
/** Broadcasters count the hours of a day up to 29: what they call 25:30 is 1:30 of the next day. */
const HOURS_OF_NIGHT = 5;
/**
 * In bangumi-data, 1 o'clock in Japan is midnight in China: the way in which it writes a day without a time. 1,520 of
 * 1,575 films, 950 of 961 OVAs and 1,151 of 5,410 TV series "begin" then, nearly all of those of the nineties among them.
 */
const HOUR_OF_UNKNOWN_TIME = 1;
/** A stream of a late-night broadcast starts at the same time or soon after it. */
const STREAM_DELAY_MS = 2 * HOUR_MS;

/** The day in Japan at that time. */
export function japaneseDay(time: Date): JapaneseDay {
  const shifted = inJapan(time);
  return { year: shifted.getUTCFullYear(), month: shifted.getUTCMonth(), day: shifted.getUTCDate() };
}

/**
 * The days on which a series began and ended, as Japan names them: a late-night broadcast is one of the evening before.
 * A film has only a first day; what the data calls its end means nothing.
 * https://github.com/bangumi-data/bangumi-data/blob/master/CONTRIBUTING.md
 */
export function listedDays(series: Dated): {
  readonly begins: JapaneseDay | null;
  readonly ends: JapaneseDay | null;
} {
  const { kind, beginsAt, endsAt } = series;
  return {
    begins: beginsAt && listedDay(series, beginsAt),
    ends: kind === 'movie' ? null : endsAt && listedDay(series, endsAt),
  };
}

/** Whether the data has the time of its begin or end, or only the day. */
export function isTimeKnown(series: Dated, time: Date): boolean {
  return !isWithoutTime(time) || (series.kind === 'tv' && isBroadcastAtNight(series));
}

function listedDay(series: Dated, time: Date): JapaneseDay {
  const isOfEveningBefore =
    series.kind === 'tv' && isAtNight(time) && (!isWithoutTime(time) || isBroadcastAtNight(series));
  return japaneseDay(isOfEveningBefore ? new Date(time.getTime() - HOURS_OF_NIGHT * HOUR_MS) : time);
}

/** Whether a time that may be no time is one: the series begins at night by another clock, or a stream began with it. */
function isBroadcastAtNight({ beginsAt, links }: Dated): boolean {
  if (!beginsAt) return false;
  if (!isWithoutTime(beginsAt)) return isAtNight(beginsAt) || inJapan(beginsAt).getUTCHours() >= 22;
  return links.some(({ kind, beginsAt: streamBegin }) => {
    const delayMs = Date.parse(streamBegin ?? '') - beginsAt.getTime();
    return kind === 'onair' && delayMs >= 0 && delayMs <= STREAM_DELAY_MS;
  });
}

function isAtNight(time: Date): boolean {
  return inJapan(time).getUTCHours() < HOURS_OF_NIGHT;
}

function isWithoutTime(time: Date): boolean {
  return inJapan(time).getTime() % (24 * HOUR_MS) === HOUR_OF_UNKNOWN_TIME * HOUR_MS;
}

/** Its UTC fields are those of a clock in Japan. */
function inJapan(time: Date): Date {
  return new Date(time.getTime() + JAPAN_OFFSET_MS);
}
