import { findEpisode } from '../../../src/features/episodes/queries';
import { deleteEpisode, restoreEpisode, updateEpisode } from '../../../src/features/episodes/repository';
import { seriesSchema } from '../../../src/features/series/fields';
import { findSeries, updateSeries } from '../../../src/features/series/repository';
import type { AuditEntry } from '../../../src/journal/entry';
import { readHead } from '../../../src/live/log/live-log';
import { episodeInput, newEpisode, newSeries, playable, testCatalog, tester } from '../../support/catalog';
import { createTestDatabase, type TestDatabase } from '../../support/database';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const audited: AuditEntry[] = [];
const catalog = () => ({
  ...testCatalog(database.db),
  audit: async (_: unknown, ...entries: readonly AuditEntry[]) => {
    audited.push(...entries);
  },
});

/** What `write` leaves behind besides its result. */
async function tracesOf<T>(write: () => Promise<T>) {
  const head = await readHead(database.db);
  audited.length = 0;
  const result = await write();
  const { seq } = await readHead(database.db);
  return { result, events: seq - head.seq, audit: audited.map(({ action }) => action) };
}

const RICH = {
  number: '12.5',
  title: 'T',
  synopsis: 'S\nS',
  durationSeconds: 1_440,
  intro: { startSeconds: 90, endSeconds: 180 },
  status: 'scheduled',
  publishAt: '2031-01-01T12:00:45.123Z',
  videoServers: [playable, { ...playable, name: 'Second', audioLanguage: 'ja', enabled: false }],
} as const;

test('an episode that is saved as it is leaves no trace', async () => {
  const series = await newSeries(catalog());
  const before = await newEpisode(catalog(), series.id, RICH);
  const [first, second] = before.videoServers;
  for (const input of [
    { ...RICH, videoServers: before.videoServers },
    // A script sends its servers without their ids.
    RICH,
    {
      ...RICH,
      number: '012.50',
      title: ' T ',
      videoServers: [{ ...playable, id: first?.id }, RICH.videoServers[1]],
    },
  ]) {
    const { result, events, audit } = await tracesOf(() =>
      updateEpisode(catalog(), tester, before.id, () => episodeInput(input), 1),
    );
    expect(result).toEqual({ outcome: 'saved', episode: before });
    expect([events, audit]).toEqual([0, []]);
  }
  expect(await findEpisode(database.db, before.id)).toEqual(before);

  const swapped = { ...RICH, videoServers: [second, first] };
  const { result, audit } = await tracesOf(() =>
    updateEpisode(catalog(), tester, before.id, () => episodeInput(swapped), 1),
  );
  expect(result).toMatchObject({ outcome: 'saved', episode: { version: 2, videoServers: [second, first] } });
  expect(audit).toEqual(['episode.update']);
});

test.each([
  { kind: 'special' },
  { number: '13' },
  { title: 'U' },
  { synopsis: '' },
  { durationSeconds: null },
  { intro: null },
  { intro: { startSeconds: 90, endSeconds: 181 } },
  { status: 'draft' },
  { publishAt: '2031-01-01T12:00:45.124Z' },
  { announced: true },
  { videoServers: [] },
  { videoServers: [playable, { ...RICH.videoServers[1], enabled: true }] },
  { videoServers: [playable, { ...RICH.videoServers[1], subtitleLanguage: 'en' }] },
  { videoServers: [playable, { ...RICH.videoServers[1], sandboxed: false }] },
  { videoServers: [...RICH.videoServers, playable] },
])('an episode that differs in %j is written', async (difference) => {
  const series = await newSeries(catalog());
  const { id } = await newEpisode(catalog(), series.id, RICH);
  const { result, audit } = await tracesOf(() =>
    updateEpisode(catalog(), tester, id, () => episodeInput({ ...RICH, ...difference })),
  );
  expect(result).toMatchObject({ outcome: 'saved', episode: { version: 2 } });
  expect(audit).toEqual(['episode.update']);
});

test('an older version is a conflict, also with the same content', async () => {
  const series = await newSeries(catalog());
  const { id } = await newEpisode(catalog(), series.id, RICH);
  await updateEpisode(catalog(), tester, id, () => episodeInput({ ...RICH, title: 'U' }));
  expect(
    await updateEpisode(catalog(), tester, id, () => episodeInput({ ...RICH, title: 'U' }), 1),
  ).toMatchObject({ outcome: 'conflict' });
});

test('a series that is saved as it is leaves no trace', async () => {
  const input = {
    title: 'Frieren',
    titleNative: '葬送のフリーレン',
    synonyms: ['A', 'B'],
    seasonYear: 2026,
    season: 'fall',
  };
  const before = await newSeries(catalog(), input);
  await newEpisode(catalog(), before.id);
  for (const same of [input, { ...input, slug: before.slug }]) {
    const { result, events, audit } = await tracesOf(() =>
      updateSeries(catalog(), tester, before.id, seriesSchema.parse(same), 1),
    );
    expect(result).toEqual({ outcome: 'saved', series: before });
    expect([events, audit]).toEqual([0, []]);
  }
  expect(await findSeries(database.db, before.id)).toEqual(before);

  const other = seriesSchema.parse({ ...input, synonyms: ['B', 'A'] });
  expect(await updateSeries(catalog(), tester, before.id, other, 1)).toMatchObject({
    outcome: 'saved',
    series: { version: 2 },
  });
});

test('what is not deleted is not restored, and what is deleted is not deleted again', async () => {
  const series = await newSeries(catalog());
  const before = await newEpisode(catalog(), series.id);
  const restored = await tracesOf(() => restoreEpisode(catalog(), tester, before.id));
  expect(restored).toEqual({ result: { outcome: 'saved', episode: before }, events: 0, audit: [] });

  expect(await deleteEpisode(catalog(), tester, before.id)).toMatchObject({ outcome: 'deleted' });
  const row = await database.db('episodes').where({ id: before.id }).first();
  const again = await tracesOf(() => deleteEpisode(catalog(), tester, before.id));
  expect(again).toEqual({ result: { outcome: 'not-found' }, events: 0, audit: [] });
  expect(await database.db('episodes').where({ id: before.id }).first()).toEqual(row);
});
