import { setTimeout as sleep } from 'node:timers/promises';
import { askForMissingFiles } from '../../features/images/repository';
import { beginEpoch } from '../../live/log/live-log';
import { copyIn } from '../../platform/copy';
import {
  type Database,
  exclusively,
  isForbidden,
  isLockTimeout,
  type Transaction,
} from '../../platform/database';
import { knownMigrations, listApplied, runMigrations } from '../../platform/schema';
import { BackupFileError, type BackupReader } from './backup-file';
import { findSequences, findTables, SITE, type Table } from './tables';

/** Where the backup's tables are made before anything of the site is touched. */
const STAGE = 'nipnime_restore';
/** For a moment in which nobody writes. */
const QUIET_MS = 30_000;
/** For one table: less than `deadlock_timeout`, so that nobody who writes is ended because of it. */
const LOCK_MS = 900;
const RETRY_MS = 100;

/**
 * @throws BackupFileError when the backup was made by a version that knows more
 * @throws Error when the database was
 */
export async function checkVersions(db: Database, { head }: BackupReader): Promise<void> {
  const known = await knownMigrations();
  const unknown = head.migrations.find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new BackupFileError(
      `The backup was made by a newer version of nipnime, which knows of ${unknown}: restore it with that version.`,
    );
  const newer = (await listApplied(db)).find(({ isKnown }) => !isKnown);
  if (newer)
    throw new Error(
      `A newer version of nipnime has made the schema of this database (${newer.name}): restore with that version. Nothing was changed.`,
    );
}

/**
 * Puts what is in the backup in the place of what is in the database, in one transaction. Whoever reads sees what was there up to its
 * end; who writes waits only while rows are put in their place. Returns the names of the backup's tables that are none of the site's,
 * which are left out.
 * @param quietMs how long it waits for a moment in which nobody writes
 * @throws BackupFileError for a backup that is not whole; nothing has changed then
 */
export async function restoreBackup(
  db: Database,
  backup: BackupReader,
  quietMs = QUIET_MS,
): Promise<readonly string[]> {
  await checkVersions(db, backup);
  const leftOut = await exclusively(db, 'migrate', () =>
    db.transaction(async (trx) => {
      const left = await stage(trx, backup);
      await replaceRows(trx, quietMs);
      await askForMissingFiles(trx);
      await beginEpoch(trx);
      return left;
    }),
  ).catch((error: unknown) => {
    if (!isForbidden(error)) throw error;
    throw new Error(
      'The role of DATABASE_URL may not do this: restore as the one that owns the database and its tables. Nothing was changed.',
      { cause: error },
    );
  });
  const tables = await findTables(db, SITE);
  // Every row is a new one: Postgres knows neither how many there are, nor that the old ones have gone.
  await db.raw(`vacuum analyze ${listOf(tables)}`, names(SITE, tables));
  return leftOut;
}

/** Makes the tables as the backup's site had them, by the same migrations, fills them, and runs the migrations that came later. */
async function stage(trx: Transaction, backup: BackupReader): Promise<readonly string[]> {
  const { migrations, sequences, tables } = backup.head;
  await trx.raw('create schema ??', [STAGE]);
  await trx.raw(
    `select set_config('search_path', concat_ws(', ', ?::text, current_setting('search_path')), true)`,
    [STAGE],
  );
  await runMigrations(trx, migrations);

  const made = await findTables(trx, STAGE);
  await setTriggers(trx, STAGE, made, 'disable');
  // Some migrations put in what a new site begins with.
  for (const { name } of made.toReversed()) await trx.raw('delete from ??.??', [STAGE, name]);
  const leftOut: string[] = [];
  for (const table of tables) {
    const { name, columns } = table;
    if (made.some((each) => each.name === name)) {
      const sql = `copy ??.?? (${columns.map(() => '??').join(', ')}) from stdin`;
      await copyIn(trx, trx.raw(sql, [STAGE, name, ...columns]).toQuery(), backup.rows(table));
    } else {
      for await (const _rows of backup.rows(table));
      leftOut.push(name);
    }
  }
  await backup.end();
  await setTriggers(trx, STAGE, made, 'enable');
  for (const { name, last } of sequences)
    await trx.raw('select setval(s.oid::regclass, ?) from pg_class s where oid = to_regclass(?)', [
      last,
      `"${STAGE}"."${name}"`,
    ]);

  const known = await knownMigrations();
  await runMigrations(
    trx,
    known.filter((name) => !migrations.includes(name)),
  );
  return leftOut;
}

async function replaceRows(trx: Transaction, quietMs: number): Promise<void> {
  const tables = await findTables(trx, STAGE);
  await lockWhenQuiet(trx, tables, quietMs);
  await setTriggers(trx, SITE, tables, 'disable');
  for (const { name } of tables.toReversed()) await trx.raw('delete from ??.??', [SITE, name]);
  for (const { name, columns } of tables) {
    const list = columns.map(() => '??').join(', ');
    await trx.raw(`insert into ??.?? (${list}) overriding system value select ${list} from ??.??`, [
      ...[SITE, name, ...columns],
      ...[...columns, STAGE, name],
    ]);
  }
  await setTriggers(trx, SITE, tables, 'enable');
  // Never back: what was made since the backup has ids that somebody may have kept. And a rollback would not undo it.
  for (const { name, last } of await findSequences(trx, STAGE))
    await trx.raw(
      `select setval(format('%I.%I', schemaname, sequencename)::regclass, greatest(last_value, ?::bigint))
       from pg_sequences where schemaname = ? and sequencename = ?`,
      [last, SITE, name],
    );
  await trx.raw('drop schema ?? cascade', [STAGE]);
}

/** Locks the tables of the site against whoever writes; those who read don't notice. */
async function lockWhenQuiet(trx: Transaction, tables: readonly Table[], quietMs: number): Promise<void> {
  const giveUpMs = performance.now() + quietMs;
  await trx.raw(`set local lock_timeout = ${LOCK_MS}`);
  for (;;) {
    try {
      // In a savepoint: what it has got is given back, and it tries again.
      return await trx.transaction(async (attempt) => {
        await attempt.raw(`lock table ${listOf(tables)} in exclusive mode`, names(SITE, tables));
      });
    } catch (error) {
      if (!isLockTimeout(error)) throw error;
      if (performance.now() > giveUpMs)
        throw new Error(
          `Somebody has been writing to the database for ${quietMs / 1_000} s on end, so nothing was restored: try again when less is going on, or stop the nodes.`,
          { cause: error },
        );
      await sleep(RETRY_MS);
    }
  }
}

/** Of the site's triggers; those of foreign keys go on. */
async function setTriggers(
  trx: Transaction,
  schema: string,
  tables: readonly Table[],
  to: 'enable' | 'disable',
): Promise<void> {
  for (const { name } of tables) await trx.raw(`alter table ??.?? ${to} trigger user`, [schema, name]);
}

function names(schema: string, tables: readonly Table[]): string[] {
  return tables.flatMap(({ name }) => [schema, name]);
}

function listOf(tables: readonly Table[]): string {
  return tables.map(() => '??.??').join(', ');
}
