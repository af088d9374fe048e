import fc from 'fast-check';
import { csvRow, unguarded } from '../../../src/features/transfer/catalog-csv';
import { FILE_FIELDS, type RawRecord, type RecordKind } from '../../../src/features/transfer/catalog-fields';
import {
  type CatalogWriter,
  csvWriter,
  type FileRecord,
  jsonWriter,
  readCatalogFile,
} from '../../../src/features/transfer/catalog-file';

async function* inPieces(bytes: Uint8Array, length: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

async function read(text: string | Uint8Array, length = 1 << 16): Promise<FileRecord[]> {
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text;
  const records: FileRecord[] = [];
  for await (const record of readCatalogFile(inPieces(bytes, length))) records.push(record);
  return records;
}

const written = (writer: CatalogWriter, kind: RecordKind, records: readonly RawRecord[]): string =>
  [writer.start(), ...records.map((record) => writer.record(kind, record)), writer.end()].join('');

const document = (series: string, episodes = '') =>
  `{"format":"nipnime-catalog","version":1,\n"series":[${series}],\n"episodes":[${episodes}]}`;

const text = fc.oneof(
  fc.string({ unit: 'grapheme' }).map((each) => each.replaceAll('\r', '')),
  fc.constantFrom(
    '=1+1',
    "'=1+1",
    "''@x",
    '-12',
    '+49',
    '＝A1',
    '"quoted"',
    'a;b\tc',
    'two\nlines',
    '葬送のフリーレン',
  ),
);
const nullable = fc.option(text.filter((each) => each.trim() !== ''));
const server = fc.record({
  name: text.filter((each) => each.trim() !== ''),
  kind: fc.constantFrom('embed', 'file', 'hls'),
  url: fc.webUrl(),
  audioLanguage: nullable,
  subtitleLanguage: nullable,
  sandboxed: fc.boolean(),
  enabled: fc.boolean(),
});
const episode = fc.record({
  series: fc.constantFrom('frieren', 'x-2'),
  kind: fc.constantFrom('regular', 'special'),
  number: fc.integer({ min: 0, max: 9_999_999 }).map((hundredths) => hundredths / 100),
  title: text,
  durationSeconds: fc.option(fc.integer({ min: 1, max: 86_400 })),
  intro: fc.option(fc.record({ startSeconds: fc.nat(), endSeconds: fc.nat() })),
  announced: fc.boolean(),
  publishAt: fc.option(fc.constantFrom('2026-11-23T09:30:00.000Z')),
  videoServers: fc.array(server, { maxLength: 3 }),
});
const series = fc.record({
  slug: fc.constantFrom('frieren', 'x-2'),
  title: text.filter((each) => each.trim() !== ''),
  titleNative: nullable,
  synonyms: fc.array(
    text.filter((each) => each.trim() !== '' && !each.includes('\n')),
    { maxLength: 3 },
  ),
  links: fc.array(fc.record({ title: text, url: fc.webUrl(), kind: fc.constantFrom('info') }), {
    maxLength: 2,
  }),
  note: text,
});

/** Blank texts are trimmed away by the fields; spaces around a text by them, too. */
const trimmed = (record: RawRecord): unknown =>
  JSON.parse(JSON.stringify(record), (_name, value) => (typeof value === 'string' ? value.trim() : value));

test.each<[RecordKind, fc.Arbitrary<RawRecord>]>([
  ['episodes', episode],
  ['series', series],
])('%s are read back as they were written, as JSON and as CSV', async (kind, one) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(one, { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 1, max: 40 }),
      async (records, length) => {
        for (const writer of [jsonWriter(), csvWriter(kind, 3)]) {
          const back = await read(written(writer, kind, records), length);
          expect(
            back.map((each) => ('record' in each ? trimmed(pickFrom(each.record, records[0])) : each)),
          ).toEqual(records.map(trimmed));
        }
      },
    ),
    { numRuns: 30 },
  );
});

/** A table has all columns. */
function pickFrom(record: RawRecord, model: RawRecord = {}): RawRecord {
  return Object.fromEntries(Object.keys(model).map((name) => [name, record[name]]));
}

