import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFolderStore } from '../../../src/features/images/folder-store';
import { purgeUnnamed } from '../../../src/features/images/images';
import { Workshop } from '../../../src/features/images/workshop';
import { newEpisode, newSeries, testCatalog } from '../../support/catalog';
import { createTestDatabase, type TestDatabase } from '../../support/database';

let database: TestDatabase;
let folder: string;

beforeAll(async () => {
  database = await createTestDatabase();
  folder = await mkdtemp(join(tmpdir(), 'nipnime-purge-'));
});
afterAll(async () => {
  await database?.drop();
  await rm(folder, { recursive: true });
});

const names = { poster: 'a'.repeat(24), still: 'b'.repeat(24), left: 'c'.repeat(24), young: 'd'.repeat(24) };

async function keep(name: string, kind: 'poster' | 'still', days: number): Promise<void> {
  const { db } = database;
  const since = db.raw(`now() - ? * interval '1 day'`, [days]);
  await db('images').insert({ name, kind, colour: '336699', encoded_at: db.fn.now(), unnamed_since: since });

  await createFolderStore(folder).write(`${name}-${kind === 'poster' ? 240 : 320}.webp`, Buffer.from('x'));
}

async function keptFiles(): Promise<readonly string[]> {
  return (await readdir(folder, { recursive: true })).filter((file) => file.includes('/'));
}

test('forgets a picture that nothing has named for 30 days, and its files; not one in the trash', async () => {
  const { db } = database;
  const catalog = testCatalog(db);
  await keep(names.poster, 'poster', 40);
  await keep(names.still, 'still', 40);
  await keep(names.left, 'poster', 31);
  await keep(names.young, 'still', 29);
  const series = await newSeries(catalog, { title: 'Named', poster: names.poster });
  const episode = await newEpisode(catalog, series.id, { still: names.still });
  await db('episodes').where({ id: episode.id }).update({ deleted_at: db.fn.now() });
  const images = { db, store: createFolderStore(folder), workshop: new Workshop() };
  await purgeUnnamed(images);
  const left = await db('images').orderBy('name').select('name', 'unnamed_since');
  expect(left).toEqual([
    { name: names.poster, unnamed_since: null },
    { name: names.still, unnamed_since: null },
    { name: names.young, unnamed_since: expect.any(Date) },
  ]);
  expect((await keptFiles()).filter((file) => file.includes(names.left))).toEqual([]);

  // Taken away today, it may be wanted back for as long again.
  await db('series').update({ poster_image: null });
  await purgeUnnamed(images);
  expect(await db('images').where({ name: names.poster }).pluck('unnamed_since')).toEqual([expect.any(Date)]);
});

test('a picture is shown when its files are there, and the one before until then; of one that is not kept, none', async () => {
  const { db } = database;
  const [ready, waiting] = ['e'.repeat(24), 'f'.repeat(24)];
  await db('images').insert([
    { name: ready, kind: 'poster', colour: '336699', encoded_at: db.fn.now() },
    { name: waiting, kind: 'poster', colour: '336699' },
  ]);
  const series = await newSeries(testCatalog(db), { title: 'Shown' });
  const shownWith = async (poster_image: string | null) => {
    const [row] = await db('series').where({ id: series.id }).update({ poster_image }).returning('poster');
    return row.poster;
  };
  expect(await shownWith(waiting)).toBeNull();
  expect(await shownWith(ready)).toBe(`/images/${ready}-480.webp#336699`);
  expect(await shownWith(waiting)).toBe(`/images/${ready}-480.webp#336699`);
  expect(await shownWith('0'.repeat(24))).toBeNull();
  await shownWith(ready);
  expect(await shownWith(null)).toBeNull();
});
