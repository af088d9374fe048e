import { type EpisodeStatus, publicationProblem } from '../../../src/features/episodes/fields';
import { updateEpisode } from '../../../src/features/episodes/repository';
import { publishDueEpisodes } from '../../../src/features/episodes/scheduler';
import { readLatestPage } from '../../../src/features/latest/public';
import { migrate } from '../../../src/platform/database';
import { episodeInput, newEpisode, newSeries, testCatalog, tester } from '../../support/catalog';
import { createTestDatabase, type TestDatabase } from '../../support/database';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const NOW = new Date('2026-11-23T09:30:00Z');
const at = (status: EpisodeStatus, seconds: number | null) => ({
  status,
  publishAt: seconds === null ? null : new Date(NOW.getTime() + 1_000 * seconds),
});
type State = ReturnType<typeof at>;

test.each<[string, State, State | undefined]>([
  ['is published at once', at('published', null), undefined],
  ['was published at a time', at('published', -3_600), undefined],
  ['is published now', at('published', 0), undefined],
  ['is scheduled for later', at('scheduled', 1), undefined],
  ['is scheduled for the minute that it is', at('scheduled', -59), undefined],
  ['is scheduled, and its time has come', at('scheduled', -3_600), at('scheduled', -3_600)],
  // As the table has it from when nobody looked.
  ['is published with a time to come, as before', at('published', 60), at('published', 60)],
  ['is a draft with a time to come', at('draft', 60), undefined],
  ['is hidden with a time that has passed', at('hidden', -3_600), undefined],
])('an episode that %s is right', (_, next, current) => {
  expect(publicationProblem(next, current, NOW)).toBeUndefined();
});

test.each<[string, string, State, State | undefined]>([
  ['is published with a time to come', 'Is still to come', at('published', 1), undefined],
  [
    'is published with the time that it was scheduled for',
    'Is still to come',
    at('published', 60),
    at('scheduled', 60),
  ],
  [
    'gets a time to come while it is published',
    'Is still to come',
    at('published', 60),
    at('published', null),
  ],
  ['is scheduled for a time that has passed', 'Has passed', at('scheduled', -61), undefined],
  ['is moved to a time that has passed', 'Has passed', at('scheduled', -61), at('scheduled', 60)],
  [
    'is scheduled again for when it was published',
    'Has passed',
    at('scheduled', -3_600),
    at('published', -3_600),
  ],
])('an episode that %s is refused: %s', (_, message, next, current) => {
  expect(publicationProblem(next, current, NOW)).toEqual({
    field: 'publishAt',
    message: expect.stringContaining(message),
  });
});

const edit = (id: string, overrides: Record<string, unknown>) =>
  updateEpisode(testCatalog(database.db), tester, id, () => episodeInput(overrides));

const rowOf = (id: string) =>
  database.db('episodes').select('status', 'published_at', 'first_public_at').where({ id }).first();

test('one that was published by mistake, and is scheduled then, is new and on top at its time', async () => {
  const catalog = testCatalog(database.db);
  const series = await newSeries(catalog, { title: 'By mistake' });
  const mistake = await newEpisode(catalog, series.id, { number: 1 });
  await database.db('episodes').where({ id: mistake.id }).update({ published_at: '2026-01-01T00:00:00Z' });
  const other = await newEpisode(catalog, series.id, { number: 2 });

  await edit(mistake.id, { number: 1, status: 'scheduled', publishAt: '2099-01-01T00:00:00Z' });
  expect(await rowOf(mistake.id)).toEqual({ status: 'scheduled', published_at: null, first_public_at: null });
  // Its time comes.
  const publishAt = new Date();
  await database.db('episodes').where({ id: mistake.id }).update({ publish_at: publishAt });
  expect(await publishDueEpisodes(catalog)).toMatchObject({ published: 1 });

  expect(catalog.published.at(-1)).toMatchObject({
    type: 'upsert',
    isNew: true,
    key: mistake.id,
  });
  const { episodes } = await readLatestPage(database.db, {});
  expect(episodes.map(({ episodeId }) => episodeId).slice(0, 2)).toEqual([mistake.id, other.id]);
  expect(episodes[0]?.publishedAt).toBe(publishAt.toISOString());
});

test.each(['hidden', 'draft'])(
  'one that was %s for a while has its place again, and is not new',
  async (status) => {
    const catalog = testCatalog(database.db);
    const series = await newSeries(catalog, { title: `For a while ${status}` });
    const { id, publishedAt } = await newEpisode(catalog, series.id);
    await edit(id, { status });
    expect(await edit(id, {})).toMatchObject({ episode: { publishedAt } });
    expect((await rowOf(id)).first_public_at).not.toBeNull();
  },
);

test('the migration takes their old places from episodes that are scheduled, and from no others', async () => {
  const catalog = testCatalog(database.db);
  const series = await newSeries(catalog, { title: 'Migrated' });
  const [scheduled, published] = [
    await newEpisode(catalog, series.id, { number: 1 }),
    await newEpisode(catalog, series.id, { number: 2 }),
  ];
  await database.db.migrate.down({ name: '0005_scheduled_places' });
  const change = { status: 'scheduled', publish_at: '2099-01-01T00:00:00Z' };
  await database.db('episodes').where({ id: scheduled.id }).update(change);
  await migrate(database.db);
  expect(await rowOf(scheduled.id)).toMatchObject({ published_at: null, first_public_at: null });
  expect(await rowOf(published.id)).toMatchObject({ published_at: published.publishedAt });
});
