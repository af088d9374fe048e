import { Readable } from 'node:stream';
import { type CsvError, parse } from 'csv-parse';
import { csvColumns, csvRow, fromCells, PROBLEMS, readHeader, toCells, unguarded } from './catalog-csv';
import type { RawRecord, RecordKind } from './catalog-fields';
import { BrokenJson, JSON_END, JSON_START, JsonScanner, parseJsonRecord } from './catalog-json';

export type FileFormat = 'json' | 'csv';

/** One record of a file, as it stands there. */
export type FileRecord = {
  readonly kind: RecordKind;
  /** Where it stands: the line of a JSON document, the row of a table, both from 1. */
  readonly row: number;
  readonly source: RecordSource;
} & ({ readonly record: RawRecord } | { readonly problem: string });

/** A record as it stands in its file, to be written into a file of those that were refused. */
export type RecordSource =
  | { readonly header: readonly string[]; readonly cells: readonly string[] }
  | { readonly json: string };

/** What is wrong with a file as a whole, in words for whoever chose it. */
export class CatalogFileError extends Error {
  override readonly name = 'CatalogFileError';
}

/** A row of a table has at most this many characters, as a record of JSON. */
const MAX_ROW_LENGTH = 1_000_000;

/**
 * Reads a file, JSON or CSV by its first character, without ever having all of it in memory.
 * @throws {CatalogFileError} as soon as something is wrong with the file as a whole
 */
