import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDatabase, migrate } from '../../src/platform/database';
import { openEmbeddedDatabase } from '../../src/platform/embedded-database';
import { withDatabase } from './database-url';
import { findRedisServer, MISSING_REDIS } from './redis';

/** One Postgres for the run, and in it a migrated template that every suite's database is copied from. */
export default async function globalSetup(): Promise<void> {
  if (process.env.CI === 'true' && !process.env.REDIS_URL && !findRedisServer()) throw new Error(MISSING_REDIS);

  const server = process.env.DATABASE_URL
    ? { url: process.env.DATABASE_URL, close: async () => undefined }
    : await openEmbeddedDatabase({
        directory: join(await mkdtemp(join(tmpdir(), 'nipnime-test-')), 'postgres'),
        databaseName: 'postgres',
        // Nothing here has to outlive a crash.
        settings: { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '200' },
      });

  const template = `nipnime_template_${process.pid}`;
  const admin = createDatabase(server.url, { maxConnections: 1 });
  await admin.raw('drop database if exists ??', [template]);
  await admin.raw('create database ??', [template]);
  const db = createDatabase(withDatabase(server.url, template), { maxConnections: 2 });
  await migrate(db);
  await db.destroy();

  process.env.TEST_DATABASE_URL = server.url;
  process.env.TEST_DATABASE_TEMPLATE = template;
  globalThis.stopTestDatabase = async () => {
    await admin.raw('drop database if exists ??', [template]);
    await admin.destroy();
    await server.close();
  };
}

declare global {
  var stopTestDatabase: (() => Promise<void>) | undefined;
}
