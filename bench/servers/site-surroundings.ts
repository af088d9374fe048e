import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { startRedis } from '../../src/commands/fleet/redis';
import { importBangumi, recentSince } from '../../src/features/transfer/import-bangumi';
import { createRedisBus } from '../../src/live/feed/bus';
import { formatCursor } from '../../src/live/log/change';
import { readHead } from '../../src/live/log/live-log';
import type { Database } from '../../src/platform/database';
import { createLogger } from '../../src/platform/log';
import { openDatabase } from '../../src/platform/open-database';
import { createLists } from '../../src/process/lists';
import { CatalogPublisher } from '../events/catalog-publisher';
import type { Workplace } from '../machine/workplace';

/** What the site needs around it: a database with a catalog, Redis, and somebody who edits. */
export type SiteSurroundings = {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  /** With it the publisher seals what it tells to the site. */
  readonly sessionSecret: string;
  readonly publisher: CatalogPublisher;
  /** Where the catalog is now: what a client sends that resumes. */
  readCursor(): Promise<string>;
};

/** Starts Postgres (the embedded one) and Redis beside the load. */
export async function openSurroundings({ programs, cleanup, folder }: Workplace): Promise<SiteSurroundings> {
  if (!programs.redis) {
    throw new Error('redis-server is needed to measure the site.\n  Debian: apt-get install redis-server');
  }
  const log = createLogger('warn');
  const database = await openDatabase({ databaseUrl: undefined, dataDir: join(folder, 'data') }, log);
  cleanup.add(() => database.close());
  await importCatalog(database.db);
  const redis = await startRedis({ program: programs.redis });
  cleanup.add(() => redis.service.stop());
  const sessionSecret = randomBytes(32).toString('hex');
  const bus = createRedisBus(redis.url, log, { secret: sessionSecret });
  cleanup.add(() => bus.close());
  const publisher = await CatalogPublisher.open(database.db, bus);
  return {
    databaseUrl: database.url,
    redisUrl: redis.url,
    sessionSecret,
    publisher,
    readCursor: async () => formatCursor(await readHead(database.db)),
  };
}

/** What a site has after its first start. */
async function importCatalog(db: Database): Promise<void> {
  process.stderr.write('Importing a catalog …\n');
  const now = new Date();
  const catalog = {
    db,
    lists: createLists().all,
    publish: async () => undefined,
    audit: async () => undefined,
  };
  const actor = { kind: 'system', id: null, name: 'bench', via: 'command' } as const;
  await importBangumi(catalog, actor, { now, since: recentSince(now) });
}
