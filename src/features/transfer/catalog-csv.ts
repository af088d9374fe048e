import { z } from 'zod';
import type { Field, Fields } from '../../web/fields';
import { FILE_FIELDS, type RawRecord, type RecordKind, VIDEO_SERVER_FIELDS } from './catalog-fields';

/** The column of a file of refused rows that says what is wrong with them. An import reads past it. */
export const PROBLEMS = 'problems';

const MAX_SERVERS = 20;
/** Twice what any export has. */
const MAX_COLUMNS = 400;

/** A column of a CSV file: which part of a record its cells hold. */
type Column = {
  readonly name: string;
  readonly field: Field;
  readonly cell: Cell;
  /** Of the video server with this number, from 1. */
  readonly server?: number;
  /** The name of the part. */
  readonly part: string;
};

/** The columns of a file of the kind, with room for so many video servers. */
export function csvColumns(kind: RecordKind, servers: number): readonly Column[] {
  return Object.entries(FILE_FIELDS[kind]).flatMap(([name, field]) =>
    hasColumnsOfRows(field)
      ? Array.from({ length: servers }, (_, index) => serverColumns(name, field, index + 1)).flat()
      : [{ name, field, cell: cellOf(field), part: name }],
  );
}

/** A list that has a table of its own has columns for each of its rows; one that its column has as JSON is one cell. */
function hasColumnsOfRows({ control, column }: Field): boolean {
  return control.kind === 'rows' && column === undefined;
}

function serverColumns(name: string, { control }: Field, server: number): readonly Column[] {
  const fields: Fields = control.kind === 'rows' ? control.fields : {};
  return Object.entries(fields).map(([part, field]) => ({
    name: `${name}.${server}.${part}`,
    field,
    cell: cellOf(field),
    server,
    part,
  }));
}

/** A record in the cells of the columns. */
export function toCells(columns: readonly Column[], record: RawRecord): readonly string[] {
  const servers = Array.isArray(record.videoServers) ? record.videoServers : [];
  return columns.map(({ cell, server, part }) => {
    const from = server === undefined ? record : servers[server - 1];
    return from === undefined ? '' : toCell(cell, from[part]);
  });
}

type Cell = { readonly kind: 'text' | 'number' | 'boolean' | 'lines' | 'json'; readonly isNullable: boolean };

/** How a value of the field stands in a cell, by what the API answers of it. */
function cellOf({ answer }: Field): Cell {
  const isNullable = answer instanceof z.ZodNullable;
  const inner = isNullable ? answer.unwrap() : answer;
  if (inner instanceof z.ZodNumber) return { kind: 'number', isNullable };
  if (inner instanceof z.ZodBoolean) return { kind: 'boolean', isNullable };
  if (isText(inner)) return { kind: 'text', isNullable };
  if (inner instanceof z.ZodArray && isText(inner.element)) return { kind: 'lines', isNullable };
  return { kind: 'json', isNullable };
}

/** Whether a value of the field is a list or an object that its column has as JSON. */
export function isJson(field: Field): boolean {
  return cellOf(field).kind === 'json';
}

function isText(schema: unknown): boolean {
  return schema instanceof z.ZodString || schema instanceof z.ZodStringFormat || schema instanceof z.ZodEnum;
}

