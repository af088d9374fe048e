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

/** Null for an empty field. */
export function orNull(text: string): string | null {
  return orUndefined(text) ?? null;
}
