import {
  createEpisode,
  deleteEpisode,
  restoreEpisode,
  updateEpisode,
} from '../../../src/features/episodes/repository';
import { publishDueEpisodes } from '../../../src/features/episodes/scheduler';
import { listJournal, recordAudit } from '../../../src/journal/journal';
import { episodeInput, newEpisode, newSeries, playable, testCatalog, tester } from '../../support/catalog';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { until } from '../../support/until';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

/** The statements that `work` sends, without their values. */
async function statementsOf<T>(work: () => Promise<T>): Promise<{ result: T; statements: string[] }> {
  const statements: string[] = [];
  const listen = ({ sql }: { sql: string }): void => void statements.push(sql);
  database.db.on('query', listen);
  try {
    return { result: await work(), statements };
  } finally {
    database.db.removeListener('query', listen);
  }
}

const readsOfEpisode = (statements: readonly string[]) =>
  statements.filter((sql) => sql.startsWith('select') && sql.includes('"episodes" as "e"'));

test('a save reads the episode once, and writes only the servers that differ', async () => {
  const catalog = { ...testCatalog(database.db), audit: recordAudit };
  const series = await newSeries(catalog);
  const second = { ...playable, name: 'Second' };
  const episode = await newEpisode(catalog, series.id, { number: '1', videoServers: [playable, second] });
  const [main, other] = episode.videoServers;
  const { result, statements } = await statementsOf(() =>
    updateEpisode(catalog, tester, episode.id, () =>
      episodeInput({
        number: '1',
        title: 'New',
        videoServers: [
          { ...playable, id: main?.id },
          { ...second, id: other?.id, name: 'Third' },
          { ...playable, name: 'Added' },
        ],
      }),
    ),
  );
  expect(readsOfEpisode(statements)).toHaveLength(1);
  expect(statements.filter((sql) => sql.includes('"video_servers"') && !sql.startsWith('select'))).toEqual([
    expect.stringMatching(/^update "video_servers"/),
    expect.stringMatching(/^insert into "video_servers"/),
  ]);
  // BEGIN, its limits, the lock, before, the episode, the update, two for its servers, the journal, after, the log, COMMIT.
  expect(statements).toHaveLength(12);

  const again = await statementsOf(() =>
    updateEpisode(catalog, tester, episode.id, (current) => ({
      ...current,
      videoServers: [...current.videoServers],
    })),
  );
  expect(again.result).toEqual(result);
});

test('what a write says is there is what the next one finds', async () => {
  const catalog = testCatalog(database.db);
  const series = await newSeries(catalog, { title: '葬送のフリーレン', visible: false });
  const created = await createEpisode(
    catalog,
    tester,
    series.id,
    episodeInput({
      number: '7.5',
      status: 'scheduled',
      publishAt: '2031-01-01T12:00:45.123Z',
      durationSeconds: 60,
    }),
  );
  if (created.outcome !== 'saved') throw new Error(created.outcome);
  const updated = await updateEpisode(catalog, tester, created.episode.id, (current) => {
    expect(current).toEqual(created.episode);
    return episodeInput({ number: '8', status: 'published', videoServers: [playable, playable] });
  });
  if (updated.outcome !== 'saved') throw new Error(updated.outcome);
  expect(updated.episode).toMatchObject({ version: 2, publishAt: null, publishedAt: expect.any(Date) });
  const deleted = await deleteEpisode(catalog, tester, created.episode.id, (current) => {
    expect(current).toEqual(updated.episode);
    return true;
  });
  expect(deleted).toMatchObject({ outcome: 'deleted' });
});

test('what the caller has against a write is the result, and nothing is written', async () => {
  const catalog = testCatalog(database.db);
  const series = await newSeries(catalog);
  const episode = await newEpisode(catalog, series.id, { number: '1' });
  const refused = await updateEpisode(catalog, tester, episode.id, () => ({ problem: 'too late' }));
  expect(refused).toEqual({ outcome: 'refused', problem: 'too late', current: episode });
  const kept = await deleteEpisode(catalog, tester, episode.id, () => false);
  expect(kept).toEqual({ outcome: 'unexpected', current: episode });
  expect(await database.db('episodes').where({ id: episode.id }).first()).toMatchObject({
    version: 1,
    deleted_at: null,
  });
  expect(await deleteEpisode(catalog, tester, '999999')).toEqual({ outcome: 'not-found' });
});

test('each act leaves a row of the journal, with what differs', async () => {
  const catalog = { ...testCatalog(database.db), audit: recordAudit };
  const series = await newSeries(catalog, { title: 'Told' });
  const { id } = await newEpisode(catalog, series.id, {
    number: '1',
    status: 'scheduled',
    publishAt: new Date(Date.now() + 50).toISOString(),
    videoServers: [],
  });
  await until(async () => (await publishDueEpisodes(catalog)).published === 1);
  await updateEpisode(catalog, tester, id, (current) => ({ ...current, videoServers: [], title: 'T' }));
  await updateEpisode(catalog, tester, id, (current) => ({ ...current, videoServers: [], title: 'T' }));
  await deleteEpisode(catalog, tester, id);
  await restoreEpisode(catalog, tester, id);
  const acts = await listJournal(database.db, { subjectKind: 'episode', subjectId: id, limit: 10 });
  const whole = ['announced', 'kind', 'number', 'publishAt', 'publishedAt', 'status', 'title'];
  expect(acts.map(({ action, via, changes }) => [action, via, Object.keys(changes).sort()])).toEqual([
    ['episode.restore', 'command', whole],
    ['episode.delete', 'command', whole],
    ['episode.update', 'command', ['title']],
    ['episode.publish', 'scheduler', ['publishedAt', 'status']],
    ['episode.create', 'command', ['announced', 'kind', 'number', 'publishAt', 'status']],
  ]);
  expect(acts.every(({ subjectLabel }) => subjectLabel === 'Episode 1 of “Told”')).toBe(true);
  expect(acts[1]?.changes.title).toEqual({ before: 'T' });
  expect(acts[3]?.changes.status).toEqual({ before: 'scheduled', after: 'published' });
});
