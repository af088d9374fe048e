import { readLatestPage, readSeasons } from '../../../src/features/latest/public';
import type { Database } from '../../../src/platform/database';
import { newEpisode, newSeries, playable, testCatalog } from '../../support/catalog';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { until } from '../../support/until';

let database: TestDatabase;
let db: Database;
beforeEach(async () => {
  database = await createTestDatabase();
  db = database.db;
});
afterEach(() => database.drop());

const listed = (): Promise<string[]> => db('latest_episodes').orderBy('episode_id').pluck('episode_id');

const FACTS = 'episode_id, series_id, published_at, series_kind, season_year, season';

/** Rows in which the lists differ from what is public. */
async function differences(): Promise<unknown[]> {
  const differing = (listed: string, shown: string) =>
    `((${listed} except ${shown}) union all (${shown} except ${listed}))`;
  const all = differing(`select ${FACTS} from latest_episodes`, `select ${FACTS} from public_episodes`);
  const pairs = differing(
    `select audio, subtitles, ${FACTS} from latest_languages`,
    `select a, s, ${FACTS} from public_episodes, unnest(array[''] || audio_languages) a,
       unnest(array[''] || subtitle_languages) s where a || s > ''`,
  );
  const [{ rows }, { rows: others }] = await Promise.all([db.raw(all), db.raw(pairs)]);
  return [...rows, ...others];
}

test('lists what is public, whichever table was changed and by whom', async () => {
  const catalog = testCatalog(db);
  const series = await newSeries(catalog, { title: 'Changed', seasonYear: 2026, season: 'fall' });
  const { id: first } = await newEpisode(catalog, series.id, {
    number: 1,
    videoServers: [{ ...playable, audioLanguage: 'ja', subtitleLanguage: 'en' }],
  });
  const { id: second } = await newEpisode(catalog, series.id, { number: 2 });
  const { id: other } = await newEpisode(catalog, (await newSeries(catalog, { title: 'Other' })).id);
  const changes: readonly (readonly [sql: string, listed: readonly string[]])[] = [
    ['update series set visible = false', []],
    ['update series set visible = true', [first, second, other]],
    [`update series set kind = 'movie'`, [first, second, other]],
    ['update series set season = null, season_year = null', [first, second, other]],
    [`update episodes set status = 'hidden' where number = 2`, [first, other]],
    [`update episodes set status = 'published' where number = 2`, [first, second, other]],
    [`update episodes set published_at = published_at - interval '1 day'`, [first, second, other]],
    ['update episodes set deleted_at = now() where number = 1', [second]],
    ['update episodes set deleted_at = null', [first, second, other]],
    [`update video_servers set enabled = false where episode_id = ${first}`, [second, other]],
    [`update video_servers set episode_id = ${first} where episode_id = ${second}`, [first, other]],
    ['update video_servers set enabled = true', [first, other]],
    [`update video_servers set subtitle_language = 'de', audio_language = null`, [first, other]],
    [`delete from video_servers where episode_id = ${first}`, [other]],
    [
      `insert into video_servers (episode_id, name, kind, url, position, audio_language)
       select id, 'New', 'file', 'https://video.example/new.mp4', 1, 'ko' from episodes`,
      [first, second, other],
    ],
    [`delete from episodes where id = ${second}`, [first, other]],
  ];
  for (const [sql, expected] of changes) {
    await db.raw(sql);
    expect({ sql, listed: await listed(), differences: await differences() }).toEqual({
      sql,
      listed: expected,
      differences: [],
    });
  }
});

test('two writers who each make half of an episode public have made it public', async () => {
  const catalog = testCatalog(db);
  const series = await newSeries(catalog, { visible: false });
  const off = { videoServers: [{ ...playable, enabled: false }] };
  const { id } = await newEpisode(catalog, series.id, off);

  const shows = await db.transaction();
  await shows('series').update({ visible: true });
  const enables = db('video_servers').update({ enabled: true }).then();
  await until(async () => {
    const { rows } = await db.raw('select 1 from pg_locks where not granted');
    return rows.length > 0;
  });
  await shows.commit();
  await enables;
  expect(await listed()).toEqual([id]);
});

test('a catalog that was there before is listed by the migration', async () => {
  const catalog = testCatalog(db);
  const { id } = await newEpisode(catalog, (await newSeries(catalog)).id);
  await newEpisode(catalog, (await newSeries(catalog, { title: 'Hidden', visible: false })).id);

  await db.migrate.down({ name: '0003_flat_queries' });
  expect(await db.schema.hasTable('latest_episodes')).toBe(false);
  await db.migrate.latest();
  expect(await listed()).toEqual([id]);
});

test('pages of a filtered grid follow each other without a gap or a double', async () => {
  const catalog = testCatalog(db);
  const wanted = { kind: 'ova', seasonYear: 2024, season: 'winter' };
  const matching = await newSeries(catalog, { title: 'Matching', ...wanted });
  const others = [
    await newSeries(catalog, { title: 'Other kind', ...wanted, kind: 'tv' }),
    await newSeries(catalog, { title: 'Other year', ...wanted, seasonYear: 2023 }),
  ];
  const created: string[] = [];
  for (let number = 1; number <= 30; number++) {
    created.push((await newEpisode(catalog, matching.id, { number })).id);
    for (const { id } of others) await newEpisode(catalog, id, { number });
  }
  await db('episodes').update({ published_at: '2026-01-01T00:00:00.123Z' });

  const filter = { kind: 'ova', season: { year: 2024, season: 'winter' } } as const;
  const first = await readLatestPage(db, filter);
  const second = await readLatestPage(db, filter, { after: first.next });
  expect(second.next).toBeUndefined();
  expect([...first.episodes, ...second.episodes].map(({ episodeId }) => episodeId)).toEqual(
    created.reverse(),
  );
});

test('the seasons are those of public episodes, newest first', async () => {
  const catalog = testCatalog(db);
  const season = async (title: string, seasonYear: number, season: string, status: string): Promise<void> => {
    const series = await newSeries(catalog, { title, seasonYear, season });
    for (const number of [1, 2]) await newEpisode(catalog, series.id, { number, status });
  };
  expect(await readSeasons(db)).toEqual([]);
  await season('A', 2025, 'winter', 'published');
  await season('B', 2025, 'fall', 'published');
  await season('C', 2025, 'fall', 'published');
  await season('D', 2026, 'spring', 'published');
  await season('E', 2026, 'summer', 'draft');
  await newEpisode(catalog, (await newSeries(catalog, { title: 'Without a season' })).id);

  expect(await readSeasons(db)).toEqual([
    { year: 2026, season: 'spring' },
    { year: 2025, season: 'fall' },
    { year: 2025, season: 'winter' },
  ]);
});
