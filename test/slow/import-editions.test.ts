import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type BangumiData, readBangumiSeries } from '../../src/features/transfer/bangumi-data';
import { importBangumi } from '../../src/features/transfer/import-bangumi';
import { testCatalog, tester } from '../support/catalog';
import { createTestDatabase, type TestDatabase } from '../support/database';

const NOW = new Date('2026-11-25T00:00:00Z');
const OLDER = ['0.3.62', '0.3.123', '0.3.171', '0.3.202'];
const NEWEST = '0.3.208';

let inTurn: TestDatabase;
let fresh: TestDatabase;
beforeAll(async () => {
  inTurn = await createTestDatabase();
  fresh = await createTestDatabase();
});
afterAll(async () => {
  await inTurn.drop();
  await fresh.drop();
});

async function edition(version: string): Promise<BangumiData> {
  return JSON.parse(await readFile(join(__dirname, 'fixtures', `bangumi-data-${version}.json`), 'utf8'));
}

/** Each series as it is seen, with its episodes, and without its address, which depends on what came first. */
async function seriesOf({ db }: TestDatabase): Promise<Map<string, unknown>> {
  const rows = await db('series as s')
    .select(
      ...[
        'title',
        'title_language',
        'title_native',
        'native_language',
        'synonyms',
        'kind',
        'season_year',
        'season',
      ],
      ...['begins_at', 'ends_at', 'broadcast', 'links', 'note', 's.slug'],
      db.raw(`(select json_agg(json_build_array(e.number, e.status, e.published_at) order by e.number)
               from episodes e where e.series_id = s.id and e.deleted_at is null) as episodes`),
    )
    .orderBy('s.id');
  return new Map(rows.map(({ slug, ...row }) => [slug, row]));
}

test('editions of five years, imported in turn, leave what the last one alone brings', async () => {
  for (const version of OLDER) {
    const data = await edition(version);
    // Some weeks after it was published.
    const now = new Date(readBangumiSeries(data).knownUntil.getTime() + 21 * 86_400_000);
    await importBangumi(testCatalog(inTurn.db), tester, { now, data });
  }
  const options = { now: NOW, data: await edition(NEWEST) };
  const last = await importBangumi(testCatalog(inTurn.db), tester, options);
  expect(last.episodes.takenBack).toBeGreaterThan(0);
  expect(last.series.updated).toBeGreaterThan(0);
  const gone = last.gone.map(({ title }) => title);
  expect(gone).toEqual(['PAW PATROL', 'SPRIGGAN']);

  await importBangumi(testCatalog(fresh.db), tester, options);
  const [one, other] = [await seriesOf(inTurn), await seriesOf(fresh)];
  for (const { slug } of last.gone) one.delete(slug);
  const sorted = (all: Map<string, unknown>) =>
    [...all.values()].map((series) => JSON.stringify(series)).sort();
  expect(other.size).toBeGreaterThan(50);
  expect(sorted(one)).toEqual(sorted(other));

  expect(await importBangumi(testCatalog(inTurn.db), tester, options)).toMatchObject({
    series: { added: 0, updated: 0 },
    episodes: { added: 0, moved: 0, takenBack: 0, broughtBack: 0 },
  });
}, 60_000);