function toCell({ kind }: Cell, value: unknown): string {
  if (value === null || value === undefined) return '';
  if (value instanceof Date) return value.toISOString();
  if (kind === 'lines' && Array.isArray(value)) return value.join('\n');
  if (Array.isArray(value) && value.length === 0) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

const YES = ['true', '1', 'yes', 'on'];
const NO = ['false', '0', 'no', 'off'];

/** The value of a cell, as a script would send it; undefined: the cell says nothing. What can't be read is left to the field to refuse. */
function fromCell({ field, cell: { kind, isNullable } }: Column, text: string): unknown {
  const typed = text.trim();
  switch (kind) {
    case 'text':
      if (typed !== '') return text;
      if (isNullable) return null;
      return field.schema.safeParse('').success ? '' : undefined;
    case 'number':
      if (typed === '') return isNullable ? null : undefined;
      return /^-?[0-9]{1,15}(?:\.[0-9]{1,15})?$/.test(typed) ? Number(typed) : text;
    case 'boolean': {
      if (typed === '') return undefined;
      const word = typed.toLowerCase();
      return YES.includes(word) || (NO.includes(word) ? false : text);
    }
    case 'lines':
      return text.split(/\r\n?|\n/).filter((each) => each.trim() !== '');
    case 'json':
      if (typed === '') return isNullable ? null : [];
      try {
        return JSON.parse(typed);
      } catch {
        return text;
      }
    default:
      return kind satisfies never;
  }
}

/** The columns that a header names, or what is wrong with it. `null`: a column that is read past. */
export function readHeader(
  header: readonly string[],
):
  | { readonly kind: RecordKind; readonly columns: readonly (Column | null)[] }
  | { readonly problem: string } {
  if (header.length > MAX_COLUMNS)
    return { problem: `It has ${header.length} columns; an import reads at most ${MAX_COLUMNS}.` };
  const names = header.map((name) => name.trim());
  // Spreadsheets leave empty columns at the end.
  while (names.at(-1) === '') names.pop();
  const kind: RecordKind = names.includes('series') ? 'episodes' : 'series';
  const known = new Map(csvColumns(kind, MAX_SERVERS).map((column) => [column.name, column]));
  const unknown = names.filter((name) => name !== PROBLEMS && !known.has(name));
  if (names.length === 0 || unknown.length > names.length / 2)
    return {
      problem:
        'The first row must name the columns, as an export does: slug, title, … of series, or series, kind, number, … of episodes.',
    };
  if (unknown.length > 0)
    return {
      problem: `There is no column ${unknown.slice(0, 5).map(quoted).join(', ')} in files of ${kind}.`,
    };
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) return { problem: `The column ${quoted(twice)} stands in it twice.` };
  return { kind, columns: names.map((name) => known.get(name) ?? null) };
}

function quoted(name: string): string {
  return `“${name.length > 40 ? `${name.slice(0, 40)}…` : name}”`;
}

/** A row as a record, without what its cells say nothing of. Servers of which no cell is filled in are none. */
export function fromCells(columns: readonly (Column | null)[], cells: readonly string[]): RawRecord {
  const record = new Map<string, unknown>();
  const servers = new Map<number, Map<string, unknown>>();
  for (const [index, column] of columns.entries()) {
    if (!column) continue;
    const { server, part } = column;
    const cell = cells[index] ?? '';
    if (server === undefined) {
      const value = fromCell(column, cell);
      if (value !== undefined) record.set(part, value);
      continue;
    }
    const values = servers.get(server) ?? new Map<string, unknown>();
    servers.set(server, values);
    if (cell.trim() !== '') values.set(part, fromCell(column, cell));
  }
  if (servers.size > 0) {
    const filled = [...servers].filter(([, values]) => values.size > 0).sort(([a], [b]) => a - b);
    record.set(
      'videoServers',
      filled.map(([, values]) => withoutHoles(values)),
    );
  }
  return Object.fromEntries(record);
}

function withoutHoles(values: ReadonlyMap<string, unknown>): RawRecord {
  const given = new Map(values);
  // An empty cell is the language that there is none of, where the column is there at all.
  for (const [name, field] of Object.entries(VIDEO_SERVER_FIELDS))
    if (!given.has(name) && cellOf(field).isNullable) given.set(name, null);
  return Object.fromEntries(given);
}

/**
 * Cells that a spreadsheet takes for a formula.
 * https://owasp.org/www-community/attacks/CSV_Injection
 */
const FORMULA = /^'*[=+\-@\t\r\n＝＋－＠]/;
const GUARDED = /^'+[=+\-@\t\r\n＝＋－＠]/;

/** Puts an apostrophe ahead of what a spreadsheet would calculate. `unguarded` takes exactly that away again. */
function guarded(cell: string): string {
  return FORMULA.test(cell) ? `'${cell}` : cell;
}

export function unguarded(cell: string): string {
  return GUARDED.test(cell) ? cell.slice(1) : cell;
}

/** One row, as RFC 4180 has it. */
export function csvRow(cells: readonly string[]): string {
  return `${cells.map((cell) => quotedCell(guarded(cell))).join(',')}\r\n`;
}

function quotedCell(cell: string): string {
  return /[",\r\n;\t]|^\s|\s$/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
