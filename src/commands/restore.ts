import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { keepAssets } from '../features/kept-assets/repository';
import type { Database } from '../platform/database';
import { assetsFolder } from '../platform/project';
import { BackupFileError, type BackupHead, BackupReader } from './backup/backup-file';
import { checkVersions, restoreBackup } from './backup/restore-backup';
import { countRows, findTables, SITE } from './backup/tables';
import { runCommand, UsageError, withDatabase } from './support/run-command';
import { minuteText, tableText } from './support/table';

const HELP = `Puts what \`npm run backup\` has written in the place of everything that is in the database.

  npm run --silent restore -- FILE --yes

  FILE   what was written; - for standard input
  --yes  without it nothing is changed, and it is told what would be

It may run while the site does. All is replaced at once, or nothing; until then visitors see what was there, and for some seconds nobody can
save anything. Browsers that are connected then read their pages again. A backup of an older version is brought up to date; one of a newer
version is refused.
`;

runCommand(HELP, async (args) => {
  const startedAt = Date.now();
  const { file, yes } = readOptions(args);
  if (file !== '-' && !(await stat(file).catch(() => undefined))?.isFile())
    throw new Error(`There is no file ${file}.`);
  await withDatabase(async ({ db }) => {
    try {
      const backup = await BackupReader.open(file === '-' ? process.stdin : createReadStream(file));
      await checkVersions(db, backup);
      if (!yes) {
        process.stdout.write(await comparison(db, backup.head));
        throw new UsageError('Nothing was changed. With --yes the left column is replaced by the right one.');
      }
      const leftOut = await restoreBackup(db, backup);
      // The backup may be of an older version, and pages of this one are open.
      await keepAssets(db, assetsFolder());
      process.stdout.write(`${summary(backup.head, leftOut)}\nTook ${seconds(startedAt)} s.\n`);
    } catch (error) {
      throw error instanceof BackupFileError
        ? new Error(`${file === '-' ? 'Standard input' : file}: ${error.message} Nothing was changed.`)
        : error;
    }
  });
});

function readOptions(args: string[]) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { yes: { type: 'boolean', default: false } },
  });
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0)
    throw new UsageError('One FILE is required; - is standard input.');
  return { file, yes: values.yes };
}

/** How many rows there are in each table now, and how many the backup has. */
async function comparison(db: Database, { at, tables }: BackupHead): Promise<string> {
  const counts = await countRows(db, SITE, await findTables(db, SITE));
  const inBackup = new Map(tables.map(({ name, rows }) => [name, rows]));
  const all = [...new Set([...counts.keys(), ...inBackup.keys()])].sort();
  return tableText([
    ['table', 'now', minuteText(new Date(at))],
    ...all.map((name) => [name, count(counts.get(name)), count(inBackup.get(name))]),
  ]);
}

function summary({ at, tables }: BackupHead, leftOut: readonly string[]): string {
  const restored = tables.filter(({ name }) => !leftOut.includes(name));
  const rows = restored.reduce((sum, table) => sum + table.rows, 0);
  return [
    `Restored ${count(rows)} rows of ${restored.length} tables, as they were at ${minuteText(new Date(at))} (UTC).`,
    ...(leftOut.length > 0 ? [`Left out, since they are no tables of the site: ${leftOut.join(', ')}.`] : []),
  ].join('\n');
}

function count(value: number | undefined): string {
  return value === undefined ? '–' : value.toLocaleString('en');
}

function seconds(startedAt: number): string {
  return ((Date.now() - startedAt) / 1_000).toFixed(1);
}
