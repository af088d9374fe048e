import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDatabase, migrate, WORKING } from '../../src/platform/database';
import { openEmbeddedDatabase } from '../../src/platform/embedded/embedded-database';

/** A Postgres on which the bench makes databases of its own. */
export type BenchServer = {
  readonly version: string;
  /** Makes a migrated, empty database and gives its URL. */
  readonly create: (episodes: number) => Promise<string>;
  /** Drops what was made, and stops what was started. */
  readonly close: () => Promise<void>;
};

/** On the server of `databaseUrl`, or on an embedded one that goes with the bench. */
export async function openBenchServer(databaseUrl: string | undefined): Promise<BenchServer> {
  const server = databaseUrl ? { url: databaseUrl, close: async () => undefined } : await startEmbedded();
  const admin = createDatabase(server.url, { maxConnections: 1, limits: WORKING });
  const created: string[] = [];
  const close = async (): Promise<void> => {
    for (const name of created.splice(0)) await admin.raw('drop database if exists ?? with (force)', [name]);
    await admin.destroy();
    await server.close();
  };
  try {
    const { rows } = await admin.raw<{ rows: { server_version: string }[] }>('show server_version');
    return {
      version: rows[0]?.server_version ?? 'unknown',
      close,
      create: async (episodes) => {
        const name = `nipnime_bench_${episodes}_${randomBytes(4).toString('hex')}`;
        await admin.raw('create database ??', [name]);
        created.push(name);
        const url = new URL(server.url);
        url.pathname = `/${name}`;
        await migrateOnce(url.href);
        return url.href;
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function migrateOnce(url: string): Promise<void> {
  const db = createDatabase(url, { maxConnections: 2, limits: WORKING });
  try {
    await migrate(db);
  } finally {
    await db.destroy();
  }
}

async function startEmbedded(): Promise<{ readonly url: string; readonly close: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'nipnime-bench-'));
  // As root the server runs as somebody else, who has to get to its files.
  await chmod(folder, 0o755);
  const server = await openEmbeddedDatabase({
    directory: join(folder, 'postgres'),
    databaseName: 'postgres',
    // What is filled in is thrown away, and only reads are measured.
    settings: { fsync: 'off', autovacuum: 'off' },
  });
  return {
    url: server.url,
    close: async () => {
      await server.close();
      await rm(folder, { recursive: true });
    },
  };
}
