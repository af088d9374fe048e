import fc from 'fast-check';
import type { z } from 'zod';
import { episodeSchema } from '../../src/features/episodes/fields';
import { findEpisode } from '../../src/features/episodes/queries';
import { createEpisode } from '../../src/features/episodes/repository';
import { seriesSchema } from '../../src/features/series/fields';
import { createSeries, findSeries } from '../../src/features/series/repository';
import { parseInput } from '../../src/web/input';
import { newSeries, playable, testCatalog, tester } from '../support/catalog';
import { createTestDatabase, type TestDatabase } from '../support/database';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

test('no definition of the database has a binding in it that was a question mark', async () => {
  const { rows } = await database.db.raw(`
    select conname as name, pg_get_constraintdef(oid) as definition from pg_constraint
      where connamespace = 'public'::regnamespace
    union all select viewname, definition from pg_views where schemaname = 'public'
    union all select indexname, indexdef from pg_indexes where schemaname = 'public'
    union all select tgname, pg_get_triggerdef(oid) from pg_trigger where not tgisinternal
    union all select attrelid::regclass || '.' || attname, pg_get_expr(adbin, adrelid)
      from pg_attrdef join pg_attribute on attrelid = adrelid and attnum = adnum
    union all select proname, prosrc from pg_proc where pronamespace = 'public'::regnamespace and prolang <> 13
      and not exists (select 1 from pg_depend where objid = pg_proc.oid and deptype = 'e')`);
  expect(rows.length).toBeGreaterThan(50);
  // $ is followed by a digit in no regular expression of ours.
  const mangled = rows.filter(({ definition }: { definition: string }) => /\$[0-9]/.test(definition));
  expect(mangled).toEqual([]);
});

/** Text of any UTF-16 units, the troublesome ones more often than by chance. */
const anyText = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '\0',
        '\u0007',
        '\ud83c',
        '\udf38',
        '\u200b',
        '\u202e',
        '\u0958',
        '\u3099',
        ' ',
        '\n',
        '\t',
      ),
      fc.constantFrom(
        'a',
        'é',
        'が',
        '🌸',
        '\ufffe',
        '$',
        '?',
        '%',
        '\\',
        "'",
        '"',
        '{',
        '1',
        '１',
        ',',
        '-',
      ),
      fc.string({ unit: 'grapheme', maxLength: 3 }),
    ),
    { maxLength: 20 },
  )
  .map((parts) => parts.join(''));

/** Around a limit, counted in whichever way. */
const longText = (length: number) =>
  fc
    .tuple(fc.constantFrom('a', 'é', 'が', '🌸', '\u304b\u3099', '\u0958'), fc.integer({ min: -2, max: 2 }))
    .map(([character, more]) => character.repeat(length + more));

const text = (limit: number) =>
  fc.oneof({ weight: 5, arbitrary: anyText }, longText(limit), longText(limit / 2));

const tag = fc.oneof(
  fc.constantFrom('ja', 'zh-hant', 'en-US', 'en-x-private', 'x', ''),
  fc
    .array(fc.string({ unit: fc.constantFrom(...'abc123'), minLength: 5, maxLength: 8 }), { maxLength: 6 })
    .map((variants) => ['en', ...variants].join('-')),
  anyText,
);

const series = fc.record(
  {
    title: text(300),
    titleLanguage: tag,
    titleNative: fc.option(text(300)),
    nativeLanguage: fc.option(tag),
    slug: fc.oneof(fc.stringMatching(/^[a-z0-9-]{1,102}$/), anyText),
    synonyms: fc.array(text(300), { maxLength: 3 }),
    synopsis: text(10_000),
    kind: fc.constantFrom('tv', 'movie', 'ova', 'web', 'opera'),
    seasonYear: fc.option(fc.oneof(fc.integer({ min: 1_898, max: 3_001 }), fc.double())),
    season: fc.option(fc.constantFrom('winter', 'spring', 'summer', 'fall', 'autumn')),
  },
  { requiredKeys: ['title'] },
);

const year = fc.oneof(
  fc.integer({ min: 0, max: 9_999 }),
  fc.constantFrom(0, 1, 1899, 1900, 9_999, 10_000, 275_760),
);
const time = fc.oneof(
  fc
    .tuple(
      year,
      fc.constantFrom('01-01T00:00:00', '12-31T23:59:59.9996', '02-29T12:00'),
      fc.constantFrom('Z', '+23:59', '-23:59'),
    )
    .map(([y, rest, zone]) => `${String(y).padStart(4, '0')}-${rest}${zone}`),
  fc.constantFrom('-infinity', 'infinity', 'now', '', '+275760-09-13T00:00:00Z', '-000001-01-01T00:00:00Z'),
);

const number = fc.oneof(
  fc.double({ min: -1, max: 100_001 }),
  fc.integer(),
  fc.integer({ min: 0, max: 9_999_999 }).map((cents) => cents / 100),
  fc.stringMatching(/^[0-9０-９]{1,6}[.,．，]?[0-9]{0,3}$/),
  anyText,
);

