import { join } from 'node:path';
import { createDatabase, type Database, migrate, WORKING } from './database';
import { openEmbeddedDatabase } from './embedded/embedded-database';
import { migrateJobs } from './jobs';
import type { Logger } from './log';

export type OpenDatabase = { readonly db: Database; readonly url: string; close(): Promise<void> };

/**
 * Opens the given Postgres, or the embedded one in `dataDir`, for work that takes its time; its schema is up to date.
 * @param onGivenUp called when the embedded one has gone and can't be started again
 */
export async function openDatabase(
  options: { readonly databaseUrl: string | undefined; readonly dataDir: string },
  log: Logger,
  onGivenUp: (error: Error) => void = () => undefined,
): Promise<OpenDatabase> {
  const server = await openServer(options, log, onGivenUp);
  const db = createDatabase(server.url, { limits: WORKING, log });
  const close = async (): Promise<void> => {
    await db.destroy();
    await server.close();
  };
  try {
    await migrate(db);
    await migrateJobs(db, server.url);
  } catch (error) {
    await close();
    throw error;
  }
  return { db, url: server.url, close };
}

async function openServer(
  { databaseUrl, dataDir }: { readonly databaseUrl: string | undefined; readonly dataDir: string },
  log: Logger,
  onGivenUp: (error: Error) => void,
): Promise<{ readonly url: string; close(): Promise<void> }> {
  if (databaseUrl) return { url: databaseUrl, close: async () => undefined };
  return openEmbeddedDatabase({
    directory: join(dataDir, 'postgres'),
    databaseName: 'nipnime',
    notify: (message) => log.info(message),
    warn: (message) => log.warn(message),
    onGivenUp,
  });
}
