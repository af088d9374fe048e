import fc from 'fast-check';
import { deleteEpisode, restoreEpisode, updateEpisode } from '../../src/catalog/episode-repository';
import { findPublicEpisodesOfSeries } from '../../src/catalog/public-catalog';
import { seriesSchema } from '../../src/catalog/series';
import { findSeries, updateSeries } from '../../src/catalog/series-repository';
import { compactChanges, type PublicEpisode } from '../../src/changes/change-event';
import { readChangesSince, readHead } from '../../src/changes/change-log';
import { episodeInput, newEpisode, newSeries, playable, testCatalog, tester } from '../support/catalog';
import { createTestDatabase, type TestDatabase } from '../support/database';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const EPISODES = 3;

const edit = fc.record({
  kind: fc.constant('edit' as const),
  episode: fc.nat({ max: EPISODES - 1 }),
  title: fc.constantFrom('', 'A', 'B'),
  status: fc.constantFrom('draft', 'published', 'hidden'),
  servers: fc.constantFrom([], [playable], [{ ...playable, enabled: false }]),
});
const deletion = fc.record({
  kind: fc.constantFrom('delete' as const, 'restore' as const),
  episode: fc.nat({ max: EPISODES - 1 }),
});
const seriesEdit = fc.record({
  kind: fc.constant('series' as const),
  title: fc.constantFrom('One', 'Two'),
  visible: fc.boolean(),
});
type ValueOf<A> = A extends fc.Arbitrary<infer Value> ? Value : never;
type Operation = ValueOf<typeof edit> | ValueOf<typeof deletion> | ValueOf<typeof seriesEdit>;

type Grid = ReadonlyMap<string, PublicEpisode>;

async function readGrid(seriesId: string): Promise<Grid> {
  const episodes = await findPublicEpisodesOfSeries(database.db, [seriesId]);
  return new Map(episodes.map((episode) => [episode.episodeId, episode]));
}

test('the events of any edits, applied to the grid before, give the grid after; compacted or one by one', async () => {
  const catalog = testCatalog(database.db);

  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(edit, edit, deletion, seriesEdit), { maxLength: 12 }),
      async (operations) => {
        const series = await newSeries(catalog, { title: 'One' });
        const ids: string[] = [];
        for (let number = 1; number <= EPISODES; number++) {
          ids.push(
            (await newEpisode(catalog, series.id, { number, status: number === 1 ? 'published' : 'draft' }))
              .id,
          );
        }
        const before = await readGrid(series.id);
        const head = await readHead(database.db);
        for (const operation of operations) await run(operation, series.id, ids);
        const after = await readGrid(series.id);

        const rows = await readChangesSince(database.db, head.epoch, head.seq, 1_000);
        const events = rows.filter((row) => row.type !== 'unreadable');
        expect(events).toEqual(rows);
        expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => head.seq + index + 1));
        for (const told of [events, compactChanges(events)]) {
          const grid = new Map(before);
          for (const event of told) {
            if (event.type === 'upsert') grid.set(event.episode.episodeId, event.episode);
            if (event.type === 'remove') grid.delete(event.episodeId);
          }
          expect(grid).toEqual(new Map(after));
        }
        // Nobody is told twice that an episode is new.
        const news = events.flatMap((event) =>
          event.type === 'upsert' && event.isNew ? [event.episode.episodeId] : [],
        );
        expect(new Set(news).size).toBe(news.length);
      },
    ),
    { numRuns: 25 },
  );

  async function run(operation: Operation, seriesId: string, ids: readonly string[]): Promise<void> {
    switch (operation.kind) {
      case 'edit': {
        const { episode, title, status, servers } = operation;
        const input = episodeInput({ number: episode + 1, title, status, videoServers: servers });
        await updateEpisode(catalog, tester, ids[episode] ?? '', () => input);
        return;
      }
      case 'delete':
        await deleteEpisode(catalog, tester, ids[operation.episode] ?? '');
        return;
      case 'restore':
        await restoreEpisode(catalog, tester, ids[operation.episode] ?? '');
        return;
      case 'series': {
        const version = (await findSeries(database.db, seriesId))?.version ?? 0;
        const input = seriesSchema.parse({ title: operation.title, visible: operation.visible });
        await updateSeries(catalog, tester, seriesId, input, version);
      }
    }
  }
});

test('what a writer reads of the log has no gap, whoever else is writing', async () => {
  const catalog = testCatalog(database.db);
  const series = await newSeries(catalog, { title: 'Watched' });
  const start = await readHead(database.db);
  const seen: number[] = [];
  let done = false;
  const reader = (async () => {
    while (!done || seen.length < 50) {
      const last = seen.at(-1) ?? start.seq;
      seen.push(...(await readChangesSince(database.db, start.epoch, last, 100)).map(({ seq }) => seq));
    }
  })();
  const failing = Array.from({ length: 10 }, () =>
    newEpisode(
      {
        ...catalog,
        audit: async () => {
          throw new Error('rolled back');
        },
      },
      series.id,
      { number: '0.5' },
    ).catch((error: unknown) => String(error)),
  );
  // Ten at a time: who stands in the queue for longer than a write may is refused, which is no matter of this test.
  const writers = Array.from({ length: 10 }, async (_, writer) => {
    for (let turn = 0; turn < 5; turn++)
      await newEpisode(catalog, series.id, { number: writer * 5 + turn + 1 });
  });
  const refused = await Promise.all(failing);
  await Promise.all(writers);
  done = true;
  await reader;
  expect(refused.every((reason) => String(reason).includes('rolled back'))).toBe(true);
  expect(seen).toEqual(Array.from({ length: 50 }, (_, index) => start.seq + index + 1));
});
