import { Readable, Writable } from 'node:stream';
import { BackupReader } from '../../src/commands/backup/backup-file';
import { restoreBackup } from '../../src/commands/backup/restore-backup';
import { countRows, findTables } from '../../src/commands/backup/tables';
import { writeBackup } from '../../src/commands/backup/write-backup';
import { readHead } from '../../src/live/log/live-log';
import { createDatabase, type Database, WORKING } from '../../src/platform/database';
import { newEpisode, newSeries, testCatalog } from '../support/catalog';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { withDatabase } from '../support/database-url';
import { until } from '../support/until';

let database: TestDatabase;
/** As commands have it. */
let db: Database;
beforeEach(async () => {
  database = await createTestDatabase();
  db = createDatabase(database.url, { maxConnections: 5, limits: WORKING });
});
afterEach(async () => {
  await db.destroy();
  await database.drop();
});

async function backUp(from: Database): Promise<Buffer> {
  const pieces: Buffer[] = [];
  const output = new Writable({
    write(piece: Buffer, _encoding, done) {
      pieces.push(piece);
      done();
    },
  });
  await writeBackup(from, output);
  return Buffer.concat(pieces);
}

const open = (file: Buffer): Promise<BackupReader> => BackupReader.open(Readable.from([file]));

/** Every row of every table, in an order. */
async function contents(): Promise<Map<string, string[]>> {
  const all = new Map<string, string[]>();
  for (const { name } of await findTables(db, 'public')) {
    const { rows } = await db.raw<{ rows: { row: string }[] }>('select t::text as row from ?? t order by 1', [
      name,
    ]);
    all.set(
      name,
      rows.map(({ row }) => row),
    );
  }
  return all;
}

async function aCatalog() {
  const catalog = testCatalog(database.db);
  const { id } = await newSeries(catalog, {
    title: '葬送のフリーレン\\',
    synopsis: 'One\ttwo\nthree\\.\r\n\\.',
  });
  const { id: episodeId } = await newEpisode(catalog, id, { number: '1' });
  await db('journal').insert({
    actor_kind: 'system',
    actor_name: 'test',
    action: 'test.act',
    subject_kind: 'x',
  });
  await db('admin_sessions').insert({ sid: 'a', sess: '{"adminId":"7"}', expire: '2030-01-01' });
  return { catalog, seriesId: id, episodeId };
}

test('every row comes back as it was, but the epoch; rules of the database go on, and no id is given twice', async () => {
  const { catalog, seriesId } = await aCatalog();
  const before = await contents();
  const { epoch } = await readHead(db);
  const file = await backUp(db);
  const { id: lost } = await newEpisode(catalog, seriesId, { number: '2' });
  await db('series').update({ title: 'Another' });
  await db('journal').insert({
    actor_kind: 'system',
    actor_name: 'test',
    action: 'test.act',
    subject_kind: 'x',
  });

  expect(await restoreBackup(db, await open(file))).toEqual([]);
  const after = await contents();
  for (const [name, rows] of before)
    if (name !== 'live_head') expect([name, after.get(name)]).toEqual([name, rows]);
  expect((await readHead(db)).epoch).not.toBe(epoch);

  await expect(db('journal').delete()).rejects.toThrow('append-only');
  await expect(db('series').delete()).rejects.toThrow('foreign key');
  const { id: next } = await newEpisode(catalog, seriesId, { number: '2' });
  expect(Number(next)).toBeGreaterThan(Number(lost));
  expect(await db('latest_episodes').count()).toEqual([{ count: '2' }]);
  const { rows } = await db.raw("select 1 from pg_namespace where nspname like 'nipnime%'");
  expect(rows).toEqual([]);
});

test('jobs are none of a backup: for pictures that wait for their files they are asked for anew', async () => {
  const name = 'a'.repeat(24);
  await db('images').insert({ name, kind: 'poster', colour: '123456' });
  await restoreBackup(db, await open(await backUp(db)));
  expect(await db('graphile_worker.jobs').pluck('key')).toEqual([`encode-image:${name}`]);
});

