import { z } from 'zod';
import type { JournalFilter } from '../../journal/journal';
import { toHalfWidth } from '../../platform/text';
import { textOf } from '../../web/form';
import { databaseId, type FieldError, parseInput } from '../../web/input';
import { endOfDay, startOfDay } from '../../web/time-zone';

/** What stands in the fields above the list, as it was typed or linked. */
export type FilterForm = {
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  readonly from: string;
  readonly until: string;
};

export function filterForm(query: unknown): FilterForm {
  return {
    actor: textOf(query, 'actor'),
    action: textOf(query, 'action'),
    subject: textOf(query, 'subject'),
    from: textOf(query, 'from'),
    until: textOf(query, 'until'),
  };
}

const DAY_ERROR = 'Must be a day such as 2026-11-26.';
const KEY = /^([a-z]{1,20})(?::([1-9][0-9]{0,17}))?$/;

const day = z
  .string()
  .transform((typed) => toHalfWidth(typed).trim())
  .pipe(z.iso.date(DAY_ERROR));

const actorKey = z
  .string()
  .regex(/^(admin|token|system|anonymous)(:[1-9][0-9]{0,17})?$/, 'There is nobody like this.');

const filterSchema = z.strictObject({
  actor: actorKey.optional(),
  action: z
    .string()
    .regex(/^[a-z.-]{1,60}$/, 'There is no such act.')
    .optional(),
  subject: z.string().regex(KEY, 'There is nothing like this.').optional(),
  from: day.optional(),
  until: day.optional(),
  after: databaseId.optional(),
});

/** The filter of the list, without its limit; an empty field filters nothing. @param zone whose days they are */
export function parseFilter(
  form: FilterForm,
  after: string,
  zone: string,
):
  | { readonly ok: true; readonly value: Omit<JournalFilter, 'limit'> }
  | { readonly ok: false; readonly errors: readonly FieldError[] } {
  const given = Object.entries({ ...form, after }).filter(([, text]) => text.trim() !== '');
  const parsed = parseInput(filterSchema, Object.fromEntries(given));
  if (!parsed.ok) return parsed;
  const { actor = '', action, subject = '', from, until, after: last } = parsed.value;
  const [, subjectKind, subjectId] = KEY.exec(subject) ?? [];
  const [, actorKind, actorId] = KEY.exec(actor) ?? [];
  return {
    ok: true,
    value: {
      actorKind: ACTOR_KINDS.find((kind) => kind === actorKind),
      actorId,
      action,
      subjectKind,
      subjectId,
      from: from === undefined ? undefined : startOfDay(from, zone),
      // The day that is given is one of them.
      until: until === undefined ? undefined : endOfDay(until, zone),
      after: last,
    },
  };
}

const ACTOR_KINDS = ['admin', 'token', 'system', 'anonymous'] as const;
