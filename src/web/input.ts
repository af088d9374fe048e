import { z } from 'zod';
import { normalizeText, textProblem } from '../platform/text';

/** One thing that is wrong with input from outside. `field` is a dotted path: `videoServers.0.url`. */
export type FieldError = { readonly field: string; readonly message: string };

export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly errors: readonly FieldError[] };

/** Parses `input`. Lists every error that it finds, in the order of the fields. `part` is the word for one part of the input. */
export function parseInput<Schema extends z.ZodType>(
  schema: Schema,
  input: unknown,
  part: 'field' | 'parameter' = 'field',
): Parsed<z.output<Schema>> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return { ok: true, value: parsed.data };
  return { ok: false, errors: parsed.error.issues.flatMap((issue) => toFieldErrors(issue, part)) };
}

function toFieldErrors(issue: z.core.$ZodIssue, part: string): FieldError[] {
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      field: [...path, key].join('.'),
      message: `There is no such ${part}.`,
    }));
  }
  return [{ field: path.join('.'), message: issue.message }];
}

/** Makes the error of a field that must be there: a missing one gets other words than a wrong one. */
export function orRequired(message: string): {
  readonly error: (issue: { readonly input?: unknown }) => string;
} {
  return { error: ({ input }) => (input === undefined ? 'Is required.' : message) };
}

/** Ends the transformation of a field with an error. The other fields are still checked. */
export function refuse(context: z.RefinementCtx, message: string): never {
  context.addIssue({ code: 'custom', message, continue: true });
  return z.NEVER;
}

/** @param fold changes the white space inside the text */
const text = (maxLength: number, fold: (text: string) => string) =>
  z.string(orRequired('Must be text.')).transform((typed, context) => {
    const value = fold(normalizeText(typed));
    // In UTF-16 units, of which a text never has fewer than Postgres counts characters.
    const problem =
      textProblem(typed) ??
      (value.length > maxLength ? `Must have at most ${maxLength} characters.` : undefined);
    return problem === undefined ? value : refuse(context, problem);
  });

/** One line of text, trimmed; refuses what `textProblem` refuses. */
export const line = (maxLength: number) => text(maxLength, (value) => value.replace(/\s+/g, ' '));

export const requiredLine = (maxLength: number) =>
  line(maxLength).refine((value) => value !== '', 'Must not be empty.');

/** Text that is searched for in titles. In an address, bytes that are no UTF-8 have become U+FFFD. */
export const searchText = z
  .string(orRequired('Must be text.'))
  .refine((typed) => !typed.includes('\ufffd'), 'Must be UTF-8.')
  .pipe(line(300));

/** Several lines of text. */
export const paragraphs = (maxLength: number) => text(maxLength, (value) => value);

/** RFC 5646, 4.4.1: no tag that is in use needs more. The tables hold to it, too. */
const MAX_LANGUAGE_TAG_LENGTH = 35;

/** What another system knows a thing by, as it is written there. */
export const externalId = line(200)
  .nullable()
  .transform((value) => value || null);

/** A language tag such as `ja` or `zh-Hant` (BCP 47), in its canonical form. */
export const languageTag = z
  .string('Must be a language tag such as en or ja.')
  .transform((typed, context) => {
    const tag = canonicalTag(typed.trim());
    if (tag !== undefined && tag.length <= MAX_LANGUAGE_TAG_LENGTH) return tag;
    return refuse(
      context,
      tag === undefined
        ? 'Must be a language tag such as en, ja or zh-Hant.'
        : `Must have at most ${MAX_LANGUAGE_TAG_LENGTH} characters, such as en, ja or zh-Hant.`,
    );
  });

function canonicalTag(text: string): string | undefined {
  try {
    return Intl.getCanonicalLocales(text)[0];
  } catch {
    return undefined;
  }
}

/** An id of the database: digits, carried as a string because a bigint does not fit a number. */
export const databaseId = z
  .string('Must be an id.')
  .regex(/^[1-9][0-9]{0,17}$/, 'Must be an id: a whole number.');

const EARLIEST = new Date('1900-01-01T00:00:00.000Z');
const LATEST = new Date('9999-12-31T23:59:59.999Z');

/** Returns false outside the years 1900 to 9999: Postgres can't hold some of the rest, and nobody means any of it. */
export function isInstant(date: Date): boolean {
  return date >= EARLIEST && date <= LATEST;
}

export const INSTANT_ERROR =
  'Must be a date and time with a zone in the years 1900 to 9999, such as 2026-11-23T09:30:00Z.';

/** A date and time with a zone, `2026-11-23T09:30:00Z`. */
export const instant = z.iso
  .datetime({ offset: true, error: INSTANT_ERROR })
  .transform((value) => new Date(value))
  .refine(isInstant, INSTANT_ERROR);
