import { createServer } from 'node:net';
import { runInNewContext } from 'node:vm';
import pg from 'pg';
import { createDatabase } from '../../src/platform/database';
import { databaseTrouble } from '../../src/platform/database-errors';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { freePort } from '../support/redis';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

/** What connecting to this address, or a query over it, ends in. */
async function errorOf(url: string, sql = 'select 1'): Promise<unknown> {
  const db = createDatabase(url, { maxConnections: 1 });
  try {
    return await db.raw(sql).then(
      () => undefined,
      (error: unknown) => error,
    );
  } finally {
    await db.destroy();
  }
}

function changed(
  url: string,
  parts: Partial<Record<'hostname' | 'port' | 'username' | 'password' | 'pathname', string>>,
): string {
  return Object.assign(new URL(url), parts).href;
}

describe('of the server', () => {
  test.each([
    ['53100', 'refused'],
    ['53200', 'refused'],
    ['53300', 'away'],
    ['55P03', 'refused'],
    ['57014', 'refused'],
    ['57P01', 'away'],
    ['57P03', 'away'],
    ['58030', 'refused'],
    ['25006', 'refused'],
    ['40001', 'refused'],
    ['40P01', 'refused'],
    ['08006', 'away'],
  ])('%s is "not now"', async (code, kind) => {
    const error = await errorOf(
      database.url,
      `do $$ begin raise exception 'not now' using errcode = '${code}'; end $$`,
    );
    expect(databaseTrouble(error)).toEqual({ kind, code, reason: 'not now' });
  });

  test.each([
    ['a violated constraint', `insert into series (slug, title, kind) values ('x', 'x', 'none')`],
    ['a value of another type', `select 'frieren'::int`],
    ['a table that is not there', 'select * from nowhere'],
    ['a mistake in the query', 'selec 1'],
    ['a division by zero', 'select 1 / 0'],
  ])('%s is a fault of ours', async (_what, sql) => {
    const error = await errorOf(database.url, sql);
    expect(error).toBeInstanceOf(Error);
    expect(databaseTrouble(error)).toBeUndefined();
  });
});

describe('of the connection', () => {
  test('a wrong password, and a database or an account that is not there', async () => {
    for (const parts of [{ password: 'guessed' }, { username: 'nobody_here' }, { pathname: 'nowhere' }]) {
      expect(databaseTrouble(await errorOf(changed(database.url, parts)))).toMatchObject({ kind: 'away' });
    }
  });

  test('a database that takes no connections', async () => {
    const closed = `closed_${process.pid}`;
    await database.db.raw(`create database ${closed} allow_connections = false`);
    try {
      const url = changed(database.url, { pathname: closed });
      expect(databaseTrouble(await errorOf(url))).toMatchObject({ kind: 'away', code: '55000' });
    } finally {
      await database.db.raw(`drop database ${closed}`);
    }
  });

  test('nobody listens, by address and by a name with several addresses', async () => {
    const port = String(await freePort());
    for (const host of ['127.0.0.1', 'localhost']) {
      const url = changed(database.url, { hostname: host, port });
      expect(databaseTrouble(await errorOf(url))).toMatchObject({ kind: 'away', code: 'ECONNREFUSED' });
    }
  });

  test('no such host, no such socket', async () => {
    const host = changed(database.url, { hostname: 'nowhere.invalid' });
    expect(databaseTrouble(await errorOf(host))).toMatchObject({ kind: 'away' });
    expect(databaseTrouble(await errorOf('postgres:///site?host=/nowhere'))).toMatchObject({
      kind: 'away',
      code: 'ENOENT',
    });
  });

  test('the server has no TLS', async () => {
    const url = `${database.url}?sslmode=verify-full`;
    expect(databaseTrouble(await errorOf(url))).toMatchObject({ kind: 'away' });
  });

  test('the server hangs up', async () => {
    const server = createServer((socket) => socket.once('data', () => socket.destroy()));
    const port = await freePort();
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    const url = changed(database.url, { port: String(port) });
    expect(databaseTrouble(await errorOf(url))).toMatchObject({ kind: 'away' });
    server.close();
  });

  test('an operator ends the session of a query', async () => {
    const error = await errorOf(database.url, 'select pg_terminate_backend(pg_backend_pid())');
    expect(databaseTrouble(error)).toMatchObject({ kind: 'away' });
  });

  test('the server is silent', async () => {
    const client = new pg.Client({ connectionString: database.url, query_timeout: 20 });
    await client.connect();
    const error: unknown = await client.query('select pg_sleep(1)').catch((reason: unknown) => reason);
    await client.end();
    expect(databaseTrouble(error)).toMatchObject({ kind: 'away', reason: 'Query read timeout' });
  });

  test('no connection becomes free', async () => {
    const db = createDatabase(database.url, { maxConnections: 1 });
    const trx = await db.transaction();
    db.client.pool.acquireTimeoutMillis = 20;
    const error: unknown = await db.raw('select 1').catch((reason: unknown) => reason);
    await trx.rollback();
    await db.destroy();
    expect(databaseTrouble(error)).toMatchObject({ kind: 'away', code: 'KnexTimeoutError' });
  });

  test('the pool has been closed', async () => {
    const db = createDatabase(database.url);
    await db.destroy();
    expect(databaseTrouble(await db.raw('select 1').catch((reason: unknown) => reason))).toMatchObject({
      kind: 'away',
    });
  });
});

test('is found in the cause, and in an error of another realm', async () => {
  const lost = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
  expect(databaseTrouble(new Error('Saving failed', { cause: lost }))?.code).toBe('ECONNRESET');
  const foreign: unknown = runInNewContext(`Object.assign(new Error('x'), { code: 'ECONNREFUSED' })`);
  expect(databaseTrouble(foreign)?.code).toBe('ECONNREFUSED');
  const circle = new Error('a');
  circle.cause = circle;
  expect(databaseTrouble(circle)).toBeUndefined();
});

test.each([
  undefined,
  null,
  '53300',
  { code: '53300' },
  new Error('x'),
  Object.assign(new Error('x'), { code: 'ENOENT', syscall: 'open' }),
])('%p is nothing of the database', (error) => {
  expect(databaseTrouble(error)).toBeUndefined();
});

test('an error of a query holds none of its values in its message', async () => {
  const secret = 'a-value-of-a-row';
  const error: unknown = await database
    .db('series')
    .insert({ slug: secret, title: secret, kind: 'none' })
    .catch((reason: unknown) => reason);
  expect(error).toMatchObject({
    message: expect.stringMatching(/^new row for relation "series"/),
    code: '23514',
  });
  expect(String(error)).not.toContain(secret);
});
