import { Readable, Writable } from 'node:stream';
import { gunzipSync, gzipSync } from 'node:zlib';
import { BackupFileError, BackupReader } from '../../src/commands/backup/backup-file';
import { writeBackup } from '../../src/commands/backup/write-backup';
import { newEpisode, newSeries, testCatalog } from '../support/catalog';
import { createTestDatabase, type TestDatabase } from '../support/database';

let database: TestDatabase;
/** Of a catalog with texts in which COPY escapes something. */
let backup: Buffer;
beforeAll(async () => {
  database = await createTestDatabase();
  const catalog = testCatalog(database.db);
  const { id } = await newSeries(catalog, {
    title: '葬送のフリーレン\\',
    synopsis: 'One\ttwo\nthree\\.\r\n\\.',
  });
  for (const number of ['1', '2', '3']) await newEpisode(catalog, id, { number });
  backup = await backUp();
});
afterAll(() => database.drop());

async function backUp(): Promise<Buffer> {
  const pieces: Buffer[] = [];
  const output = new Writable({
    write(piece: Buffer, _encoding, done) {
      pieces.push(piece);
      done();
    },
  });
  await writeBackup(database.db, output);
  return Buffer.concat(pieces);
}

/** Reads it to its end, in pieces of so many bytes. Gives the lines of each table. */
async function read(file: Buffer, pieceBytes = 1_000): Promise<Map<string, string>> {
  const pieces = Array.from({ length: Math.ceil(file.length / pieceBytes) }, (_, index) =>
    file.subarray(index * pieceBytes, (index + 1) * pieceBytes),
  );
  const reader = await BackupReader.open(Readable.from(pieces));
  const tables = new Map<string, string>();
  for (const table of reader.head.tables) {
    let text = '';
    for await (const piece of reader.rows(table)) text += piece.toString('latin1');
    tables.set(table.name, text);
  }
  await reader.end();
  return tables;
}

test('every table of the database is in a backup, each behind those that it refers to, with all its columns', async () => {
  const { head } = await BackupReader.open(Readable.from([backup]));
  const { rows: columns } = await database.db.raw(
    `select table_name as "table", column_name as "column" from information_schema.columns
     join information_schema.tables using (table_schema, table_name)
     where table_schema = 'public' and table_type = 'BASE TABLE' and is_generated = 'NEVER' and table_name not like 'knex%'`,
  );
  const kept = head.tables.flatMap((table) => table.columns.map((column) => ({ table: table.name, column })));
  const byName = (a: (typeof kept)[number], b: (typeof kept)[number]): number =>
    `${a.table} ${a.column}` < `${b.table} ${b.column}` ? -1 : 1;
  expect(kept.sort(byName)).toEqual([...columns].sort(byName));

  const { rows: references } = await database.db.raw(
    `select conrelid::regclass::text as child, confrelid::regclass::text as parent from pg_constraint
     where contype = 'f' and connamespace = 'public'::regnamespace and conrelid <> confrelid`,
  );
  const order = head.tables.map(({ name }) => name);
  expect(references.length).toBeGreaterThan(10);
  for (const { child, parent } of references)
    expect([child, order.indexOf(child) > order.indexOf(parent)]).toEqual([child, true]);
});

test('a backup has a line for each row, however its pieces are cut', async () => {
  const tables = await read(backup);
  const { head } = await BackupReader.open(Readable.from([backup]));
  for (const { name, rows } of head.tables)
    expect([name, tables.get(name)?.split('\n').length]).toEqual([name, rows + 1]);
  expect(tables.get('episodes')?.split('\n')).toHaveLength(4);
  expect(await read(backup, 7)).toEqual(tables);
});

test('one that was cut off anywhere, or has changed, is refused', async () => {
  for (const part of [0.2, 0.5, 0.9, 0.999])
    await expect(read(backup.subarray(0, Math.floor(backup.length * part)))).rejects.toThrow('is not whole');
  for (const part of [0.3, 0.6, 0.9, 0.999]) {
    const changed = Buffer.from(backup);
    const at = Math.floor(changed.length * part);
    changed[at] = (changed[at] ?? 0) ^ 0xff;
    await expect(read(changed)).rejects.toBeInstanceOf(BackupFileError);
  }
  // As if a program that closed the gzip in order had lost its end.
  const text = gunzipSync(backup);
  await expect(read(gzipSync(text.subarray(0, text.length - 3)))).rejects.toThrow('is not whole');
  await expect(read(gzipSync(Buffer.concat([text, Buffer.from('1\n')])))).rejects.toThrow('is not whole');
});

test('what is no backup is refused, and so is one of a format of later', async () => {
  for (const foreign of [
    Buffer.from('PGDMP'),
    gzipSync('{"series":[]}\n'),
    gzipSync('text\n'),
    Buffer.alloc(0),
  ])
    await expect(read(foreign)).rejects.toThrow('This is no backup of nipnime.');
  await expect(read(gzipSync('{"format":"nipnime backup","version":2}\n'))).rejects.toThrow(
    'update it first',
  );
});

test('a writer that fails ends the backup with its reason, and the connection is good for what comes next', async () => {
  // More than is read ahead anywhere.
  await database.db.raw(
    `insert into live_log (seq, kind, key, topics, type)
     select row, 'test', (select string_agg(md5(row::text || word), '') from generate_series(1, 64) as word), '{}', 'remove'
     from generate_series(100, 2100) as row`,
  );
  const full = new Writable({
    write(_piece, _encoding, done) {
      done(new Error('The disk is full.'));
    },
  });
  await expect(writeBackup(database.db, full)).rejects.toThrow('The disk is full.');
  expect((await read(await backUp())).get('episodes')).toEqual((await read(backup)).get('episodes'));
});
