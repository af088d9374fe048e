import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDatabase, migrate, WORKING } from '../../src/platform/database';
import { openEmbeddedDatabase } from '../../src/platform/embedded/embedded-database';
import { migrateJobs } from '../../src/platform/jobs';
import { withDatabase } from './database-url';
import { findRedisServer, MISSING_REDIS } from './redis';

/** One Postgres for the run, and in it a migrated template that every suite's database is copied from. */
export default async function globalSetup(): Promise<void> {
  if (process.env.CI === 'true' && !findRedisServer()) throw new Error(MISSING_REDIS);

  const server = process.env.DATABASE_URL
    ? { url: process.env.DATABASE_URL, close: async () => undefined }
    : await startPostgres();
  const template = `nipnime_template_${process.pid}`;
  const admin = createDatabase(server.url, { maxConnections: 1, limits: WORKING });
  globalThis.stopTestDatabase = async () => {
    await admin.raw('drop database if exists ??', [template]);
    await admin.destroy();
    await server.close();
  };
  try {
    await admin.raw('drop database if exists ??', [template]);
    await admin.raw('create database ??', [template]);
    const url = withDatabase(server.url, template);
    const db = createDatabase(url, { maxConnections: 2, limits: WORKING });
    await migrate(db);
    await migrateJobs(db, url);
    await db.destroy();
  } catch (error) {
    await globalThis.stopTestDatabase();
    throw error;
  }
  process.env.TEST_DATABASE_URL = server.url;
  process.env.TEST_DATABASE_TEMPLATE = template;
}

/** The embedded Postgres in a folder that goes with the run. */
async function startPostgres(): Promise<{ readonly url: string; close(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'nipnime-test-'));
  // As root the server runs as somebody else, who has to get to its files.
  await chmod(folder, 0o755);
  const server = await openEmbeddedDatabase({
    directory: join(folder, 'postgres'),
    databaseName: 'postgres',
    // Nothing here has to outlive a crash.
    settings: { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '300' },
  });
  return {
    url: server.url,
    close: async () => {
      await server.close();
      await rm(folder, { recursive: true });
    },
  };
}

declare global {
  var stopTestDatabase: (() => Promise<void>) | undefined;
}
