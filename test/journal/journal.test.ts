import type { AuditEntry } from '../../src/journal/entry';
import { listJournal, pruneRefusals, recordAudit } from '../../src/journal/journal';
import { addReader, advance, readJournal } from '../../src/journal/readers';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { backdateJournal } from '../support/journal';
import { until } from '../support/until';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  await database.db.raw('truncate journal, journal_readers');
});

const act = (action: string): AuditEntry => ({
  actor: { kind: 'system', id: null, name: 'test', via: 'command' },
  action,
  subjectKind: 'test',
  subjectId: null,
});

/** What the reader is given now, and is done with. */
const read = (reader: string, limit = 10) =>
  database.db.transaction(async (trx) => {
    const entries = await readJournal(trx, reader, limit);
    const last = entries.at(-1);
    if (last) await advance(trx, reader, last);
    return entries.map(({ action }) => action);
  });

async function isBlocked(): Promise<boolean> {
  const { rows } = await database.db.raw<{ rows: unknown[] }>(
    `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
  );
  return rows.length > 0;
}

describe('a reader', () => {
  test('begins behind what is there, and then gets everything, once', async () => {
    await recordAudit(database.db, act('before'));
    await addReader(database.db, 'mail');
    expect(await read('mail')).toEqual([]);
    for (const action of ['a', 'b', 'c']) await recordAudit(database.db, act(action));
    await addReader(database.db, 'mail');
    expect(await read('mail', 2)).toEqual(['a', 'b']);
    expect(await read('mail', 2)).toEqual(['c']);
    expect(await read('mail', 2)).toEqual([]);
  });

  test('gets an entry again when its transaction is rolled back', async () => {
    await addReader(database.db, 'mail');
    await recordAudit(database.db, act('a'));
    const failing = database.db.transaction(async (trx) => {
      const [entry] = await readJournal(trx, 'mail', 1);
      if (entry) await advance(trx, 'mail', entry);
      throw new Error('The mail server is away.');
    });
    await expect(failing).rejects.toThrow('The mail server is away.');
    expect(await read('mail')).toEqual(['a']);
  });

  test('misses nothing of a transaction that began first and commits last', async () => {
    await addReader(database.db, 'mail');
    const first = await database.db.transaction();
    // It has its number from here on, as it would have one of a sequence.
    await recordAudit(first, act('first'));
    const second = database.db.transaction((trx) => recordAudit(trx, act('second')));
    await until(isBlocked);
    expect(await read('mail')).toEqual([]);
    await first.commit();
    await second;
    expect(await read('mail')).toEqual(['first', 'second']);
  });

  test('finds no gap where a transaction was rolled back', async () => {
    const first = await database.db.transaction();
    await recordAudit(first, act('first'));
    const second = database.db.transaction((trx) => recordAudit(trx, act('second')));
    await until(isBlocked);
    await first.rollback();
    await second;
    await recordAudit(database.db, act('third'));
    const entries = await listJournal(database.db, { limit: 2 });
    expect(entries.map(({ action }) => action)).toEqual(['third', 'second']);
    expect(Number(entries[0]?.id) - Number(entries[1]?.id)).toBe(1);
  });

  test('is held by one transaction at a time; another one gets nothing and does not wait', async () => {
    await addReader(database.db, 'mail');
    await recordAudit(database.db, act('a'));
    await database.db.transaction(async (trx) => {
      expect(await readJournal(trx, 'mail', 1)).toHaveLength(1);
      expect(await read('mail')).toEqual([]);
    });
  });

  test('that was never added is an error, not an empty list', async () => {
    await expect(read('nobody')).rejects.toThrow('The journal has no reader named nobody.');
  });
});

test('old refusals go, but none that a reader is not done with; what was done stays', async () => {
  const { db } = database;
  await addReader(db, 'mail');
  for (const action of ['login.refused', 'episode.update', 'token.refused'])
    await recordAudit(db, act(action));
  await backdateJournal(db, {}, new Date(Date.now() - 91 * 86_400_000));
  await recordAudit(db, act('login.refused'));
  expect(await pruneRefusals(db)).toBe(0);
  await read('mail', 1);
  expect(await pruneRefusals(db)).toBe(1);
  await read('mail');
  expect(await pruneRefusals(db)).toBe(1);
  const left = await listJournal(db, { limit: 10 });
  expect(left.map(({ action }) => action)).toEqual(['login.refused', 'episode.update']);
});

describe('a node of the version before', () => {
  /** As src/journal/audit-log.ts of that version wrote it. */
  const oldInsert = (action: string) =>
    database.db('audit_log').insert({
      actor_kind: 'admin',
      actor_id: '1',
      actor_name: 'ada@example.org',
      action,
      subject_kind: 'episode',
      subject_id: '7',
      details: JSON.stringify({ series: 'Frieren' }),
    });

  test('goes on writing, in the same order', async () => {
    await addReader(database.db, 'mail');
    await recordAudit(database.db, act('new'));
    await oldInsert('old');
    await recordAudit(database.db, act('newer'));
    expect(await read('mail')).toEqual(['new', 'old', 'newer']);
    const [, old] = await listJournal(database.db, { limit: 2 });
    expect(old).toMatchObject({ via: null, address: null, subjectLabel: null, changes: {} });
    expect(old?.details).toEqual({ series: 'Frieren' });
  });

  test('and its rows outlive a migration to and fro', async () => {
    const scratch = await createTestDatabase();
    try {
      await recordAudit(scratch.db, act('kept'));
      await scratch.db.migrate.down({ name: '0013_journal' });
      const row = { actor_kind: 'system', actor_name: 'x', action: 'while-down', subject_kind: 'test' };
      await scratch.db('audit_log').insert(row);
      await scratch.db.migrate.up({ name: '0013_journal' });
      await recordAudit(scratch.db, act('newest'));
      const entries = await listJournal(scratch.db, { limit: 10 });
      expect(entries.map(({ id, action }) => `${id} ${action}`)).toEqual([
        '3 newest',
        '2 while-down',
        '1 kept',
      ]);
    } finally {
      await scratch.drop();
    }
  });
});
