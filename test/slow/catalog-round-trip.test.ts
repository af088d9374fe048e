import fc from 'fast-check';
import { EPISODE_STATUSES } from '../../src/features/episodes/fields';
import { exportCatalog } from '../../src/features/transfer/catalog-export';
import { readCatalogFile } from '../../src/features/transfer/catalog-file';
import { countRows, importCatalog, NO_ROWS } from '../../src/features/transfer/catalog-import';
import { importBangumi, recentSince } from '../../src/features/transfer/import-bangumi';
import { recordAudit } from '../../src/journal/journal';
import { newEpisode, newSeries, testCatalog, tester } from '../support/catalog';
import { createTestDatabase, type TestDatabase } from '../support/database';

let from: TestDatabase;
let to: TestDatabase;
beforeAll(async () => {
  [from, to] = [await createTestDatabase(), await createTestDatabase()];
});
afterAll(async () => {
  await from.drop();
  await to.drop();
});

const catalogOn = ({ db }: TestDatabase) => ({ ...testCatalog(db), audit: recordAudit });

async function exported({ db }: TestDatabase, part: Parameters<typeof exportCatalog>[1]): Promise<string> {
  let text = '';
  await exportCatalog(db, part, async (piece) => {
    text += piece;
  });
  return text;
}

async function imported(database: TestDatabase, text: string) {
  const bytes = (async function* () {
    const all = new TextEncoder().encode(text);
    for (let at = 0; at < all.length; at += 65_536) yield all.subarray(at, at + 65_536);
  })();
  let counts = NO_ROWS;
  const options = { from: 'test', now: () => new Date(), actor: tester };
  for await (const rows of importCatalog(catalogOn(database), readCatalogFile(bytes), options)) {
    expect(
      rows.filter(({ outcome }) => outcome === 'refused').map(({ label, notes }) => [label, ...notes]),
    ).toEqual([]);
    counts = countRows(counts, rows);
  }
  return counts;
}

const text = fc.oneof(
  fc.string({ maxLength: 40 }).filter((each) => each.trim() !== ''),
  fc.constantFrom(
    '=SUM(A1)',
    "'=x",
    '-1',
    '@you',
    '"a", b; c',
    '葬送のフリーレン',
    'العربية',
    '＝全角',
    '\u{1F600}',
    'a\tb',
  ),
);
const server = fc.record({
  name: text.map((each) => each.slice(0, 20)),
  kind: fc.constantFrom('embed', 'file', 'hls'),
  url: fc.webUrl({ validSchemes: ['https'], withQueryParameters: true, withFragments: true }),
  audioLanguage: fc.constantFrom(null, 'ja', 'de'),
  subtitleLanguage: fc.constantFrom(null, 'zh-Hant'),
  sandboxed: fc.boolean(),
  enabled: fc.boolean(),
});
const episode = fc.record({
  kind: fc.constantFrom('regular', 'special'),
  title: text,
  synopsis: fc.array(text, { maxLength: 3 }).map((lines) => lines.join('\n')),
  durationSeconds: fc.option(fc.integer({ min: 1, max: 86_400 })),
  intro: fc.option(fc.constant({ startSeconds: 5, endSeconds: 95 })),
  status: fc.constantFrom(...EPISODE_STATUSES),
  publishAt: fc.constant('2099-01-01T00:00:00.500Z'),
  announced: fc.boolean(),
  externalId: fc.constant(null),
  videoServers: fc.array(server, { maxLength: 4 }),
});

test('a real catalog with every corner is exported, imported into an empty site, and exported as the same', async () => {
  const now = new Date();
  await importBangumi(catalogOn(from), tester, { now, since: recentSince(now) });
  const series = await newSeries(catalogOn(from), {
    title: 'Corners',
    genres: ['sci-fi'],
    synonyms: ['-', '+1', '=a'],
  });
  let [number, corners] = [0, 0];
  for (const { publishAt, ...given } of fc.sample(episode, 250)) {
    const input = { ...given, number: ++number / 4, ...(given.status === 'scheduled' && { publishAt }) };
    try {
      await newEpisode(catalogOn(from), series.id, input);
      corners++;
    } catch {
      // Not all that is drawn is a text or an address that the site takes.
    }
  }
  expect(corners).toBeGreaterThan(100);
  const document = await exported(from, { format: 'json' });
  const first = await imported(to, document);
  expect(first.series.created).toBeGreaterThan(400);
  expect(first.episodes.created).toBeGreaterThan(4_000);
  expect((await exported(to, { format: 'json' })) === document).toBe(true);
  for (const kind of ['series', 'episodes'] as const) {
    const table = await exported(from, { format: 'csv', kind });
    expect((await exported(to, { format: 'csv', kind })) === table).toBe(true);
    expect(await imported(to, table)).toMatchObject({ [kind]: { created: 0, changed: 0 } });
  }
  // The one who keeps the data sees no difference either.
  const again = await importBangumi(catalogOn(to), tester, { now, since: recentSince(now) });
  expect(again).toMatchObject({
    series: { added: 0, updated: 0 },
    episodes: { added: 0, moved: 0, takenBack: 0, broughtBack: 0 },
  });
}, 240_000);
