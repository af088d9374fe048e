import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { type ExportPart, exportCatalog, inExport, writePart } from '../features/transfer/catalog-export';
import { RECORD_KINDS } from '../features/transfer/catalog-fields';
import { runCommand, UsageError, withDatabase } from './support/run-command';

const HELP = `Writes the catalog to a file: series and episodes, drafts and hidden ones, too; not what is in the trash.

  npm run --silent export -- FILE [--format json|csv] [--of series|episodes]

  FILE             where it is written; - for standard output
  --format json    one document (the default; docs/import-export.md)
  --format csv     tables for a spreadsheet: FILE is a folder, in which series.csv and episodes.csv are written
  --of KIND        of CSV this table alone, to FILE

It may run while the site does, and writes the catalog as it was at one moment. A file that is there is replaced when the new one is whole.
`;

type Options = {
  readonly file: string;
  readonly format: 'json' | 'csv';
  readonly of: 'series' | 'episodes' | undefined;
};

runCommand(HELP, async (args) => {
  const { file, format, of } = readOptions(args);
  await withDatabase(async ({ db }) => {
    if (format === 'csv' && of === undefined) {
      await mkdir(file, { recursive: true });
      await inExport(db, async (trx) => {
        for (const kind of RECORD_KINDS)
          await toFile(join(file, `${kind}.csv`), (write) => writePart(trx, { format, kind }, write));
      });
      return;
    }
    const part: ExportPart = format === 'csv' && of ? { format, kind: of } : { format: 'json' };
    if (file === '-') await exportCatalog(db, part, writer(process.stdout));
    else await toFile(file, (write) => exportCatalog(db, part, write));
  });
});

function readOptions(args: string[]): Options {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { format: { type: 'string', default: 'json' }, of: { type: 'string' } },
  });
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0)
    throw new UsageError('One FILE is required; - is standard output.');
  const { format } = values;
  if (format !== 'json' && format !== 'csv') throw new UsageError('--format: Must be json or csv.');
  const of = RECORD_KINDS.find((kind) => kind === values.of);
  if (values.of !== undefined && !of) throw new UsageError('--of: Must be series or episodes.');
  if (of && format === 'json')
    throw new UsageError('--of is for --format csv; JSON has both in one document.');
  if (file === '-' && format === 'csv' && !of)
    throw new UsageError('CSV has two tables: choose one of them by --of series or --of episodes.');
  return { file, format, of };
}

type Write = (piece: string) => Promise<void>;

function writer(stream: NodeJS.WritableStream): Write {
  return async (piece) => {
    if (!stream.write(piece)) await once(stream, 'drain');
  };
}

/** Beside it first: nobody finds half a file. */
async function toFile(path: string, write: (write: Write) => Promise<void>): Promise<void> {
  const unfinished = `${path}.unfinished`;
  const stream = createWriteStream(unfinished);
  try {
    await write(writer(stream));
    stream.end();
    await finished(stream);
    await rename(unfinished, path);
  } catch (error) {
    stream.destroy();
    await rm(unfinished, { force: true });
    throw error;
  }
}
