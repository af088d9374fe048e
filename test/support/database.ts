import { randomBytes } from 'node:crypto';
import { createDatabase, type Database, SERVING, WORKING } from '../../src/platform/database';
import { withDatabase } from './database-url';

export type TestDatabase = { readonly url: string; readonly db: Database; drop(): Promise<void> };

/** A migrated, empty database of its own for a suite, copied from the run's template. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const { TEST_DATABASE_URL: serverUrl, TEST_DATABASE_TEMPLATE: template } = process.env;
  if (!serverUrl || !template) throw new Error('global-setup.ts did not run.');
  const name = `nipnime_test_${randomBytes(6).toString('hex')}`;
  const admin = createDatabase(serverUrl, { maxConnections: 1, limits: WORKING });
  await admin.raw('create database ?? template ?? strategy file_copy', [name, template]);
  const url = withDatabase(serverUrl, name);
  // As a site has it, but for the time in which sixty connections at once can be made.
  const limits = { ...SERVING, connectMs: 10_000, acquireMs: 10_000 };
  const db = createDatabase(url, { maxConnections: 60, limits });
  return {
    url,
    db,
    async drop() {
      await db.destroy();
      await admin.raw('drop database ?? with (force)', [name]);
      await admin.destroy();
    },
  };
}
