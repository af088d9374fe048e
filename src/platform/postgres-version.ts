import type { Knex } from 'knex';
import { SetupError } from './setup-error';

/** What the schema's statements need, and the tests run on. */
const MIN_VERSION = 15;

/** @throws {SetupError} where the server of the database is older than that */
export async function requirePostgresVersion(db: Knex, minimum = MIN_VERSION): Promise<void> {
  const { rows } = await db.raw<{ rows: { readonly major: number; readonly version: string }[] }>(
    `select current_setting('server_version_num')::int / 10000 as major, current_setting('server_version') as version`,
  );
  const [found] = rows;
  if (found && found.major < minimum)
    throw new SetupError(
      `the server of DATABASE_URL is PostgreSQL ${found.version}, and the site needs ${minimum} or newer: upgrade it, or use another one.`,
    );
}
