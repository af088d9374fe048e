import { createDatabase, createPool } from '../../src/platform/database';
import { figuresOfDatabase, figuresOfPool } from '../../src/platform/pool-figures';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { until } from '../support/until';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

test('tell what a pool of Knex has in use, and who waits for it', async () => {
  const db = createDatabase(database.url, { maxConnections: 1 });
  expect(figuresOfDatabase(db)).toEqual({ used: 0, idle: 0, waiting: 0, max: 1 });
  const taken = await db.transaction();
  const waiting = db.raw('select 1').then(() => undefined);
  await until(() => figuresOfDatabase(db).waiting === 1);
  expect(figuresOfDatabase(db)).toEqual({ used: 1, idle: 0, waiting: 1, max: 1 });
  await taken.rollback();
  await waiting;
  expect(figuresOfDatabase(db)).toEqual({ used: 0, idle: 1, waiting: 0, max: 1 });
  await db.destroy();
});

test('tell the same of a pool of pg', async () => {
  const pool = createPool(database.url, 'nipnime-test', 1);
  expect(figuresOfPool(pool)).toEqual({ used: 0, idle: 0, waiting: 0, max: 1 });
  const taken = await pool.connect();
  const waiting = pool.query('select 1');
  await until(() => figuresOfPool(pool).waiting === 1);
  expect(figuresOfPool(pool)).toEqual({ used: 1, idle: 0, waiting: 1, max: 1 });
  taken.release();
  await waiting;
  await until(() => figuresOfPool(pool).idle === 1);
  expect(figuresOfPool(pool)).toEqual({ used: 0, idle: 1, waiting: 0, max: 1 });
  await pool.end();
});
