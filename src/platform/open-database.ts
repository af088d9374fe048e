import { join } from 'node:path';
import { createDatabase, type Database, migrate, WORKING } from './database';
import { openEmbeddedDatabase } from './embedded/embedded-database';
import { migrateJobs } from './jobs';
import type { Logger } from './log';
import { listApplied, tellNewer } from './schema';

export type OpenDatabase = { readonly db: Database; readonly url: string; close(): Promise<void> };

type Options = { readonly databaseUrl: string | undefined; readonly dataDir: string };

/**
 * Opens the given Postgres, or the embedded one in `dataDir`, for work that takes its time; its schema is up to date, or newer than
 * this version.
 * @param onGivenUp called when the embedded one has gone and can't be started again
 */
export async function openDatabase(
  options: Options,
  log: Logger,
  onGivenUp: (error: Error) => void = () => undefined,
): Promise<OpenDatabase> {
  const database = await openAsItIs(options, log, onGivenUp);
  try {
    await migrate(database.db);
    await migrateJobs(database.db, database.url);
    const newer = tellNewer(await listApplied(database.db));
    if (newer !== undefined) log.warn(newer);
  } catch (error) {
    await database.close();
    throw error;
  }
  return database;
}

/** The same, and leaves the schema as it is. */
export async function openAsItIs(
  options: Options,
  log: Logger,
  onGivenUp: (error: Error) => void = () => undefined,
): Promise<OpenDatabase> {
  const server = await openServer(options, log, onGivenUp);
  const db = createDatabase(server.url, { limits: WORKING, log });
  const close = async (): Promise<void> => {
    await db.destroy();
    await server.close();
  };
  return { db, url: server.url, close };
}

async function openServer(
  { databaseUrl, dataDir }: Options,
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
