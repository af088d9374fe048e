import fc from 'fast-check';
import { findPublicEpisodes } from '../../../src/features/episodes/public';
import { deleteEpisode, restoreEpisode, updateEpisode } from '../../../src/features/episodes/repository';
import { seriesSchema } from '../../../src/features/series/fields';
import { findSeries, updateSeries } from '../../../src/features/series/repository';
import { coalesced } from '../../../src/live/feed/batch';
import { createLiveLog, readHead } from '../../../src/live/log/live-log';
import { episodeInput, newEpisode, newSeries, playable, testCatalog, tester } from '../../support/catalog';
import { createTestDatabase, type TestDatabase } from '../../support/database';

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

async function readPublic(episodeIds: readonly string[]): Promise<ReadonlySet<string>> {
  const episodes = await findPublicEpisodes(database.db, episodeIds);
  return new Set(episodes.map(({ episodeId }) => episodeId));
}

test('the changes of any edits, applied to what was public before, give what is public after; coalesced or one by one', async () => {
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
        const before = await readPublic(ids);
        const head = await readHead(database.db);
        for (const operation of operations) await run(operation, series.id, ids);
        const after = await readPublic(ids);

        const changes = await createLiveLog(database.db).readSince(head.seq, 1_000);
        expect(changes.map(({ seq }) => seq)).toEqual(changes.map((_, index) => head.seq + index + 1));
        for (const told of [changes, coalesced(changes)]) {
          const shown = new Set(before);
          for (const { type, key } of told) {
            if (type === 'upsert') shown.add(key);
            else shown.delete(key);
          }
          expect(shown).toEqual(after);
        }
        // Nobody is told twice that an episode is new.
        const news = changes.flatMap(({ isNew, key }) => (isNew ? [key] : []));
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
      seen.push(...(await createLiveLog(database.db).readSince(last, 100)).map(({ seq }) => seq));
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
