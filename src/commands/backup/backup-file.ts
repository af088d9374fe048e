import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { z } from 'zod';
import { errorCode } from '../../platform/files';

/**
 * A backup is gzip around lines of text (UTF-8): its head as JSON, the rows of each table in the order of the head, as `COPY` writes
 * them (a row a line), and `\.`, which is no row.
 */
const headSchema = z.object({
  format: z.literal('nipnime backup'),
  version: z.literal(1),
  /** Of which moment. */
  at: z.iso.datetime(),
  /** Those that had made the schema, in their order. */
  migrations: z.array(z.string()).min(1),
  sequences: z.array(z.object({ name: z.string(), last: z.string().regex(/^\d{1,19}$/) })),
  /** Each behind those that it refers to. */
  tables: z.array(
    z.object({
      name: z.string(),
      columns: z.array(z.string()).min(1),
      rows: z.number().int().nonnegative(),
    }),
  ),
});
export type BackupHead = z.infer<typeof headSchema>;

export const END = '\\.\n';
const LINE_END = 10;
const MAX_HEAD_BYTES = 1_048_576;

/** The file can't be restored; the message says why, as a sentence without its name. */
export class BackupFileError extends Error {
  override readonly name = 'BackupFileError';
}
const NO_BACKUP = 'This is no backup of nipnime.';
const NOT_WHOLE = 'The backup is not whole: it was cut off or has changed.';

/** Reads a backup once, from its beginning to its end. */
export class BackupReader {
  readonly head: BackupHead;
  readonly #lines: Lines;

  private constructor(head: BackupHead, lines: Lines) {
    this.head = head;
    this.#lines = lines;
  }

  /** @throws BackupFileError for what is no backup, or one of another format */
  static async open(input: Readable): Promise<BackupReader> {
    const lines = new Lines(unzipped(input));
    const head: unknown = parseJson(await lines.short(MAX_HEAD_BYTES));
    const { data } = headSchema.safeParse(head);
    if (data) return new BackupReader(data, lines);
    const { data: other } = headSchema.pick({ format: true }).safeParse(head);
    throw new BackupFileError(
      other
        ? 'The backup has a format that this version of nipnime does not know: update it first.'
        : NO_BACKUP,
    );
  }

  /** The rows of the next table. @throws BackupFileError */
  rows({ rows }: BackupHead['tables'][number]): AsyncGenerator<Buffer> {
    return this.#lines.take(rows);
  }

  /** @throws BackupFileError unless everything was read, and is as it was written */
  async end(): Promise<void> {
    if ((await this.#lines.short(END.length)) !== END || !(await this.#lines.isOver()))
      throw new BackupFileError(NOT_WHOLE);
  }
}

async function* unzipped(input: Readable): AsyncGenerator<Buffer> {
  const gunzip = createGunzip();
  // Its error is also that of the loop.
  pipeline(input, gunzip).catch(() => undefined);
  let isBegun = false;
  try {
    for await (const piece of gunzip) {
      isBegun = true;
      yield piece;
    }
  } catch (error) {
    throw errorCode(error)?.startsWith('Z_')
      ? new BackupFileError(isBegun ? NOT_WHOLE : NO_BACKUP, { cause: error })
      : error;
  }
}

class Lines {
  readonly #source: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(source: AsyncGenerator<Buffer>) {
    this.#source = source;
  }

  /** The next lines, in pieces that end anywhere. */
  async *take(count: number): AsyncGenerator<Buffer> {
    let missing = count;
    while (missing > 0) {
      const piece = await this.#piece();
      if (!piece) throw new BackupFileError(NOT_WHOLE);
      let end = 0;
      while (missing > 0) {
        const lineEnd = piece.indexOf(LINE_END, end);
        if (lineEnd === -1) break;
        end = lineEnd + 1;
        missing--;
      }
      const taken = missing > 0 ? piece.length : end;
      this.#rest = piece.subarray(taken);
      yield piece.subarray(0, taken);
    }
  }

  /** The next line; what a longer one begins with. */
  async short(maxBytes: number): Promise<string> {
    const pieces: Buffer[] = [];
    let bytes = 0;
    for await (const piece of this.take(1)) {
      pieces.push(piece);
      bytes += piece.length;
      if (bytes > maxBytes) break;
    }
    return Buffer.concat(pieces).toString();
  }

  async isOver(): Promise<boolean> {
    return (await this.#piece()) === undefined;
  }

  async #piece(): Promise<Buffer | undefined> {
    if (this.#rest.length > 0) return this.#rest;
    const { value, done } = await this.#source.next();
    return done ? undefined : value;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
