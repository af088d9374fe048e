import knex, { type Knex } from 'knex';
import pg from 'pg';
import { migrationSource } from '../../migrations';
import { requireExtension } from './extensions';
import { knexLog, separateSql } from './knex-log';
import type { Logger } from './log';
import {
  type GuardedClient,
  guardedClient,
  type Limits,
  limitStatements,
  patienceFor,
} from './postgres-client';
import { requirePostgresVersion } from './postgres-version';

export type Database = Knex;
export type Transaction = Knex.Transaction;
export type SessionPool = pg.Pool;

/** For work that somebody waits for: a page, a form, a client of the stream. */
export const SERVING: Limits = {
  connectMs: 1_500,
  acquireMs: 2_000,
  statementMs: 2_000,
  lockMs: 2_000,
  idleInTransactionMs: 5_000,
};
/** For the look at the head, which everything live hangs on: a connection that went silent costs less than a look. */
export const WATCHING: Limits = { ...SERVING, connectMs: 1_000, acquireMs: 1_200, statementMs: 1_000 };
/** For commands and migrations, which may read or write the whole catalog in one statement. */
export const WORKING: Limits = {
  connectMs: 10_000,
  acquireMs: 10_000,
  statementMs: 600_000,
  lockMs: 60_000,
  idleInTransactionMs: 30_000,
};
/** For a transaction that serves a write of the catalog: an admin rather waits than types again. */
const WRITING = { statementMs: 4_000, lockMs: 2_500 };
/** How long another process may do work that only one can do. */
const EXCLUSIVE_MS = 1_800_000;

/**
 * Opens a pool of connections to Postgres. Nothing on it waits longer than `limits` say.
 * `bigint` and `numeric` come back as strings (they don't fit a JavaScript number), `timestamptz` as Date.
 */
export function createDatabase(
  url: string,
  {
    maxConnections = 10,
    limits = SERVING,
    log,
  }: { readonly maxConnections?: number; readonly limits?: Limits; readonly log?: Logger } = {},
): Database {
  const db = knex({
    client: 'pg',
    connection: { connectionString: url, application_name: 'nipnime' },
    pool: {
      min: 0,
      max: maxConnections,
      afterCreate: (connection: GuardedClient, done: (error: Error | null) => void) =>
        connection.query(limitStatements(limits), (error: Error | null) => done(error)),
      // Each time that the connection is taken from the pool: what an earlier transaction was allowed is over.
      validate: (connection: GuardedClient) => {
        connection.patienceMs = undefined;
        return true;
      },
    },
    acquireConnectionTimeout: limits.acquireMs,
    // A version may meet migrations that a newer one has made: schema.ts says what then.
    migrations: { migrationSource, disableMigrationsListValidation: true },
    // Without this, the error of a query that fails holds the query's values.
    compileSqlOnError: false,
    log: knexLog(log),
  });
  db.client.driver = { ...pg, Client: guardedClient(limits) };
  db.on('query-error', separateSql);
  return db;
}

/**
 * Gives the statements and locks of a transaction more time, on both ends of its connection, until it is over. A statement that has
 * more already keeps it.
 */
async function allowMore(trx: Transaction, { statementMs, lockMs }: typeof WRITING): Promise<void> {
  // Knex gives the transaction's own.
  const connection: GuardedClient = await trx.client.acquireConnection();
  if (connection.statementMs >= statementMs) return;
  connection.patienceMs = patienceFor(statementMs);
  await trx.raw(`set local statement_timeout = ${statementMs}; set local lock_timeout = ${lockMs}`);
}

/**
 * Runs `write` in a transaction that has the time which a write may take; on a pool for commands that is what the pool allows.
 * @param lockMs how long it may wait for a lock, where that is less than a write may
 */
export async function inWrite<T>(
  db: Database,
  write: (trx: Transaction) => Promise<T>,
  lockMs = WRITING.lockMs,
): Promise<T> {
  return db.transaction(async (trx) => {
    await allowMore(trx, { ...WRITING, lockMs });
    return write(trx);
  });
}

/** Brings the schema up to date; processes that start together wait for each other. */
export async function migrate(db: Database): Promise<void> {
  await exclusively(db, 'migrate', async () => {
    await requirePostgresVersion(db);
    await requireExtension(db, 'pg_trgm');
    await db.migrate.latest();
  });
}

/** Runs `work` while no other process runs work of that name on this database. */
export async function exclusively<T>(db: Database, name: string, work: () => Promise<T>): Promise<T> {
  return db.transaction(async (lock) => {
    await allowMore(lock, { statementMs: EXCLUSIVE_MS, lockMs: EXCLUSIVE_MS });
    await lock.raw('set local idle_in_transaction_session_timeout = 0');
    await lock.raw('select pg_advisory_xact_lock(hashtext(?))', [`nipnime:${name}`]);
    return work();
  });
}

/** Runs `read` on one snapshot: every query in it sees the same committed state. */
export async function inSnapshot<T>(db: Database, read: (trx: Transaction) => Promise<T>): Promise<T> {
  return db.transaction(read, { isolationLevel: 'repeatable read', readOnly: true });
}

/**
 * A time that no write has which is not committed yet: a row carries the time at which its transaction began. Whoever reads on from
 * there the next time may read something twice, and misses nothing. Ask before reading.
 */
export async function readSettledTime(db: Database): Promise<Date> {
  const { rows } = await db.raw<{ rows: { at: Date }[] }>(
    `select date_trunc('milliseconds', coalesce(min(xact_start), now())) as at
     from pg_stat_activity where datname = current_database()`,
  );
  const [row] = rows;
  if (!row) throw new Error('Postgres does not say what it is doing.');
  return row.at;
}

/** Returns true when a lock was not given in time. */
export function isLockTimeout(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === '55P03';
}

/** Returns true when the role of the connection has no right to what was asked for. */
export function isForbidden(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === '42501';
}

/** Returns true when the database refuses what was to be written: a value, or that there be two of it. */
export function isRefusedByDatabase(error: unknown): boolean {
  // Classes 22 and 23: data exceptions, and integrity constraint violations.
  return error instanceof pg.DatabaseError && /^2[23]/.test(error.code ?? '');
}

/** Returns true for a violation of the unique index or constraint of that name. */
export function isUniqueViolation(error: unknown, constraint: string): boolean {
  return error instanceof pg.DatabaseError && error.code === '23505' && error.constraint === constraint;
}

/** A small pool of its own for the session store, with the limits of `createDatabase`. */
export function createSessionPool(url: string): SessionPool {
  return createPool(url, 'nipnime-sessions', 3);
}

/** For code that speaks `pg` and not Knex, with the limits of `createDatabase`. */
export function createPool(url: string, name: string, maxConnections: number): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max: maxConnections,
    application_name: name,
    connectionTimeoutMillis: SERVING.acquireMs,
    Client: guardedClient(SERVING),
    // oxlint-disable-next-line typescript/no-misused-promises -- pg-pool waits for it, which its types don't say
    onConnect: async (client) => {
      await client.query(limitStatements(SERVING));
    },
  });
  // The pool drops a connection that broke while nobody used it; without a listener the process would end instead.
  pool.on('error', () => undefined);
  // The same for one that is in use: its query fails, which is what its user hears of.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}
