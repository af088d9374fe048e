import { findPublicEpisodes } from '../../../src/features/episodes/public';
import { findEpisode } from '../../../src/features/episodes/queries';
import { deleteEpisode, restoreEpisode, updateEpisode } from '../../../src/features/episodes/repository';
import { seriesSchema } from '../../../src/features/series/fields';
import { updateSeries } from '../../../src/features/series/repository';
import { createLiveLog, readHead } from '../../../src/live/log/live-log';
import { episodeInput, newEpisode, newSeries, playable, testCatalog, tester } from '../../support/catalog';
import { createTestDatabase, type TestDatabase } from '../../support/database';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

/** Types of the events that `write` adds to the change log. */
async function changesOf(write: () => Promise<unknown>): Promise<string[]> {
  const before = await readHead(database.db);
  await write();
  const events = await createLiveLog(database.db).readSince(before.seq, 1_000);
  return events.map((event) => (event.type === 'upsert' && event.isNew ? 'new' : event.type));
}

const edit = (episodeId: string, overrides: Record<string, unknown>) => () =>
  updateEpisode(testCatalog(database.db), tester, episodeId, () => episodeInput(overrides));

test('tells each way in which an episode appears, changes and goes', async () => {
  const catalog = testCatalog(database.db);
  const series = await newSeries(catalog, { title: 'Every way' });

  let id = '';
  expect(
    await changesOf(async () => {
      id = (await newEpisode(catalog, series.id, { status: 'draft' })).id;
    }),
  ).toEqual([]);
  expect(await changesOf(edit(id, { status: 'draft', title: 'Still private' }))).toEqual([]);
  expect(await changesOf(edit(id, { status: 'published', videoServers: [] }))).toEqual([]);
  expect(await changesOf(edit(id, {}))).toEqual(['new']);
  expect(await changesOf(edit(id, { title: 'Changed' }))).toEqual(['upsert']);
  expect(await changesOf(edit(id, { title: 'Changed' }))).toEqual([]);
  expect(await changesOf(edit(id, { videoServers: [{ ...playable, enabled: false }] }))).toEqual(['remove']);
  expect(await changesOf(edit(id, {}))).toEqual(['upsert']);
  expect(await changesOf(edit(id, { status: 'hidden' }))).toEqual(['remove']);
  expect(await changesOf(edit(id, {}))).toEqual(['upsert']);
  expect(await changesOf(() => deleteEpisode(catalog, tester, id))).toEqual(['remove']);
  expect(await changesOf(() => restoreEpisode(catalog, tester, id))).toEqual(['upsert']);
});

test('a series that is hidden takes its episodes along, and brings them back', async () => {
  const catalog = testCatalog(database.db);
  const series = await newSeries(catalog, { title: 'Hidden' });
  for (const number of ['1', '2', '3']) await newEpisode(catalog, series.id, { number });
  const visible = (value: boolean, version: number) => () =>
    updateSeries(
      catalog,
      tester,
      series.id,
      seriesSchema.parse({ title: 'Hidden', visible: value }),
      version,
    );

  expect(await changesOf(visible(false, 1))).toEqual(['remove', 'remove', 'remove']);
  expect(await changesOf(visible(true, 2))).toEqual(['upsert', 'upsert', 'upsert']);
});

test('a write that changes more than 50 cards is told as one reset', async () => {
  const catalog = testCatalog(database.db);
  const series = await newSeries(catalog, { title: 'Long' });
  for (let number = 1; number <= 51; number++) await newEpisode(catalog, series.id, { number });

  expect(
    await changesOf(() =>
      updateSeries(catalog, tester, series.id, seriesSchema.parse({ title: 'Longer' }), 1),
    ),
  ).toEqual(['reset']);
});

test('publishes what it logged, after the commit', async () => {
  const catalog = testCatalog(database.db);
  const series = await newSeries(catalog);
  let seen: Promise<unknown> | undefined;
  const readLast = async (): Promise<unknown> => {
    // On a connection of its own: sees the row only if it was committed.
    const { seq } = await readHead(database.db);
    return createLiveLog(database.db).readSince(seq - 1, 10);
  };
  const observed = {
    ...catalog,
    publish: () => {
      seen = readLast();
    },
  };
  const episode = await newEpisode(observed, series.id);
  expect(await seen).toEqual([
    {
      seq: expect.any(Number),
      type: 'upsert',
      kind: 'episode',
      key: episode.id,
      topics: ['latest', `series:${series.id}`, `newest:${series.id}`],
      isNew: true,
    },
  ]);
});

