import { toHalfWidth } from '../../platform/text';
import { type Clock, clockIn } from '../../web/clock';
import type { FieldView, FormErrors } from '../../web/field-form';
import { readTime, writeTime } from '../../web/time-zone';
import { EPISODE_FIELDS, type Episode, type EpisodeStatus } from './fields';

/** Of the form: when, and in which zone that is. */
type TypedWhen = { readonly publishAt: string; readonly zone: string };

/** Why there is no such time, and what there is instead; undefined where that is not what is wrong. */
export function skippedText({ publishAt, zone }: TypedWhen): string | undefined {
  const typed = toHalfWidth(publishAt).trim();
  const time = readTime(typed, zone);
  if (time.type !== 'skipped') return undefined;
  const { from, to, instead } = time;
  return `There is no ${typed.slice(11, 16)} on that day in ${zone}: clocks are put forward from ${from} to ${to}. Perhaps you mean ${instead}.`;
}

/** What a typed time means, for whoever is typing it. */
export type TimeSaid = { readonly text: string; readonly isProblem: boolean };

export function sayTime(when: TypedWhen, now: Date): TimeSaid {
  const skipped = skippedText(when);
  if (skipped) return { text: skipped, isProblem: true };
  const time = readTime(toHalfWidth(when.publishAt).trim(), when.zone);
  if (time.type !== 'time') return { text: '', isProblem: false };
  const { utc } = clockIn(when.zone);
  const fromNow = fromNowText(time.at.getTime() - now.getTime());
  const said = time.at <= now ? `Has passed, ${fromNow}` : capitalised(fromNow);
  const twice = time.again ? ` ${twiceText(time.again, clockIn(when.zone))}` : '';
  return { text: `${said}: ${utc(time.at)}.${twice}`, isProblem: time.at <= now };
}

/** What is said of a time that clocks show twice; undefined for all others. */
export function twiceOf(time: Date, clock: Clock): string | undefined {
  const shown = readTime(writeTime(time, clock.zone), clock.zone);
  if (shown.type !== 'time' || !shown.again) return undefined;
  return shown.at.getTime() === time.getTime() ? twiceText(shown.again, clock) : undefined;
}

function twiceText(again: Date, { utc }: Clock): string {
  return `Clocks are put back then and show this twice: it is the first time. The second is ${utc(again)}.`;
}

const SPANS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
] as const;
const spans = new Intl.RelativeTimeFormat('en', { numeric: 'always' });

/** `in 3 hours`, `2 days ago` */
function fromNowText(waitMs: number): string {
  const [unit, ms] = SPANS.find(([, each]) => Math.abs(waitMs) >= each) ?? SPANS[2];
  return spans.format(Math.trunc(waitMs / ms), unit);
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** What views/episodes/when.ejs shows. */
export type WhenView = {
  readonly choices: readonly {
    readonly value: EpisodeStatus;
    readonly label: string;
    readonly hint: string;
    readonly isChosen: boolean;
    /** It is published by this choice, and not already. */
    readonly isNow: boolean;
  }[];
  readonly error: string | undefined;
  readonly zone: string;
  readonly time: FieldView | undefined;
  /** What the time means that stands there. */
  readonly said: TimeSaid;
  /** The time contradicts what was chosen, and one button settles that. */
  readonly offersNow: boolean;
};

/**
 * The one control for when an episode is to be seen: now, at a time, or not yet.
 * @param fields of the form, among which is the one of the time
 * @param episode as it is saved; undefined for a new one
 */
export function whenView(
  form: TypedWhen & { readonly status: string },
  fields: readonly FieldView[],
  errors: FormErrors,
  episode: Episode | undefined,
): WhenView {
  const { inputName } = EPISODE_FIELDS.publishAt;
  const time = fields.find(({ name }) => name === inputName);
  const isTyped = readTime(toHalfWidth(form.publishAt).trim(), form.zone).type === 'time';
  return {
    choices: choicesFor(form.status, episode, clockIn(form.zone)).map((choice) => ({
      ...choice,
      isChosen: choice.value === form.status,
      isNow: choice.value === 'published' && episode?.status !== 'published',
    })),
    error: errors.of.status,
    zone: form.zone,
    time,
    said: sayTime(form, new Date()),
    offersNow: errors.of[inputName] !== undefined && isTyped,
  };
}

function choicesFor(status: string, episode: Episode | undefined, clock: Clock) {
  const publishedAt = episode?.publishedAt;
  const isPublished = episode?.status === 'published';
  const since = publishedAt ? clock.text(publishedAt) : '';
  const now = isPublished
    ? { value: 'published', label: 'Published', hint: `Since ${since}` }
    : {
        value: 'published',
        label: 'Now',
        hint: publishedAt ? `At the place that it had: ${since}` : 'As soon as it is saved',
      };
  const choices: { value: EpisodeStatus; label: string; hint: string }[] = [
    { ...now, value: 'published' },
    { value: 'scheduled', label: 'At', hint: '' },
    { value: 'draft', label: 'Draft', hint: 'Only the back office has it' },
  ];
  // Of what nobody has seen there is nothing to be hidden.
  if (publishedAt || status === 'hidden')
    choices.push({ value: 'hidden', label: 'Hidden', hint: 'Taken off the site; its place is kept' });
  return choices;
}
