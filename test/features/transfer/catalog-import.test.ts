import { exportCatalog } from '../../../src/features/transfer/catalog-export';
import { RefusedWriter, readCatalogFile } from '../../../src/features/transfer/catalog-file';
import { importCatalog, type RowResult } from '../../../src/features/transfer/catalog-import';
import { recordAudit } from '../../../src/journal/journal';
import { newEpisode, newSeries, testCatalog, tester } from '../../support/catalog';
import { createTestDatabase, type TestDatabase } from '../../support/database';

let from: TestDatabase;
let to: TestDatabase;
const made: TestDatabase[] = [];
async function newDatabase(): Promise<TestDatabase> {
  const database = await createTestDatabase();
  made.push(database);
  return database;
}
afterEach(async () => {
  for (const database of made.splice(0)) await database.drop();
});

const catalogOn = ({ db }: TestDatabase) => ({ ...testCatalog(db), audit: recordAudit });

async function exported(
  { db }: TestDatabase,
  part: Parameters<typeof exportCatalog>[1] = { format: 'json' },
) {
  let text = '';
  await exportCatalog(db, part, async (piece) => {
    text += piece;
  });
  return text;
}

async function* bytesOf(text: string): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode(text);
}

async function imported(
  database: TestDatabase,
  text: string,
  { isDryRun = false, catalog = catalogOn(database) } = {},
): Promise<RowResult[]> {
  const options = { from: 'test.json', now: () => new Date(), ...(!isDryRun && { actor: tester }) };
  const rows: RowResult[] = [];
  for await (const some of importCatalog(catalog, readCatalogFile(bytesOf(text)), options))
    rows.push(...some);
  return rows;
}

const outcomes = (rows: readonly RowResult[]) =>
  rows.map(({ row, outcome, notes }) => [row, outcome, ...notes]);
const countOf = async ({ db }: TestDatabase, table: string) =>
  Number((await db(table).count('* as n'))[0]?.n);

async function fill(): Promise<void> {
  from = await newDatabase();
  const catalog = catalogOn(from);
  const frieren = await newSeries(catalog, {
    title: '葬送のフリーレン',
    slug: 'frieren',
    synonyms: ['Frieren', '=1+1'],
    season: 'fall',
    seasonYear: 2023,
    genres: ['adventure', 'fantasy'],
    externalId: 'x:1',
    links: [
      { title: '公式サイト', url: 'https://frieren.example', kind: 'official' },
      {
        title: 'Stream',
        url: 'https://stream.example/1',
        kind: 'onair',
        regions: ['JP', 'US'],
        note: 'a\nb',
      },
    ],
  });
  const hidden = await newSeries(catalog, {
    title: 'Hidden',
    visible: false,
    synopsis: 'Two\nlines; "quoted"',
  });
  await newEpisode(catalog, frieren.id, {
    number: 1,
    title: '@home',
    durationSeconds: 1_440,
    intro: { startSeconds: 1, endSeconds: 90 },
  });
  await newEpisode(catalog, frieren.id, { number: 1, kind: 'special', status: 'draft', externalId: 'e:1' });
  await newEpisode(catalog, frieren.id, {
    number: 2.5,
    status: 'scheduled',
    publishAt: '2027-01-01T00:00:00Z',
    announced: true,
  });
  await newEpisode(catalog, hidden.id, {
    number: 1,
    videoServers: [
      { name: 'A', kind: 'file', url: 'https://a.example/1.mp4', enabled: false },
      { name: 'B', kind: 'embed', url: 'https://b.example/1', sandboxed: false, subtitleLanguage: 'de' },
    ],
  });
  await from
    .db('series')
    .where({ id: hidden.id })
    .update({
      begins_at: '2026-01-01T00:00:00Z',
      links: JSON.stringify([
        { title: 'Site', url: 'https://x.example/', kind: 'official', regions: ['JP'] },
      ]),
      source: 'bangumi:1',
      imported: { keys: ['bangumi:1'], fields: { title: 'abc' } },
      note: 'n',
    });
  await from.db('series').where({ id: frieren.id }).update({ slug: 'sousou-no-frieren' });
  await from.db('episodes').where({ series_id: hidden.id }).update({
    imported_as: 1,
    imported_version: 1,
    published_at: '2026-01-02T00:00:00Z',
    first_public_at: null,
  });
  const gone = await newEpisode(catalog, hidden.id, { number: 9 });
  await from.db('episodes').where({ id: gone.id }).update({ deleted_at: from.db.fn.now() });
}

test('an export is imported into an empty site, and exported from there as the same', async () => {
  to = await newDatabase();
  await fill();
  const document = await exported(from);
  const rows = await imported(to, document);
  expect(rows.map(({ outcome }) => outcome)).toEqual(Array(6).fill('created'));
  expect(await exported(to)).toBe(document);
  expect(document).toContain('"formerSlugs":["frieren"]');
  expect(document).not.toContain('"number":9');
});

