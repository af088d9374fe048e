import type { AuditEntry } from '../../src/journal/entry';
import { followJournal } from '../../src/journal/follow';
import { recordAudit } from '../../src/journal/journal';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { until } from '../support/until';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const act = (action: string): AuditEntry => ({
  actor: { kind: 'system', id: null, name: 'test', via: 'command' },
  action,
  subjectKind: 'test',
  subjectId: null,
});

const isFollowed = async (): Promise<boolean> =>
  (await database.db('journal_readers').where({ name: 'mail' }).first()) !== undefined;

test('what is done is followed within a second or two, once, whichever of two nodes follows, and also after a failure', async () => {
  const { db } = database;
  await recordAudit(db, act('before'));
  const told: string[] = [];
  const errors: unknown[] = [];
  let failing = true;
  const stops = [1, 2].map(() =>
    followJournal(
      db,
      'mail',
      async (_trx, entries) => {
        if (failing) {
          failing = false;
          throw new Error('The first time it fails.');
        }
        told.push(...entries.map(({ action }) => action));
      },
      (error) => errors.push(error),
    ),
  );
  await until(isFollowed);
  const startedMs = performance.now();
  await db.transaction(async (trx) => {
    for (let count = 0; count < 60; count++) await recordAudit(trx, act(`act.${count}`));
  });
  await until(() => told.length >= 60);
  expect(performance.now() - startedMs).toBeLessThan(3_000);
  await Promise.all(stops.map((stop) => stop()));
  expect(told).toEqual(Array.from({ length: 60 }, (_, count) => `act.${count}`));
  expect(errors).toHaveLength(1);
});
