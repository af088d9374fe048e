import { migrationSource } from '../../migrations';
import { type Database, exclusively, type Transaction } from './database';

/** A change of the schema, as `knex_migrations` names it. */
export type AppliedMigration = {
  readonly name: string;
  readonly at: Date;
  /** False where only a newer version of the site knows it. */
  readonly isKnown: boolean;
};

/** What the database's schema was made by, oldest first; empty for a database that the site has not used yet. */
export async function listApplied(db: Database | Transaction): Promise<readonly AppliedMigration[]> {
  if (!(await db.schema.hasTable('knex_migrations'))) return [];
  const known = await knownMigrations();
  const rows: { readonly name: string; readonly migration_time: Date }[] = await db('knex_migrations')
    .select('name', 'migration_time')
    .orderBy('id');
  return rows.map(({ name, migration_time }) => ({
    name,
    at: migration_time,
    isKnown: known.includes(name),
  }));
}

/** What there is to say of a schema that a newer version has made; undefined where none has. */
export function tellNewer(applied: readonly AppliedMigration[]): string | undefined {
  const newer = applied.filter(({ isKnown }) => !isKnown).map(({ name }) => name);
  return newer.length === 0
    ? undefined
    : `The database has changes of a newer version of the site (${newer.join(', ')}). This version goes on with them, as for a rollback; it is made for one release back.`;
}

/** What this version would still apply, in order. */
export async function listPending(db: Database): Promise<readonly string[]> {
  const applied = new Set((await listApplied(db)).map(({ name }) => name));
  return (await knownMigrations()).filter((name) => !applied.has(name));
}

/**
 * Undoes the migration that was applied last, with what it has added.
 * @returns its name; undefined where there is none
 * @throws Error when only a newer version knows it
 */
export async function undoLast(db: Database): Promise<string | undefined> {
  return exclusively(db, 'migrate', async () => {
    const last = (await listApplied(db)).at(-1);
    if (!last) return undefined;
    if (!last.isKnown)
      throw new Error(
        `${last.name} was made by a newer version of the site, which alone can undo it: run this with that version.`,
      );
    await db.migrate.down({ name: last.name });
    return last.name;
  });
}

/** Makes in the transaction's `search_path` what the migrations of these names make there, and notes nothing down. */
export async function runMigrations(trx: Transaction, names: readonly string[]): Promise<void> {
  for (const name of names) await (await migrationSource.getMigration(name)).up(trx);
}

/** What this version knows, in order. */
export async function knownMigrations(): Promise<readonly string[]> {
  return (await migrationSource.getMigrations([])).map((migration) =>
    migrationSource.getMigrationName(migration),
  );
}