test('a taken number is refused, names who has it, and leaves no number in the log', async () => {
  const catalog = testCatalog(database.db);
  const series = await newSeries(catalog);
  const first = await newEpisode(catalog, series.id, { number: '7' });
  const second = await newEpisode(catalog, series.id, { number: '8' });

  expect(
    await changesOf(async () => {
      const result = await updateEpisode(catalog, tester, second.id, () => episodeInput({ number: '7.00' }));
      expect(result).toMatchObject({ outcome: 'number-taken', by: { id: first.id, number: '7' } });
    }),
  ).toEqual([]);
  await deleteEpisode(catalog, tester, first.id);
  expect(await updateEpisode(catalog, tester, second.id, () => episodeInput({ number: '7' }))).toMatchObject({
    outcome: 'saved',
  });
  expect(await restoreEpisode(catalog, tester, first.id)).toMatchObject({ outcome: 'number-taken' });
});

test('an external id that another episode has is refused, also to one that comes back', async () => {
  const catalog = testCatalog(database.db);
  const series = await newSeries(catalog);
  const first = await newEpisode(catalog, series.id, { externalId: 'e-1' });
  const second = await newEpisode(catalog, series.id, { number: '2' });
  const take = () =>
    updateEpisode(catalog, tester, second.id, () => episodeInput({ number: '2', externalId: 'e-1' }));
  expect(await take()).toMatchObject({ outcome: 'external-id-taken', by: { id: first.id } });
  await deleteEpisode(catalog, tester, first.id);
  expect(await take()).toMatchObject({ outcome: 'saved', episode: { externalId: 'e-1' } });
  expect(await restoreEpisode(catalog, tester, first.id)).toMatchObject({
    outcome: 'external-id-taken',
    by: { id: second.id },
  });
});

test('an edit of an older version changes nothing', async () => {
  const catalog = testCatalog(database.db);
  const series = await newSeries(catalog);
  const episode = await newEpisode(catalog, series.id);
  await edit(episode.id, { title: 'First' })();
  const result = await updateEpisode(catalog, tester, episode.id, () => episodeInput({ title: 'Second' }), 1);
  expect(result).toMatchObject({ outcome: 'conflict', current: { title: 'First', version: 2 } });
  expect(await findEpisode(database.db, episode.id)).toMatchObject({ title: 'First' });
});

test('many writers at once leave a log without gaps, each number once', async () => {
  const catalog = testCatalog(database.db);
  const all = await Promise.all(['A', 'B', 'C'].map((title) => newSeries(catalog, { title })));
  const before = await readHead(database.db);
  await Promise.all(
    // Ten at a time: who stands in the queue for longer than a write may is refused, which is no matter of this test.
    Array.from({ length: 10 }, async (_, writer) => {
      const series = all[writer % all.length];
      if (!series) throw new Error('no series');
      for (let turn = 0; turn < 5; turn++)
        await newEpisode(catalog, series.id, { number: writer * 5 + turn + 1 });
    }),
  );
  const events = await createLiveLog(database.db).readSince(before.seq, 100);
  expect(events.map(({ seq }) => seq - before.seq)).toEqual(
    Array.from({ length: 50 }, (_, index) => index + 1),
  );
});

test('a card has the languages of the servers that are enabled, and is told when they change', async () => {
  const catalog = testCatalog(database.db);
  const series = await newSeries(catalog, { title: 'In many languages' });
  const servers = [
    { ...playable, audioLanguage: 'ja', subtitleLanguage: 'en' },
    { ...playable, name: 'Dub', audioLanguage: 'de' },
    { ...playable, name: 'Off', audioLanguage: 'fr', enabled: false },
  ];
  const { id } = await newEpisode(catalog, series.id, { videoServers: servers });
  expect(await findPublicEpisodes(database.db, [id])).toMatchObject([
    { audioLanguages: ['de', 'ja'], subtitleLanguages: ['en'] },
  ]);
  expect(await changesOf(edit(id, { videoServers: servers.slice(0, 1) }))).toEqual(['upsert']);
  // A further server in the same languages shows nobody anything new.
  expect(
    await changesOf(edit(id, { videoServers: [servers[0], { ...servers[0], name: 'Mirror' }] })),
  ).toEqual([]);
});