test('and so are its tables', async () => {
  to = await newDatabase();
  await fill();
  for (const kind of ['series', 'episodes'] as const) {
    const table = await exported(from, { format: 'csv', kind });
    expect((await imported(to, table)).filter(({ outcome }) => outcome !== 'created')).toEqual([]);
    expect(await exported(to, { format: 'csv', kind })).toBe(table);
    expect(outcomes(await imported(from, table)).filter(([, outcome]) => outcome !== 'unchanged')).toEqual(
      [],
    );
  }
  expect(await exported(to)).toBe(await exported(from));
});

test('a second import changes nothing: no version, no entry of the journal, no event', async () => {
  await fill();
  const document = await exported(from);
  const before = [
    await countOf(from, 'journal'),
    await from.db('episodes').select('id', 'version', 'updated_at').orderBy('id'),
  ];
  const catalog = catalogOn(from);
  expect((await imported(from, document, { catalog })).every(({ outcome }) => outcome === 'unchanged')).toBe(
    true,
  );
  expect([
    await countOf(from, 'journal'),
    await from.db('episodes').select('id', 'version', 'updated_at').orderBy('id'),
  ]).toEqual(before);
  expect(catalog.published).toEqual([]);
});

test('what is new and what differs is written, told, in the journal, and live', async () => {
  await fill();
  const catalog = catalogOn(from);
  const file = [
    'series,number,title,videoServers.1.name,videoServers.1.kind,videoServers.1.url',
    'frieren,1,Other,Main,file,https://video.example/1.mp4',
    'sousou-no-frieren,2,"New, one",Main,file,https://video.example/2.mp4',
  ].join('\n');
  const dry = await imported(from, file, { isDryRun: true, catalog });
  expect(await countOf(from, 'episodes')).toBe(5);
  const rows = await imported(from, file, { catalog });
  expect(rows).toEqual(dry);
  expect(rows).toMatchObject([
    {
      outcome: 'changed',
      label: 'Episode 1 of “葬送のフリーレン”',
      changes: [{ label: 'Title', before: '@home', after: 'Other' }],
    },
    { outcome: 'created', label: 'Episode 2 of “葬送のフリーレン”' },
  ]);
  const entries = await from
    .db('journal')
    .select('action', 'subject_label', 'changes', 'details')
    .orderBy('id', 'desc')
    .limit(2);
  expect(entries).toMatchObject([
    {
      action: 'episode.create',
      subject_label: 'Episode 2 of “葬送のフリーレン”',
      details: { from: 'test.json' },
    },
    { action: 'episode.update', changes: { title: { before: '@home', after: 'Other' } } },
  ]);
  // A draft, which nobody sees, has no event.
  expect(catalog.published.map(({ type }) => type)).toContain('upsert');
  expect(await from.db('episodes').select('status').where({ title: 'New, one' })).toEqual([
    { status: 'draft' },
  ]);
});

test('what can’t be taken is refused with its reason, and the rest is written', async () => {
  to = await newDatabase();
  const series = [
    { slug: 'a', title: 'A' },
    { slug: 'a', title: 'A again' },
    { title: 'Without a name' },
    { slug: 'b', title: '', color: 'red' },
    { slug: 'c', title: 'C', season: 'fall' },
  ];
  const episode = {
    series: 'a',
    number: 1,
    status: 'published',
    videoServers: [{ name: 'A', kind: 'file', url: 'https://a.example/1' }],
  };
  const episodes = [
    episode,
    { ...episode, number: '01.0' },
    { ...episode, series: 'nowhere' },
    { ...episode, number: 2, videoServers: [{ name: 'A', kind: 'file', url: 'javascript:alert(1)' }] },
    { ...episode, number: 3, title: 'x\u0000y' },
    { ...episode, number: 4, publishedAt: '2030-01-01T00:00:00Z' },
    { ...episode, number: 5, status: 'scheduled' },
    { ...episode, number: 6, status: 'scheduled', publishAt: '2020-01-01T00:00:00Z' },
    { number: 7 },
  ];
  const document = `{"format":"nipnime-catalog","version":1,"series":[\n${series.map((each) => JSON.stringify(each)).join(',\n')}\n],"episodes":[\n${episodes.map((each) => JSON.stringify(each)).join(',\n')},\n{"series":"a","number":8,"__proto__":{}}\n]}`;
  const expected = [
    [2, 'created'],
    [3, 'refused', 'Is the same series as line 2.'],
    [4, 'refused', 'slug: Is required, or externalId: without them nobody knows which series it is.'],
    [5, 'refused', 'title: Must not be empty.', 'color: There is no such field.'],
    [6, 'refused', 'seasonYear: Is required when a season is given.'],
    [8, 'created'],
    [9, 'refused', 'Is the same episode as line 8.'],
    [10, 'refused', 'series: There is no series with the address nowhere.'],
    [11, 'refused', expect.stringMatching(/^videoServers\.1\.url: Must begin with https/)],
    [12, 'refused', 'title: Must not contain U+0000, which is a control character.'],
    [13, 'refused', 'publishedAt: Must not be to come: it stands at the top of the grid.'],
    [14, 'refused', 'publishAt: Is required for a scheduled episode.'],
    [15, 'created', 'Its time has passed: it is published at once.'],
    [16, 'refused', 'series: Is required.'],
    [17, 'refused', '__proto__: There is no such field.'],
  ];
  expect(outcomes(await imported(to, document, { isDryRun: true }))).toEqual(expected);
  expect(await countOf(to, 'series')).toBe(0);
  expect(outcomes(await imported(to, document))).toEqual(expected);
  expect([await countOf(to, 'series'), await countOf(to, 'episodes')]).toEqual([1, 2]);
});

