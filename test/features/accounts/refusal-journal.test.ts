import { RefusalJournal } from '../../../src/features/accounts/refusal-journal';
import type { AuditEntry } from '../../../src/journal/entry';
import type { Database } from '../../../src/platform/database';
import { createLogger } from '../../../src/platform/log';
import { createTestDatabase, type TestDatabase } from '../../support/database';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
afterEach(() => jest.restoreAllMocks());

const entry: AuditEntry = {
  actor: { kind: 'anonymous', id: null, name: 'nobody', via: 'form' },
  action: 'test.refused',
  subjectKind: 'test',
  subjectId: null,
};

function newJournal(db: Database) {
  const log = createLogger('silent');
  const lines: string[] = [];
  for (const level of ['info', 'warn'] as const)
    jest.spyOn(log, level).mockImplementation((...given: unknown[]) => void lines.push(String(given.at(-1))));
  return { journal: new RefusalJournal(db, log, { perMinute: 4, perMinuteAndAddress: 3 }), lines };
}

test('writes a few a minute of an address, a few more of all, and then says how many there were', async () => {
  const { db } = database;
  const { journal, lines } = newJournal(db);
  let nowMs = 1_000_000;
  jest.spyOn(performance, 'now').mockImplementation(() => nowMs);
  let described = 0;
  const record = (client: string) =>
    journal.record(client, () => {
      described += 1;
      return entry;
    });
  for (let count = 0; count < 10; count++) await record('192.0.2.1');
  for (let count = 0; count < 10; count++) await record(`192.0.2.${10 + count}`);
  expect(await db('journal').where({ action: entry.action })).toHaveLength(4);
  expect(described).toBe(4);
  expect(lines).toEqual([
    ...Array(3).fill('Refused: test.refused'),
    'Refusals come too fast: for a minute they are only counted',
    'Refused: test.refused',
  ]);

  nowMs += 60_000;
  await record('192.0.2.1');
  expect(lines.slice(5)).toEqual(['Refusals that were only counted', 'Refused: test.refused']);
  expect(await db('journal').where({ action: entry.action })).toHaveLength(5);
});

test('a refusal stands though it can’t be written', async () => {
  const { journal, lines } = newJournal(database.db);
  const failing = async () => {
    throw new Error('The database is away.');
  };
  await expect(journal.record('192.0.2.1', failing)).resolves.toBeUndefined();
  expect(lines).toEqual(['A refusal could not be written to the journal']);
});
