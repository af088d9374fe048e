import { createEpisode, deleteEpisode, updateEpisode } from '../../../src/features/episodes/repository';
import { episodeInput, newEpisode, newSeries, testCatalog, tester } from '../../support/catalog';
import { createTestDatabase, type TestDatabase } from '../../support/database';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const SCHEDULED = { status: 'scheduled', publishAt: '2031-01-01T12:00:00Z', announced: true } as const;
const catalog = () => testCatalog(database.db);
const announced = (seriesId: string) => database.db('announced_episodes').where({ series_id: seriesId });

test('of a scheduled episode that is announced, series, kind, number and time are public, and nothing else', async () => {
  const series = await newSeries(catalog(), { title: 'Announced' });
  const { id } = await newEpisode(catalog(), series.id, { ...SCHEDULED, number: 12.5, title: 'Secret' });
  expect(await announced(series.id)).toEqual([
    {
      episode_id: id,
      kind: 'regular',
      number: '12.50',
      publish_at: new Date(SCHEDULED.publishAt),
      series_id: series.id,
      series_slug: series.slug,
      series_title: 'Announced',
      series_title_language: series.titleLanguage,
      series_kind: 'tv',
    },
  ]);
  expect(await database.db('public_episodes').where({ series_id: series.id })).toEqual([]);
});

test.each([
  ['it is not announced', { ...SCHEDULED, announced: false }],
  ['nothing is said of it', { ...SCHEDULED, announced: undefined }],
  ['it is a draft', { ...SCHEDULED, status: 'draft' }],
  ['it is hidden', { ...SCHEDULED, status: 'hidden' }],
  ['it is published', { status: 'published', announced: true }],
])('nothing of an episode is announced when %s', async (_, input) => {
  const series = await newSeries(catalog());
  const result = await createEpisode(catalog(), tester, series.id, episodeInput(input));
  expect(result.outcome).toBe('saved');
  expect(await announced(series.id)).toEqual([]);
});

test('nothing of it is announced when it is deleted, taken back, or of a hidden series', async () => {
  const series = await newSeries(catalog());
  const deleted = await newEpisode(catalog(), series.id, { ...SCHEDULED, number: 1 });
  const withdrawn = await newEpisode(catalog(), series.id, { ...SCHEDULED, number: 2 });
  expect(await announced(series.id)).toHaveLength(2);
  await deleteEpisode(catalog(), tester, deleted.id);
  await updateEpisode(catalog(), tester, withdrawn.id, () =>
    episodeInput({ ...SCHEDULED, number: 2, announced: false }),
  );
  expect(await announced(series.id)).toEqual([]);

  const hidden = await newSeries(catalog(), { visible: false });
  await newEpisode(catalog(), hidden.id, SCHEDULED);
  expect(await announced(hidden.id)).toEqual([]);
});
