/** Rows as lines of text whose columns stand below each other, two spaces apart. */
export function tableText(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => [...(row[column] ?? '')].length)),
  );
  const lineOf = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - [...cell].length))
      .join('  ')
      .trimEnd();
  return rows.map((row) => `${lineOf(row)}\n`).join('');
}

/** A moment as `2026-11-26 20:41`, in UTC; `never` for none. */
export function minuteText(at: Date | undefined): string {
  return at === undefined ? 'never' : at.toISOString().slice(0, 16).replace('T', ' ');
}

/** What a list prints for programs: JSON, indented, with an end of line. */
export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
