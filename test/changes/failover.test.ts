import { execFile } from 'node:child_process';
import { appendFile, chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createMemoryChangeBus } from '../../src/changes/change-bus';
import type { Change, Cursor } from '../../src/changes/change-event';
import { ChangeFeed } from '../../src/changes/change-feed';
import { appendChanges } from '../../src/changes/change-log';
import { createDatabase, type Database, migrate, WORKING } from '../../src/platform/database';
import { type EmbeddedDatabase, openEmbeddedDatabase } from '../../src/platform/embedded-database';
import { createLogger } from '../../src/platform/log';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nipnime-failover-'));
  // As root the server runs as somebody else, who has to get to its files.
  await chmod(folder, 0o755);
});
afterAll(() => rm(folder, { recursive: true }));

const removal: Change = { type: 'remove', episodeId: '1' };
const append = async (db: Database): Promise<Cursor | undefined> =>
  (await db.transaction((trx) => appendChanges(trx, [removal])))[0];

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
  const feed = new ChangeFeed({ db, bus: createMemoryChangeBus(), log: createLogger('silent') });
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
    // The number is given out again, and nobody can take it for the one that was lost.
    const again = await append(db);
    expect(again?.seq).toBeLessThanOrEqual(lost.seq);
    expect(again?.epoch).not.toBe(lost.epoch);
    expect((await headOf(db)).epoch).toBe(again?.epoch);
  });
}, 60_000);
