import { toHalfWidth } from '../../platform/text';
import { readTime, writeTime } from '../../web/time-zone';

/** `24:00`, `1:02:05`; empty for null */
export function durationText(seconds: number | null): string {
  if (seconds === null) return '';
  const parts = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60];
  const [hours, minutes, rest] = parts.map((part) => String(part).padStart(2, '0'));
  return seconds >= 3_600
    ? `${parts[0]}:${minutes}:${rest}`
    : `${hours === '00' ? parts[1] : minutes}:${rest}`;
}

/** Seconds of `24`, `24:00` or `1:02:05` (a number alone is minutes); NaN, which the schema refuses, for others. */
export function parseDuration(text: string): number | null {
  const typed = toHalfWidth(text).trim();
  if (typed === '') return null;
  if (/^[0-9]{1,4}$/.test(typed)) return Number(typed) * 60;
  const [, hours = '0', minutes, seconds] =
    /^([0-9]{1,2}):([0-5]?[0-9]):([0-5][0-9])$/.exec(typed) ??
    /^()([0-9]{1,4}):([0-5][0-9])$/.exec(typed) ??
    [];
  return Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds);
}

/** A part of a video: from the one second to the other. */
export type Span = { readonly startSeconds: number; readonly endSeconds: number };

/** `1:30–3:00`; empty for null */
export function spanText(span: Span | null): string {
  return span === null ? '' : `${durationText(span.startSeconds)}–${durationText(span.endSeconds)}`;
}

/** `1:30-3:00` with any dash, or with spaces; other text as it is, for the schema to refuse. */
export function parseSpan(text: string): Span | string | null {
  const typed = toHalfWidth(text).trim();
  if (typed === '') return null;
  const marks = typed.split(/[-–—~〜\s]/).filter((part) => part !== '');
  const [startSeconds, endSeconds, ...rest] = marks.map((mark) =>
    mark.includes(':') ? parseDuration(mark) : Number.NaN,
  );
  if (typeof startSeconds !== 'number' || typeof endSeconds !== 'number' || rest.length > 0) return typed;
  return Number.isNaN(startSeconds + endSeconds) ? typed : { startSeconds, endSeconds };
}

/** `2026-11-23T09:30` in the zone: what `<input type="datetime-local">` has. Empty for null. */
export function timeText(time: Date | null, zone: string): string {
  return time === null ? '' : writeTime(time, zone);
}

/** `2026-11-23T09:30` in the zone as an instant; text that is none as it is, for the schema to refuse. */
export function parseTime(text: string, zone: string): string | null {
  const typed = toHalfWidth(text).trim();
  if (typed === '') return null;
  const time = readTime(typed, zone);
  return time.type === 'time' ? time.at.toISOString() : typed;
}

/** `12.50` → `12.5`, `012` → `12` */
export function shortestNumber(decimal: string): string {
  return String(Number(decimal));
}

/** `０１２，５０` → `12.5`, the one way in which a number is written; undefined for text that is none. */
export function parseEpisodeNumber(text: string): string | undefined {
  const decimal = toHalfWidth(text).trim().replace(',', '.');
  return /^[0-9]{1,5}(\.[0-9]{1,2})?$/.test(decimal) ? shortestNumber(decimal) : undefined;
}