test('of a backup that ends too early nothing is restored', async () => {
  const { catalog, seriesId } = await aCatalog();
  const file = await backUp(db);
  await newEpisode(catalog, seriesId, { number: '2' });
  const before = await contents();
  await expect(restoreBackup(db, await open(file.subarray(0, -10)))).rejects.toThrow('is not whole');
  expect(await contents()).toEqual(before);
});

test('who reads meanwhile sees what was there, and the restore waits for who writes, but not for ever', async () => {
  const { seriesId, episodeId } = await aCatalog();
  const file = await backUp(db);
  await database.db('series').update({ title: 'Another' });

  const writer = await database.db.transaction();
  await writer.raw('set local idle_in_transaction_session_timeout = 0');
  await writer('series').where({ id: seriesId }).update({ note: 'written meanwhile' });
  await expect(restoreBackup(db, await open(file), 1_000)).rejects.toThrow('writing to the database for 1 s');
  const restored = restoreBackup(db, await open(file));
  await until(async () => {
    const { rows } = await database.db.raw(
      `select 1 from pg_stat_activity where datname = current_database() and query like 'lock table%' and state = 'active'`,
    );
    return rows.length > 0;
  }, 45_000);
  expect(await database.db('public_episodes').pluck('series_title')).toEqual(['Another']);
  await writer.commit();
  await restored;
  expect(await database.db('public_episodes').select('series_title', 'episode_id')).toEqual([
    { series_title: '葬送のフリーレン\\', episode_id: episodeId },
  ]);
});

/** A database as the migrations up to that one have made it, with one public episode. */
async function backUpOf(migration: string): Promise<Buffer> {
  const name = `nipnime_older_${process.pid}`;
  await db.raw('create database ??', [name]);
  const older = createDatabase(withDatabase(database.url, name), { maxConnections: 3, limits: WORKING });
  try {
    for (;;) {
      const [, applied] = await older.migrate.up();
      if (applied.length === 0) throw new Error(`There is no migration ${migration}.`);
      if (applied.includes(migration)) break;
    }
    await older.raw(`
      insert into series (slug, title, kind) values ('frieren', 'Frieren', 'tv'), ('apothecary', 'Apothecary', 'tv');
      insert into episodes (series_id, number, status, published_at) values (1, 1, 'published', now());
      insert into video_servers (episode_id, name, kind, url, position)
        values (1, 'Main', 'file', 'https://video.example/1.mp4', 0);
    `);
    return await backUp(older);
  } finally {
    await older.destroy();
    await db.raw('drop database ??', [name]);
  }
}

test.each(['0001_catalog', '0012_live_log', '0025_trash', '0051_catalog_imports'])(
  'a backup of the schema %s is brought up to date',
  async (migration) => {
    const file = await backUpOf(migration);
    await aCatalog();
    const { epoch } = await readHead(db);
    await restoreBackup(db, await open(file));
    const counts = await countRows(db, 'public', await findTables(db, 'public'));
    expect(Object.fromEntries(counts)).toMatchObject({
      ...{ series: 2, episodes: 1, video_servers: 1, latest_episodes: 1, listed_series: 2 },
      ...{ live_head: 1, journal_head: 1, journal: 0, admin_sessions: 0 },
    });
    expect(await db('public_episodes').pluck('series_title')).toEqual(['Frieren']);
    expect((await readHead(db)).epoch).not.toBe(epoch);
    const catalog = testCatalog(database.db);
    await newEpisode(catalog, (await newSeries(catalog, { title: 'Dungeon Meshi' })).id);
    expect(await db('latest_episodes').count()).toEqual([{ count: '2' }]);
  },
);

test('a table that is none of the site’s is left out, and so is one of the database left alone', async () => {
  await db.raw('create table notes (text text)');
  await db('notes').insert({ text: 'kept' });
  const file = await backUp(db);
  await db('notes').update({ text: 'newer' });
  expect(await restoreBackup(db, await open(file))).toEqual(['notes']);
  expect(await db('notes').pluck('text')).toEqual(['newer']);
});
