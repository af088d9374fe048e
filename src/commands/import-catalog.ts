import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import type { Actor } from '../features/episodes/write';
import { CatalogFileError, RefusedWriter, readCatalogFile } from '../features/transfer/catalog-file';
import {
  countRows,
  importCatalog,
  NO_ROWS,
  type RowOutcome,
  type RowResult,
} from '../features/transfer/catalog-import';
import { createLogger } from '../platform/log';
import { loadConfig } from '../process/config';
import { runCommand, UsageError } from './support/run-command';
import { withCatalog } from './support/with-catalog';

const HELP = `Brings the catalog to what a file says that \`npm run export\` has written, or one like it (docs/import-export.md).

  npm run --silent import:catalog -- FILE [--dry-run] [--failed FILE] [--all]

  FILE           JSON or CSV; of CSV first series.csv, then episodes.csv
  --dry-run      tells what would become of each row, and writes nothing
  --failed FILE  what was refused is written there, with what is wrong with it, to be mended and imported
  --all          tells of every row; without it, of the first 100

A row names its series by the address or the external id, its episode by series, kind and number or the external id. What it doesn't name
stays as it is; what is not in the file stays, too. The status is 1 when a row was refused. It may run while the site does.
`;

const actor: Actor = { kind: 'system', id: null, name: 'import', via: 'command' };
const MAX_TOLD = 100;

runCommand(HELP, async (args) => {
  const { file, dryRun, failed, all } = readOptions(args);
  if (!(await stat(file).catch(() => undefined))?.isFile()) throw new Error(`There is no file ${file}.`);
  const startedAt = Date.now();
  const config = loadConfig(process.env);
  const log = createLogger(config.logLevel === 'info' ? 'warn' : config.logLevel);
  await withCatalog(config, log, async (catalog) => {
    const report = new Report(all ? Number.POSITIVE_INFINITY : MAX_TOLD);
    const refusals = failed === undefined ? undefined : await RefusalFile.create(failed);
    try {
      // Nothing is written of a file that can't be read to its end.
      for await (const _record of readCatalogFile(createReadStream(file)));
      const options = { from: basename(file), now: () => new Date(), ...(!dryRun && { actor }) };
      for await (const rows of importCatalog(catalog, readCatalogFile(createReadStream(file)), options)) {
        report.add(rows);
        await refusals?.add(rows);
      }
    } catch (error) {
      throw error instanceof CatalogFileError ? new Error(`${file}: ${error.message}`) : error;
    } finally {
      await refusals?.close();
    }
    process.stdout.write(`${report.end(dryRun)}\nTook ${((Date.now() - startedAt) / 1_000).toFixed(1)} s.\n`);
    if (report.refused > 0) process.exitCode = 1;
  });
});

function readOptions(args: string[]) {
  const flag = { type: 'boolean', default: false } as const;
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { 'dry-run': flag, failed: { type: 'string' }, all: flag },
  });
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0) throw new UsageError('One FILE is required.');
  return { file, dryRun: values['dry-run'], failed: values.failed, all: values.all };
}

/** Tells of the rows while they are done, and of all of them in the end. */
class Report {
  #counts = NO_ROWS;
  #told = 0;
  #more = 0;

  constructor(private readonly most: number) {}

  get refused(): number {
    return this.#counts.series.refused + this.#counts.episodes.refused;
  }

  add(rows: readonly RowResult[]): void {
    this.#counts = countRows(this.#counts, rows);
    for (const row of rows) {
      if (row.outcome === 'unchanged') continue;
      if (this.#told >= this.most) {
        this.#more++;
        continue;
      }
      this.#told++;
      process.stdout.write(`${rowText(row)}\n`);
    }
  }

  end(isDryRun: boolean): string {
    const { series, episodes } = this.#counts;
    return [
      ...(this.#more > 0 ? [`… and ${count(this.#more)} more; --all tells of every row.`] : []),
      ...(isDryRun ? ['Nothing was written.'] : []),
      `Series: ${countsText(series)}.`,
      `Episodes: ${countsText(episodes)}.`,
    ].join('\n');
  }
}

function rowText({ source, row, outcome, label, changes, notes }: RowResult): string {
  const place = 'json' in source ? `line ${row}` : `row ${row}`;
  const details = [
    ...changes.map((change) => `  ${change.label}: ${quoted(change.before)} → ${quoted(change.after)}`),
    ...notes.map((note) => `  ${note}`),
  ];
  return [`${place}: ${outcome}${label && ` ${label}`}`, ...details].join('\n');
}

function quoted(text: string): string {
  return JSON.stringify(text);
}

function countsText(counts: Readonly<Record<RowOutcome, number>>): string {
  return Object.entries(counts)
    .map(([outcome, value]) => `${count(value)} ${outcome}`)
    .join(', ');
}

function count(value: number): string {
  return value.toLocaleString('en');
}

/** A file of what was refused; none where nothing was. */
class RefusalFile {
  readonly #writer = new RefusedWriter();

  private constructor(private readonly file: Awaited<ReturnType<typeof open>>) {}

  static async create(path: string): Promise<RefusalFile> {
    return new RefusalFile(await open(path, 'w'));
  }

  async add(rows: readonly RowResult[]): Promise<void> {
    const refused = rows.filter(({ outcome }) => outcome === 'refused');
    const text = refused.map(({ kind, source, notes }) =>
      this.#writer.record({ kind, source, problems: notes }),
    );
    if (text.length > 0) await this.file.write(text.join(''));
  }

  async close(): Promise<void> {
    await this.file.write(this.#writer.end());
    await this.file.close();
  }
}
