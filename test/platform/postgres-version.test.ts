import { requirePostgresVersion } from '../../src/platform/postgres-version';
import { createTestDatabase } from '../support/database';

test('a Postgres that is too old is said to be, with what is needed', async () => {
  const { db, drop } = await createTestDatabase();
  try {
    await expect(requirePostgresVersion(db)).resolves.toBeUndefined();
    await expect(requirePostgresVersion(db, 99)).rejects.toThrow(
      /^the server of DATABASE_URL is PostgreSQL \d\d\S*.*, and the site needs 99 or newer: upgrade it/,
    );
  } finally {
    await drop();
  }
});
