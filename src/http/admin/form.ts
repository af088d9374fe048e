import type { FieldError } from '../../catalog/input';

/** Text of a form field, its lines ended by \n alone; a field that was sent twice or not at all is empty. */
export function textOf(body: unknown, name: string): string {
  const value = isRecord(body) ? body[name] : undefined;
  // Browsers send the lines of a textarea with CRLF; kept so, each would differ from what is saved.
  return typeof value === 'string' ? value.replace(/\r\n?/g, '\n') : '';
}

/** Rows of a form that are named `list[0][field]`, in order. */
export function rowsOf(body: unknown, name: string): readonly unknown[] {
  const value = isRecord(body) ? body[name] : undefined;
  return typeof value === 'object' && value !== null ? Object.values(value) : [];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** Undefined for an empty field, so that the schema's default is used. */
export function orUndefined(text: string): string | undefined {
  return text.trim() === '' ? undefined : text;
}

/** Errors as a view reads them: all of them for the summary, and the first of each field by its name. */
export type FormErrors = {
  readonly list: readonly FieldError[];
  readonly of: Readonly<Record<string, string>>;
};

export const NO_ERRORS: FormErrors = { list: [], of: {} };

/** @param rename from the schema's path to the field's name in the form, where they differ */
export function formErrors(
  errors: readonly FieldError[],
  rename: Readonly<Record<string, string>> = {},
): FormErrors {
  const list = errors.map(({ field, message }) => ({ field: rename[field] ?? field, message }));
  return { list, of: Object.fromEntries([...list].reverse().map(({ field, message }) => [field, message])) };
}
