import { execFile } from 'node:child_process';
import { appendFile, chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createMemoryBus } from '../../src/live/feed/bus';
import { Feed } from '../../src/live/feed/feed';
import { Present } from '../../src/live/feed/present';
import type { Change, Cursor } from '../../src/live/log/change';
import { appendChanges, createLiveLog } from '../../src/live/log/live-log';
import { createDatabase, type Database, migrate, WORKING } from '../../src/platform/database';
import { type EmbeddedDatabase, openEmbeddedDatabase } from '../../src/platform/embedded/embedded-database';
import { createLogger } from '../../src/platform/log';
import { createThings } from '../support/live';
import { until } from '../support/until';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nipnime-failover-'));
  // As root the server runs as somebody else, who has to get to its files.
  await chmod(folder, 0o755);
});
afterAll(() => rm(folder, { recursive: true }));

const removal: Change = { type: 'remove', kind: 'thing', key: '1', topics: ['latest'], isNew: false };
async function append(db: Database): Promise<Cursor> {
  const { epoch, changes } = await db.transaction((trx) => appendChanges(trx, [removal]));
  return { epoch, seq: changes[0]?.seq ?? 0 };
}

async function withServer<T>(name: string, work: (db: Database) => Promise<T>): Promise<T> {
  const server: EmbeddedDatabase = await openEmbeddedDatabase({
    directory: join(folder, name),
    databaseName: 'nipnime',
    settings: { fsync: 'off' },
  });
  const db = createDatabase(server.url, { limits: WORKING });
  try {
    return await work(db);
  } finally {
    await db.destroy();
    await server.close();
  }
}

async function headOf(db: Database): Promise<Cursor> {
  const feed = new Feed({
    log: createLiveLog(db),
    bus: createMemoryBus(),
    present: new Present(createThings().lists, db),
    logger: createLogger('silent'),
  });
  await feed.start();
  await feed.stop();
  return feed.cursor;
}

test('a replica that takes over without the last commits begins another epoch, by itself', async () => {
  await withServer('primary', async (db) => {
    await migrate(db);
    await append(db);
  });
  // What a replica has that lags behind.
  await promisify(execFile)('cp', ['-a', join(folder, 'primary'), join(folder, 'replica')]);
  const lost = await withServer('primary', async (db) => {
    await append(db);
    const head = await headOf(db);
    expect(await append(db)).toMatchObject({ epoch: head.epoch });
    return headOf(db);
  });

  const data = join(folder, 'replica', 'cluster', 'data');
  await appendFile(join(data, 'postgresql.auto.conf'), "restore_command = 'false'\n");
  await writeFile(join(data, 'recovery.signal'), '');
  await withServer('replica', async (db) => {
    // Until it has taken over it can only be read.
    await until(async () => !(await db.raw('select pg_is_in_recovery() as is_replica')).rows[0].is_replica);
    // The number is given out again, and nobody can take it for the one that was lost.
    const again = await append(db);
    expect(again.seq).toBeLessThanOrEqual(lost.seq);
    expect(again.epoch).not.toBe(lost.epoch);
    expect((await headOf(db)).epoch).toBe(again.epoch);
  });
}, 60_000);