/** A file of what was refused. */
function refusedFile(rows: readonly RowResult[]): string {
  const writer = new RefusedWriter();
  const refused = rows.filter(({ outcome }) => outcome === 'refused');
  return (
    refused.map(({ kind, source, notes }) => writer.record({ kind, source, problems: notes })).join('') +
    writer.end()
  );
}

test('what was refused comes back as a file with its columns, is mended, and imported', async () => {
  to = await newDatabase();
  await newSeries(catalogOn(to), { title: 'A', slug: 'a' });
  const rows = await imported(to, 'series;number;title\na;1;=one\na;x;=two\na;3;three;4\n');
  const file = refusedFile(rows);
  expect(file).toBe(
    '\ufeffseries,number,title,problems\r\na,x,\'=two,"number: Must be a number from 0 to 99999.99, such as 12 or 12.5."\r\na,3,three,"Has 4 cells; there are 3 columns.",4\r\n',
  );
  const mended = file.replace('a,x,', 'a,2,').replace(',4\r\n', '\r\n');
  expect(outcomes(await imported(to, mended))).toEqual([
    [2, 'created'],
    [3, 'created'],
  ]);
  expect(await to.db('episodes').select('title').orderBy('id')).toEqual([
    { title: '=one' },
    { title: '=two' },
    { title: 'three' },
  ]);

  const json =
    '{"format":"nipnime-catalog","version":1,"episodes":[{"series":"a","number":"y"},{"series":"a","number":}]}';
  expect(refusedFile(await imported(to, json))).toMatch(
    /^{"format":"nipnime-catalog","version":1,\n"episodes":\[\n{"series":"a","number":"y","problems":\["number: Must be [^"]*"\]},\n{"unreadable":"{\\"series\\":\\"a\\",\\"number\\":}","problems":\["Must be JSON: .*"\]}\n\]}\n$/,
  );
});

test('an external id finds what has another address or number by now', async () => {
  await fill();
  const json = `{"format":"nipnime-catalog","version":1,
"series":[{"externalId":"x:1","slug":"f","title":"F","titleLanguage":"en"}],
"episodes":[{"externalId":"e:1","series":"f","kind":"special","number":4},
{"externalId":"e:1","series":"hidden","number":4},
{"series":"f","kind":"regular","number":1,"externalId":"e:1"}]}`;
  const dry = outcomes(await imported(from, json, { isDryRun: true }));
  expect(dry).toEqual([
    [2, 'changed'],
    [3, 'changed'],
    [4, 'refused', 'externalId: Is that of an episode of another series, “葬送のフリーレン”.'],
    [5, 'refused', 'number: Is that of another episode of the series.'],
  ]);
});

test('a series of the same source is the same, under whichever address, and a new one without an address gets one that is free', async () => {
  await fill();
  const json = (series: string) => `{"format":"nipnime-catalog","version":1,\n"series":[\n${series}\n]}`;
  const renamed = await imported(
    from,
    json('{"slug":"now-called-so","title":"Hidden","source":"bangumi:1"}'),
  );
  expect(renamed).toMatchObject([{ outcome: 'changed', changes: [{ label: 'Address', before: 'hidden' }] }]);
  const other = await imported(from, json('{"slug":"now-called-so","title":"Hidden","source":"bangumi:2"}'));
  expect(outcomes(other)).toEqual([[3, 'refused', 'slug: Is the address of another series, “Hidden”.']]);
  await imported(from, json('{"title":"Hidden","externalId":"h:1"},\n{"title":"Hidden","externalId":"h:2"}'));
  expect(await from.db('series').select('slug').whereLike('external_id', 'h:%').orderBy('id')).toEqual([
    { slug: 'hidden-2' },
    { slug: 'hidden-3' },
  ]);
});
