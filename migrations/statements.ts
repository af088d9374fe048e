import type { Knex } from 'knex';

/**
 * Runs SQL as it is written. `knex.raw` alone takes every `?` for a binding, those of regular expressions too, and writes
 * `$1` in its place without a word.
 */
export async function runStatements(knex: Knex, sql: string): Promise<number> {
  const { rowCount }: { readonly rowCount: number | null } = await knex.raw(sql.replaceAll('?', '\\?'));
  return rowCount ?? 0;
}