const host = fc.constantFrom(
  'video.example',
  'ｖｉｄｅｏ.example',
  '例え.jp',
  'localhost',
  'LOCALHOST',
  '127.0.0.1',
  '127.1',
  '0x7f000001',
  '[::1]',
  '[0:0:0:0:0:0:0:1]',
  'localhost.',
  'localhost.evil.example',
  'user@localhost',
  'a:b@video.example',
  '@video.example',
  '127.0.0.1.evil.example',
  '[::2]',
  '',
);
const path = fc.oneof(
  fc.constantFrom(
    '',
    '/',
    '?',
    '#',
    '?a=@b',
    '#@',
    '/@',
    '/a?b#c',
    '\\a',
    '/é'.repeat(400),
    '//',
    '/..',
    ':1',
    ':65536',
    ':80/x',
  ),
  fc.webPath(),
  text(2_048),
);
const url = fc.oneof(
  fc
    .tuple(
      fc.constantFrom('https://', 'http://', 'HTTP://', 'https:', 'http:/', '//', 'ftp://', ''),
      host,
      path,
    )
    .map((parts) => parts.join('')),
  fc.webUrl({ withFragments: true, withQueryParameters: true }),
  path.map((rest) => `/media${rest}`),
);

const server = fc.record(
  {
    name: text(60),
    kind: fc.constantFrom('embed', 'file', 'hls'),
    url,
    audioLanguage: fc.option(tag),
    subtitleLanguage: fc.option(tag),
  },
  { requiredKeys: ['name', 'kind', 'url'] },
);

const episode = fc.record(
  {
    number,
    title: text(300),
    synopsis: text(10_000),
    durationSeconds: fc.option(fc.oneof(fc.integer({ min: -1, max: 86_402 }), fc.double())),
    status: fc.constantFrom('draft', 'scheduled', 'published', 'hidden'),
    publishAt: fc.option(time),
    announced: fc.boolean(),
    videoServers: fc.array(server, { maxLength: 2 }),
  },
  { requiredKeys: ['number'] },
);

/** What is given, but where it is refused: there what is plain, or nothing. One refused field would hide all others. */
function parseTheRest<Schema extends z.ZodType>(
  schema: Schema,
  plain: Readonly<Record<string, unknown>>,
  given: Readonly<Record<string, unknown>>,
) {
  const fields = { ...given };
  for (;;) {
    const parsed = parseInput(schema, { ...plain, ...fields });
    if (parsed.ok) return parsed.value;
    const names = parsed.errors.map(({ field }) => field.split('.')[0] ?? '');
    const refused = names.find((name) => name in fields) ?? ASKED_FOR_BY[names[0] ?? ''] ?? '';
    if (!(refused in fields)) throw new Error(`What is plain is refused: ${JSON.stringify(parsed.errors)}`);
    delete fields[refused];
  }
}

/** Which field asks for another one that is not given. */
const ASKED_FOR_BY: Readonly<Record<string, string>> = {
  season: 'seasonYear',
  seasonYear: 'season',
  publishAt: 'status',
};

jest.setTimeout(60_000);

describe('what the schema lets in, the tables hold, and give back as it was', () => {
  test('series', async () => {
    const catalog = testCatalog(database.db);
    let saved = 0;
    await fc.assert(
      fc.asyncProperty(series, async (given) => {
        const input = parseTheRest(seriesSchema, { title: 'Plain' }, given);
        const result = await createSeries(catalog, tester, input);
        if (result.outcome === 'slug-taken') return;
        if (result.outcome !== 'saved') throw new Error(result.outcome);
        saved++;
        const { slug, ...rest } = input;
        expect(await findSeries(database.db, result.series.id)).toMatchObject(
          slug === undefined ? rest : { slug, ...rest },
        );
      }),
      { numRuns: 200 },
    );
    expect(saved).toBeGreaterThan(100);
  });

  test.each<[string, fc.Arbitrary<Readonly<Record<string, unknown>>>]>([
    ['any fields', episode],
    ['numbers', fc.record({ number })],
    ['addresses', url.map((address) => ({ number: 1, videoServers: [{ ...playable, url: address }] }))],
  ])('episodes: %s', async (_, any) => {
    const catalog = testCatalog(database.db);
    const { id: seriesId } = await newSeries(catalog);
    let saved = 0;
    await fc.assert(
      fc.asyncProperty(any, async (given) => {
        const input = parseTheRest(episodeSchema, { number: 1 }, given);
        const result = await createEpisode(catalog, tester, seriesId, input);
        if (result.outcome !== 'saved') throw new Error(result.outcome);
        saved++;
        const { id } = result.episode;
        expect(await findEpisode(database.db, id)).toMatchObject(input);
        // Makes its number free for the next one.
        await database.db('episodes').where({ id }).delete();
      }),
      { numRuns: 150 },
    );
    expect(saved).toBeGreaterThan(50);
  });
});

test.each([
  'https://user@video.example/',
  'https://a1@video.example/',
  'http://video.example/',
  'http://localhost.evil.example/',
  'http://user@localhost/',
  'http://127.0.0.1.evil.example/',
  'javascript:alert(1)',
  '/etc/passwd',
  '//video.example/',
])('the table itself refuses the address %s', async (address) => {
  await expect(insertServer(address)).rejects.toThrow('video_servers_url_check');
});

test('the table itself refuses an address that is too long', async () => {
  await expect(insertServer(`https://video.example/${'a'.repeat(2_048)}`)).rejects.toThrow('_url_check');
});

async function insertServer(address: string): Promise<void> {
  const { id } = await newSeries(testCatalog(database.db));
  const [row] = await database.db('episodes').insert({ series_id: id, number: 1 }).returning('id');
  await database
    .db('video_servers')
    .insert({ episode_id: row.id, name: 'A', kind: 'file', url: address, position: 0 });
}
