import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { copyOut } from '../../platform/copy';
import { type Database, inSnapshot, type Transaction } from '../../platform/database';
import { listApplied } from '../../platform/schema';
import { type BackupHead, END } from './backup-file';
import { countRows, findSequences, findTables, SITE } from './tables';

/** Writes the database as it is at one moment. Returns the head of what was written. */
export async function writeBackup(db: Database, output: Writable): Promise<BackupHead> {
  return inSnapshot(db, async (trx) => {
    const head = await readHead(db, trx);
    await pipeline(Readable.from(pieces(trx, head)), createGzip(), output);
    return head;
  });
}

/** @throws when the schema is being changed: then the tables may be others than those of the snapshot */
async function readHead(db: Database, trx: Transaction): Promise<BackupHead> {
  const migrations = await findMigrations(trx);
  const tables = await findTables(trx, SITE);
  await trx.raw(`lock table ${tables.map(() => '??.??').join(', ')} in access share mode`, [
    ...tables.flatMap(({ name }) => [SITE, name]),
  ]);
  if ((await findMigrations(db)).join() !== migrations.join())
    throw new Error('The schema of the database is just being brought up to date: try again.');
  const counts = await countRows(trx, SITE, tables);
  return {
    format: 'nipnime backup',
    version: 1,
    at: new Date().toISOString(),
    migrations,
    sequences: [...(await findSequences(trx, SITE))],
    tables: tables.map(({ name, columns }) => ({
      name,
      columns: [...columns],
      rows: counts.get(name) ?? 0,
    })),
  };
}

async function findMigrations(db: Database | Transaction): Promise<string[]> {
  return (await listApplied(db)).map(({ name }) => name);
}

async function* pieces(trx: Transaction, head: BackupHead): AsyncGenerator<Buffer> {
  // As any other session reads them.
  await trx.raw(`set local datestyle = 'ISO'; set local intervalstyle = 'postgres'`);
  yield Buffer.from(`${JSON.stringify(head)}\n`);
  for (const { name, columns } of head.tables) {
    const names = columns.map(() => '??').join(', ');
    yield* copyOut(trx, trx.raw(`copy ??.?? (${names}) to stdout`, [SITE, name, ...columns]).toQuery());
  }
  yield Buffer.from(END);
}
