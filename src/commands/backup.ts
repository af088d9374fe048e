import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import type { Database } from '../platform/database';
import type { BackupHead } from './backup/backup-file';
import { writeBackup } from './backup/write-backup';
import { runCommand, UsageError, withDatabase } from './support/run-command';

const HELP = `Writes the database to a file, from which \`npm run restore\` brings it back.

  npm run --silent backup -- FILE

  FILE  where it is written; - for standard output

It may run while the site does, and writes the database as it is at one moment. A file that is there is replaced when the new one is whole.
Only its owner can read it: accounts and log-ins are in it. Uploaded pictures are not (docs/deployment.md).
`;

runCommand(HELP, async (args) => {
  const startedAt = Date.now();
  const [file, ...more] = parseArgs({ args, allowPositionals: true, options: {} }).positionals;
  if (file === undefined || more.length > 0)
    throw new UsageError('One FILE is required; - is standard output.');
  if (file === '-' && process.stdout.isTTY)
    throw new UsageError('A terminal is no place for a backup: lead standard output into a file.');
  await withDatabase(async ({ db }) => {
    const { tables } = file === '-' ? await writeBackup(db, process.stdout) : await toFile(file, db);
    const rows = tables.reduce((sum, table) => sum + table.rows, 0);
    const text = `Backed up ${rows.toLocaleString('en')} rows of ${tables.length} tables in ${seconds(startedAt)} s.\n`;
    (file === '-' ? process.stderr : process.stdout).write(text);
  });
});

/** Beside it first: nobody finds half a backup. */
async function toFile(path: string, db: Database): Promise<BackupHead> {
  const part = `${path}.part`;
  await rm(part, { force: true });
  const file = createWriteStream(part, { flags: 'wx', mode: 0o600, flush: true });
  try {
    const head = await writeBackup(db, file);
    await rename(part, path);
    return head;
  } catch (error) {
    file.destroy();
    await rm(part, { force: true });
    throw error;
  }
}

function seconds(startedAt: number): string {
  return ((Date.now() - startedAt) / 1_000).toFixed(1);
}