test('no cell is a formula to a spreadsheet, and each is read as it was', () => {
  fc.assert(
    fc.property(text, (typed) => {
      const cell = csvRow([typed]).slice(0, -2);
      expect(cell.replace(/^"/, '')).not.toMatch(/^[=+\-@\t＝＋－＠]/);
    }),
  );
  for (const typed of ['=1', "'=1", "'", "''", "'a", '-', '＠x'])
    expect(unguarded(csvRow([typed]).slice(0, -2))).toBe(typed);
});

test('a document may be laid out in any way, and says the line of each record', async () => {
  const pretty = JSON.stringify(
    JSON.parse(
      document(
        '{"slug":"a","title":"A, [B] {C}: \\"D\\""},{"slug":"b","title":"B"}',
        '{"series":"a","number":1}',
      ),
    ),
    null,
    2,
  );
  expect(await read(pretty, 3)).toMatchObject([
    { kind: 'series', row: 5, record: { slug: 'a', title: 'A, [B] {C}: "D"' } },
    { kind: 'series', row: 9, record: { slug: 'b', title: 'B' } },
    { kind: 'episodes', row: 15, record: { series: 'a', number: 1 } },
  ]);
});

test('a record that can’t be read is told, and those around it are read', async () => {
  const deep = `{"title":${'['.repeat(5_000)}${']'.repeat(5_000)}}`;
  const found = await read(
    document(
      ['{"slug":"a"}', '{"slug":"a","slug":"b"}', '{"slug":}', deep, '5', '{"__proto__":{"x":1}}'].join(
        ',\n',
      ),
    ),
  );
  expect(found.map((each) => ('problem' in each ? each.problem : each.record))).toEqual([
    { slug: 'a' },
    'Has a name twice.',
    expect.stringMatching(/^Must be JSON: /),
    'Must not be nested deeper than 10 levels.',
    'Must be an object.',
    JSON.parse('{"__proto__":{"x":1}}'),
  ]);
});

test.each([
  ['', 'The file is empty.'],
  ['{"a":1}', 'It is no catalog'],
  ['{"series":[{}]}', 'It is no catalog'],
  ['{"format":"nipnime-catalog","version":2}', 'It is of version 2; this site reads version 1.'],
  ['{"format":"nipnime-catalog","version":1,"series":{}}', '"series" must be a list'],
  ['{"format":"nipnime-catalog","version":1,"people":[]}', 'there is no member "people"'],
  ['{"format":"nipnime-catalog","version":1,"series":[],"series":[]}', '"series" stands in it twice'],
  ['{"format":"nipnime-catalog","version":1,"series":[{"slug":"a"}', 'it ends in the middle'],
  ['{"format":"nipnime-catalog","version":1,"series":[}', 'its brackets don’t match'],
  ['name,price\r\nx,1\r\n', 'The first row must name the columns'],
  ['slug,title,titel\r\na,A,B\r\n', 'There is no column “titel” in files of series.'],
  ['slug,title,slug\r\n', 'The column “slug” stands in it twice.'],
  [`${','.repeat(500)}\r\n`, 'It has 501 columns; an import reads at most 400.'],
  ['slug,title\r\na,"A\r\nb,B\r\n', 'Row 2: It can’t be read as CSV: a quotation mark is opened'],
])('what is no file of a catalog is refused in words: %j', async (content, message) => {
  await expect(read(content)).rejects.toThrow(message);
});

test('bytes that are no UTF-8 are told with their line', async () => {
  const latin1 = Buffer.from('slug,title\r\na,A\r\nb,Größe\r\n', 'latin1');
  await expect(read(latin1, 4)).rejects.toThrow('It is not UTF-8 (line 3). Save it as “CSV UTF-8”');
});

test('a table is read with a mark, with semicolons, and without the cells that are empty at its end', async () => {
  expect(await read('\ufeffslug;title;;\r\na;"A;B";;\r\n\r\nb;B\r\nc;C;;x\r\n')).toMatchObject([
    { kind: 'series', row: 2, record: { slug: 'a', title: 'A;B' } },
    { kind: 'series', row: 4, record: { slug: 'b', title: 'B' } },
    {
      kind: 'series',
      row: 5,
      problem: 'Has 4 cells; there are 2 columns.',
      source: { cells: ['c', 'C', '', 'x'] },
    },
  ]);
});

test('what an empty cell says depends on what the field can be', async () => {
  const [row] = await read('series,kind,number,title,durationSeconds,announced\r\na,,2,,,\r\n');
  expect(row).toMatchObject({ record: { series: 'a', number: 2, title: '', durationSeconds: null } });
});

test('every field of a series and an episode is in the file', () => {
  expect(Object.keys(FILE_FIELDS.series).slice(0, 2)).toEqual(['slug', 'title']);
  expect(Object.keys(FILE_FIELDS.episodes).slice(0, 3)).toEqual(['series', 'kind', 'number']);
});
