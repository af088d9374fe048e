import knex, { type Knex } from 'knex';
import pg from 'pg';
import { migrationSource } from '../../migrations';

export type Database = Knex;
export type Transaction = Knex.Transaction;
export type SessionPool = pg.Pool;

/**
 * Opens a pool of connections to Postgres.
 * `bigint` and `numeric` come back as strings (they don't fit a JavaScript number), `timestamptz` as Date.
 */
export function createDatabase(url: string, options: { readonly maxConnections?: number } = {}): Database {
  return knex({
    client: 'pg',
    connection: {
      connectionString: url,
      application_name: 'nipnime',
      // A write that hangs holds the counter row, and with it every other write.
      statement_timeout: 30_000,
      idle_in_transaction_session_timeout: 30_000,
    },
    pool: { min: 0, max: options.maxConnections ?? 10 },
    acquireConnectionTimeout: 10_000,
    migrations: { migrationSource },
  });
}

/** Brings the schema up to date; processes that start together wait for each other. */
export async function migrate(db: Database): Promise<void> {
  await exclusively(db, 'migrate', () => db.migrate.latest());
}

/** Runs `work` while no other process runs work of that name on this database. */
export async function exclusively<T>(db: Database, name: string, work: () => Promise<T>): Promise<T> {
  return db.transaction(async (lock) => {
    // Work may take longer than a write is allowed to.
    await lock.raw('set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0');
    await lock.raw('select pg_advisory_xact_lock(hashtext(?))', [`nipnime:${name}`]);
    return work();
  });
}

/** Runs `read` on one snapshot: every query in it sees the same committed state. */
export async function inSnapshot<T>(db: Database, read: (trx: Transaction) => Promise<T>): Promise<T> {
  return db.transaction(read, { isolationLevel: 'repeatable read', readOnly: true });
}

/** True for a violation of the unique index or constraint of that name. */
export function isUniqueViolation(error: unknown, constraint: string): boolean {
  return error instanceof pg.DatabaseError && error.code === '23505' && error.constraint === constraint;
}

/** A small pool of its own for code that speaks `pg` and not Knex (the session store). */
export function createSessionPool(url: string): SessionPool {
  const pool = new pg.Pool({ connectionString: url, max: 3, application_name: 'nipnime-sessions' });
  // The pool drops a connection that broke while nobody used it; without a listener the process would end instead.
  pool.on('error', () => undefined);
  return pool;
}
