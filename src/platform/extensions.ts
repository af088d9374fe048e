import type { Knex } from 'knex';
import { SetupError } from './setup-error';

type Found = {
  readonly made: boolean;
  readonly available: boolean;
  readonly may_create: boolean;
  readonly database: string;
};

/**
 * Looks whether migrations will be able to create an extension, which for one that Postgres trusts takes no superuser.
 * @throws with what to do when they will not
 * https://www.postgresql.org/docs/current/sql-createextension.html
 */
export async function requireExtension(db: Knex, name: string): Promise<void> {
  const { rows } = await db.raw<{ rows: Found[] }>(
    `select exists (select 1 from pg_extension where extname = :name) as made,
            exists (select 1 from pg_available_extensions where name = :name) as available,
            has_database_privilege(current_database(), 'create') as may_create,
            current_database() as database`,
    { name },
  );
  const [found] = rows;
  if (!found || found.made) return;
  const needs = `The database ${found.database} needs the extension ${name} of PostgreSQL`;
  if (!found.available)
    throw new SetupError(`${needs}, and its server has none: install PostgreSQL's contrib modules there.`);
  if (!found.may_create)
    throw new SetupError(
      `${needs}, and the user of DATABASE_URL may not create it: make that user the owner of the database, or let a superuser run "create extension ${name}" in it.`,
    );
}
