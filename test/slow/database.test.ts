import { createDatabase, createSessionPool, type Database, inWrite } from '../../src/platform/database';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy';

let database: TestDatabase;
let network: TcpProxy;
let url: string;
let db: Database;
beforeAll(async () => {
  database = await createTestDatabase();
  network = await startTcpProxy({ port: Number(new URL(database.url).port || 5432) });
  const through = new URL(database.url);
  through.host = `127.0.0.1:${network.port}`;
  url = through.href;
});
beforeEach(() => {
  db = createDatabase(url, { maxConnections: 5 });
});
afterEach(() => db.destroy());
afterAll(async () => {
  await network?.close();
  await database?.drop();
});

/** Opens as many connections as the pool may have; all are idle afterwards. */
async function fillPool(): Promise<void> {
  await Promise.all(Array.from({ length: 5 }, () => db.raw('select pg_sleep(0.1)')));
}

async function elapsedMs(work: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return performance.now() - startedMs;
}

test('a statement on a connection that went silent ends, and the next one has a connection that works', async () => {
  await fillPool();
  network.mute();
  expect(
    await elapsedMs(() => expect(db.raw('select 1')).rejects.toMatchObject({ code: 'ETIMEDOUT' })),
  ).toBeLessThan(3_000);
  // All the others were as silent; none of them is used again.
  expect(await elapsedMs(() => db.raw('select 1'))).toBeLessThan(1_000);
});

test('a transaction that went silent in its middle ends', async () => {
  await expect(
    db.transaction(async (trx) => {
      await trx.raw('select 1');
      network.mute();
      await trx.raw('select 2');
    }),
    // Knex speaks of the ROLLBACK that could not be sent.
  ).rejects.toThrow();
  await db.raw('select 1');
});

test('the pool of the sessions gets over it, too', async () => {
  const pool = createSessionPool(url);
  await Promise.all([1, 2, 3].map(() => pool.query('select pg_sleep(0.1)')));
  network.mute();
  await expect(pool.query('select 1')).rejects.toMatchObject({ code: 'ETIMEDOUT' });
  expect(await elapsedMs(() => pool.query('select 1'))).toBeLessThan(1_000);
  await pool.end();
});

test('a pool with silent connections is closed without waiting for them', async () => {
  const silent = createDatabase(url, { maxConnections: 3 });
  await Promise.all([1, 2, 3].map(() => silent.raw('select pg_sleep(0.1)')));
  network.mute();
  expect(await elapsedMs(() => silent.destroy())).toBeLessThan(3_000);
});

test('the server ends a statement before the client takes the connection for dead', async () => {
  await expect(db.raw('select pg_sleep(10)')).rejects.toMatchObject({ code: '57014' });
  const before = network.connections();
  await db.raw('select 1');
  expect(network.connections()).toBe(before);
});

test('a write waits two and a half seconds for a lock, not longer', async () => {
  await db.transaction(async (holder) => {
    await holder.raw('lock table series');
    await expect(inWrite(db, (trx) => trx.raw('lock table series'))).rejects.toMatchObject({ code: '55P03' });
  });
});

test('a write has more time, and only until it is over', async () => {
  const pool = createDatabase(url, { maxConnections: 1 });
  await inWrite(pool, (trx) => trx.raw('select pg_sleep(2.3)'));
  await expect(pool.raw('select pg_sleep(2.3)')).rejects.toMatchObject({ code: '57014' });
  await pool.destroy();
});

test('nothing is asked for at the start of a connection that PgBouncer would refuse', async () => {
  const { rows } = await db.raw<{ rows: { name: string; source: string }[] }>(
    `select name, source from pg_settings where name in ('statement_timeout', 'lock_timeout') order by name`,
  );
  // `client` would be a start-up parameter.
  expect(rows).toEqual([
    { name: 'lock_timeout', source: 'session' },
    { name: 'statement_timeout', source: 'session' },
  ]);
});
