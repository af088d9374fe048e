import { migrate } from '../../src/platform/database';
import { createLogger } from '../../src/platform/log';
import { openDatabase } from '../../src/platform/open-database';
import { listApplied, listPending, undoLast } from '../../src/platform/schema';
import { createTestDatabase, type TestDatabase } from '../support/database';

let database: TestDatabase;
beforeEach(async () => {
  database = await createTestDatabase();
});
afterEach(() => database.drop());

/** What an image of the next release leaves behind. */
async function migrateByNewerVersion(): Promise<void> {
  await database.db.raw('alter table series add column of_tomorrow text');
  await database.db('knex_migrations').insert({
    name: '9999_of_tomorrow',
    batch: 99,
    migration_time: new Date(),
  });
}

test('goes on with a schema that a newer version has changed, and says so', async () => {
  await migrateByNewerVersion();
  const log = createLogger('silent');
  const warnings: unknown[] = [];
  log.warn = (message: unknown) => void warnings.push(message);
  const opened = await openDatabase({ databaseUrl: database.url, dataDir: '/nowhere' }, log);
  await opened.close();
  expect(warnings).toEqual([expect.stringContaining('(9999_of_tomorrow)')]);
  expect((await listApplied(database.db)).at(-1)).toMatchObject({ name: '9999_of_tomorrow', isKnown: false });
});

test('does not undo what only a newer version knows, nor anything below it', async () => {
  await migrateByNewerVersion();
  const before = await listApplied(database.db);
  await expect(undoLast(database.db)).rejects.toThrow('9999_of_tomorrow was made by a newer version');
  expect(await listApplied(database.db)).toEqual(before);
});

test('every migration can be undone, from the last to the first, and applied again', async () => {
  const before = await listApplied(database.db);
  const names = before.map(({ name }) => name);
  const undone: unknown[] = [];
  for (let name = await undoLast(database.db); name !== undefined; name = await undoLast(database.db))
    undone.push(name);
  expect(undone).toEqual([...names].reverse());
  expect(await listPending(database.db)).toEqual(names);
  const left: { rows: { tablename: string }[] } = await database.db.raw(
    `select tablename from pg_tables where schemaname = 'public' and tablename not like 'knex%'`,
  );
  expect(left.rows).toEqual([]);

  await migrate(database.db);
  expect((await listApplied(database.db)).map(({ name }) => name)).toEqual(names);
  expect(await listPending(database.db)).toEqual([]);
});