export async function* readCatalogFile(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<FileRecord> {
  const text = decoded(bytes);
  let start = '';
  for (;;) {
    const { value, done } = await text.next();
    start += value ?? '';
    if (done || /\S/.test(start)) break;
    if (start.length > MAX_ROW_LENGTH) break;
  }
  if (!/\S/.test(start)) throw new CatalogFileError('The file is empty.');
  const whole = joined(start, text);
  yield* start.trimStart().startsWith('{') ? readJson(whole) : readCsv(whole);
}

async function* joined(start: string, rest: AsyncIterable<string>): AsyncGenerator<string> {
  yield start;
  yield* rest;
}

/** A byte order mark is no part of the text. */
async function* decoded(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let line = 1;
  for await (const chunk of bytes) {
    let text: string;
    try {
      text = decoder.decode(chunk, { stream: true });
    } catch {
      throw notUtf8(line, chunk);
    }
    line += newlinesIn(text);
    yield text;
  }
  try {
    const last = decoder.decode();
    if (last !== '') yield last;
  } catch {
    throw notUtf8(line, new Uint8Array());
  }
}

/** @param line where the bytes begin */
function notUtf8(line: number, bytes: Uint8Array): CatalogFileError {
  const [before = ''] = new TextDecoder().decode(bytes).split('\ufffd');
  return new CatalogFileError(
    `It is not UTF-8 (line ${line + newlinesIn(before)}). Save it as “CSV UTF-8” or as JSON.`,
  );
}

function newlinesIn(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count++;
  return count;
}

async function* readJson(text: AsyncIterable<string>): AsyncGenerator<FileRecord> {
  const scanner = new JsonScanner();
  try {
    for await (const chunk of text) {
      for (const { kind, line, text: item } of scanner.push(chunk)) {
        const read = parseJsonRecord(item);
        const place = { kind, row: line, source: { json: item } };
        yield 'record' in read
          ? { ...place, record: withoutProblems(read.record) }
          : { ...place, problem: read.problem };
      }
    }
    scanner.end();
  } catch (error) {
    throw error instanceof BrokenJson ? new CatalogFileError(error.message) : error;
  }
}

/** A file of refused rows says what was wrong with them, and may be mended and read again. */
function withoutProblems(record: RawRecord): RawRecord {
  if (!Object.hasOwn(record, PROBLEMS)) return record;
  return Object.fromEntries(Object.entries(record).filter(([name]) => name !== PROBLEMS));
}

async function* readCsv(text: AsyncIterable<string>): AsyncGenerator<FileRecord> {
  const [start, whole] = await withFirstLine(text);
  const parser = parse({
    delimiter: delimiterOf(start),
    relax_column_count: true,
    relax_quotes: true,
    max_record_size: MAX_ROW_LENGTH,
  });
  const input = Readable.from(whole);
  input.on('error', (error) => parser.destroy(error)).pipe(parser);
  let row = 0;
  let header: Header | undefined;
  try {
    for await (const cells of parser as AsyncIterable<readonly string[]>) {
      row++;
      if (!header) {
        const read = readHeader(cells);
        if ('problem' in read) throw new CatalogFileError(read.problem);
        header = { ...read, names: cells.slice(0, read.columns.length) };
      } else if (cells.some((cell) => cell !== '')) yield toRecord(header, cells, row);
    }
  } catch (error) {
    throw isCsvError(error)
      ? new CatalogFileError(`Row ${rowOf(error, row)}: It can’t be read as CSV: ${reasonOf(error)}.`)
      : error;
  } finally {
    input.destroy();
    parser.destroy();
  }
}

type Header = Exclude<ReturnType<typeof readHeader>, { problem: string }> & {
  readonly names: readonly string[];
};

function toRecord({ kind, columns, names }: Header, cells: readonly string[], row: number): FileRecord {
  const given = [...cells];
  while (given.length > columns.length && given.at(-1) === '') given.pop();
  const place = { kind, row, source: { header: names, cells: given } };
  if (given.length === columns.length) return { ...place, record: fromCells(columns, given.map(unguarded)) };
  return { ...place, problem: `Has ${given.length} cells; there are ${columns.length} columns.` };
}

/** Collects text until there is a line of it. */
async function withFirstLine(text: AsyncIterable<string>): Promise<readonly [string, AsyncIterable<string>]> {
  const chunks = text[Symbol.asyncIterator]();
  let start = '';
  while (!start.includes('\n') && start.length < MAX_ROW_LENGTH) {
    const { value, done } = await chunks.next();
    if (done) break;
    start += value;
  }
  return [start, joined(start, { [Symbol.asyncIterator]: () => chunks })];
}

/** Spreadsheets of many countries separate by semicolons, since their numbers have commas. */
function delimiterOf(start: string): string {
  const [line = ''] = start.split('\n', 1);
  const counts = [',', ';', '\t'].map((each) => ({ each, count: line.split(each).length }));
  return counts.reduce((best, other) => (other.count > best.count ? other : best)).each;
}

function isCsvError(error: unknown): error is CsvError {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('CSV_');
}

/** An error overtakes the rows that were read before it. */
function rowOf(error: CsvError, read: number): number {
  return 1 + (typeof error.records === 'number' ? error.records : read);
}

function reasonOf({ code }: CsvError): string {
  switch (code) {
    case 'CSV_QUOTE_NOT_CLOSED':
      return 'a quotation mark is opened in this row or one before, and not closed';
    case 'CSV_INVALID_CLOSING_QUOTE':
      return 'text stands behind a closing quotation mark';
    case 'CSV_MAX_RECORD_SIZE':
      return `a row must have at most ${MAX_ROW_LENGTH} characters`;
    default:
      return code.toLowerCase().replace(/^csv_/, '').replaceAll('_', ' ');
  }
}

/** Writes records, piece by piece: all series ahead of all episodes. */
export type CatalogWriter = {
  readonly start: () => string;
  readonly record: (kind: RecordKind, record: RawRecord) => string;
  readonly end: () => string;
};

export function csvWriter(kind: RecordKind, servers: number): CatalogWriter {
  const columns = csvColumns(kind, servers);
  return {
    // Without the mark Excel reads another encoding.
    start: () => `\ufeff${csvRow(columns.map(({ name }) => name))}`,
    record: (_kind, record) => csvRow(toCells(columns, record)),
    end: () => '',
  };
}

export function jsonWriter(): CatalogWriter {
  const list = new JsonLists();
  return {
    start: () => JSON_START,
    record: (kind, record) => list.add(kind, JSON.stringify(record)),
    end: () => list.end(),
  };
}

/** The two lists of a document, one record a line. */
class JsonLists {
  #open: RecordKind | undefined;

  add(kind: RecordKind, json: string): string {
    if (kind === this.#open) return `,\n${json}`;
    const before = this.#open === undefined ? '' : '\n]';
    this.#open = kind;
    return `${before},\n"${kind}":[\n${json}`;
  }

  end(): string {
    return `${this.#open === undefined ? '' : '\n]'}${JSON_END}`;
  }
}

/** A record that was refused, and what is wrong with it. */
export type RefusedRecord = {
  readonly kind: RecordKind;
  readonly source: RecordSource;
  readonly problems: readonly string[];
};

/**
 * Writes a file of what was refused, in the format and with the columns in which it came, and with what is wrong with each: it can be
 * mended and imported again.
 */
export class RefusedWriter {
  readonly #list = new JsonLists();
  #format: FileFormat | undefined;

  record({ kind, source, problems }: RefusedRecord): string {
    const isFirst = this.#format === undefined;
    if ('json' in source) {
      this.#format = 'json';
      return (isFirst ? JSON_START : '') + this.#list.add(kind, refusedJson(source.json, problems));
    }
    this.#format = 'csv';
    const { header } = source;
    // Of a file that was refused before.
    const former = header.findIndex((name) => name.trim() === PROBLEMS);
    const own = (cells: readonly string[]) => cells.filter((_, index) => index !== former);
    const cells = Array.from({ length: header.length }, (_, index) => source.cells[index] ?? '');
    const rest = source.cells.slice(header.length);
    const row = csvRow([...own(cells).map(unguarded), problems.join('\n'), ...rest]);
    return isFirst ? `\ufeff${csvRow([...own(header), PROBLEMS])}${row}` : row;
  }

  end(): string {
    return this.#format === 'json' ? this.#list.end() : '';
  }

  get isEmpty(): boolean {
    return this.#format === undefined;
  }

  get format(): FileFormat {
    return this.#format ?? 'json';
  }
}

/** What can't be read as a record is kept as a text. */
function refusedJson(text: string, problems: readonly string[]): string {
  const read = parseJsonRecord(text);
  const record = 'record' in read ? read.record : { unreadable: text };
  return JSON.stringify({ ...record, [PROBLEMS]: problems });
}
