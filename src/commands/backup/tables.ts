import type { Database, Transaction } from '../../platform/database';

export type Table = {
  readonly name: string;
  /** Those that are kept; Postgres works the others out. */
  readonly columns: readonly string[];
};

/** Where the site has its tables. */
export const SITE = 'public';
/** What migrations have been run is said in the head of a backup. */
const OF_KNEX = ['knex_migrations', 'knex_migrations_lock'];
/** More than any chain of tables that refer to each other has: a circle ends there. */
const MAX_DEPTH = 50;

/** The tables of a schema, each behind those that it refers to. */
export async function findTables(trx: Database | Transaction, schema: string): Promise<readonly Table[]> {
  const { rows } = await trx.raw<{ rows: Table[] }>(
    `with recursive tables as (
       select oid, relname::text as name from pg_class
       where relnamespace = :schema::regnamespace and relkind = 'r' and relname <> all (:ofKnex)
         and not exists (select from pg_depend where classid = 'pg_class'::regclass and objid = pg_class.oid and deptype = 'e')
     ), depths as (
       select oid, 0 as depth from tables
       union
       select conrelid, depth + 1 from depths join pg_constraint on confrelid = depths.oid
       where contype = 'f' and conrelid <> confrelid and depth < :maxDepth
     )
     select name, array(
       select attname::text from pg_attribute
       where attrelid = oid and attnum > 0 and not attisdropped and attgenerated = '' order by attnum) as columns
     from tables join depths using (oid) group by oid, name order by max(depth), name`,
    { schema, ofKnex: OF_KNEX, maxDepth: MAX_DEPTH },
  );
  return rows;
}

/** The number of rows of each table. */
export async function countRows(
  trx: Database | Transaction,
  schema: string,
  tables: readonly Pick<Table, 'name'>[],
): Promise<ReadonlyMap<string, number>> {
  const counts = tables.map(() => 'select ?::text as name, count(*) as rows from ??.??');
  const { rows } = await trx.raw<{ rows: { name: string; rows: string }[] }>(
    counts.join(' union all '),
    tables.flatMap(({ name }) => [name, schema, name]),
  );
  return new Map(rows.map((each) => [each.name, Number(each.rows)]));
}

/** The last number that each sequence of a schema has given, if it has given one. */
export async function findSequences(
  trx: Transaction,
  schema: string,
): Promise<readonly { readonly name: string; readonly last: string }[]> {
  const { rows } = await trx.raw<{ rows: { name: string; last: string }[] }>(
    `select sequencename::text as name, last_value::text as last from pg_sequences
     where schemaname = ? and last_value is not null and not starts_with(sequencename, 'knex_') order by 1`,
    [schema],
  );
  return rows;
}
