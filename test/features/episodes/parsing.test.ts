import { episodePath, episodeSchema } from '../../../src/features/episodes/fields';
import { episodeFormFromBody, parseEpisodeForm } from '../../../src/features/episodes/form';
import { guessLanguage, seriesSchema } from '../../../src/features/series/fields';
import { slugFromTitle } from '../../../src/features/series/slug';
import { parseInput } from '../../../src/web/input';

test('lists every wrong field of an episode by its path', () => {
  const parsed = parseInput(episodeSchema, {
    number: 'twelve',
    durationSeconds: 0,
    status: 'scheduled',
    colour: 'red',
    videoServers: [{ name: '', kind: 'torrent', url: 'http://x.example' }],
  });
  expect(parsed).toMatchObject({ ok: false });
  expect(parsed.ok ? [] : parsed.errors.map(({ field }) => field).sort()).toEqual([
    'colour',
    'durationSeconds',
    'number',
    'publishAt',
    'videoServers.0.kind',
    'videoServers.0.name',
    'videoServers.0.url',
  ]);
  expect(parseInput(episodeSchema, {})).toMatchObject({
    errors: [{ field: 'number', message: 'Is required.' }],
  });
  expect(parseInput(episodeSchema, { number: 1, title: 5 })).toMatchObject({
    errors: [{ field: 'title', message: 'Must be text.' }],
  });
  expect(parseInput(episodeSchema, { number: 1, status: 'scheduled' })).toMatchObject({
    errors: [{ field: 'publishAt' }],
  });
});

test.each([
  ['12', '12'],
  ['012.50', '12.5'],
  [' 7 ', '7'],
  [12.5, '12.5'],
  ['0', '0'],
  ['１２', '12'],
  ['７００１３', '70013'],
  ['70012,5', '70012.5'],
  ['　０７０１２，５０　', '7012.5'],
  ['12．5', '12.5'],
])('reads the number %p as %s', (number, expected) => {
  expect(parseInput(episodeSchema, { number })).toMatchObject({ value: { number: expected } });
});

test.each(['-1', '1.234', '1,234', '1,2,3', '12²', '①', '123456', '1e3', '0x1', '', '.5', 'NaN', null, true])(
  'refuses the number %p',
  (number) => {
    expect(parseInput(episodeSchema, { number }).ok).toBe(false);
  },
);

test('refuses control characters, and folds white space in a line', () => {
  expect(parseInput(seriesSchema, { title: ' A\n B\t\r\nC ' })).toMatchObject({ value: { title: 'A B C' } });
  for (const title of ['A\u0000B', 'A\ud800', '\u200b', 'A\u202eB', ' \u0007 ']) {
    expect(parseInput(seriesSchema, { title })).toMatchObject({ errors: [{ field: 'title' }] });
  }
});

test('a text that may be empty may not be invisible', () => {
  expect(parseInput(episodeSchema, { number: 1, title: '\u200b' })).toMatchObject({
    errors: [{ field: 'title', message: 'Must contain something that can be seen.' }],
  });
});

test('keeps text in NFC, which is what counts for its length', () => {
  const decomposed = '\u304b\u3099'.repeat(300);
  expect(parseInput(seriesSchema, { title: decomposed })).toMatchObject({
    value: { title: '\u304c'.repeat(300) },
  });
  // The composed form of U+0958 is excluded from NFC: it grows.
  expect(parseInput(seriesSchema, { title: '\u0958'.repeat(300) }).ok).toBe(false);
});

test('a season and its year belong together', () => {
  expect(parseInput(seriesSchema, { title: 'A', season: 'fall' })).toMatchObject({
    errors: [{ field: 'seasonYear' }],
  });
  expect(parseInput(seriesSchema, { title: 'A', seasonYear: 2026 })).toMatchObject({
    errors: [{ field: 'season' }],
  });
});

test.each([
  ['Frieren: Beyond Journey’s End', 'frieren-beyond-journeys-end'],
  ['ぼっち・ざ・ろっく！', /^[a-z0-9-]+$/],
  ['進撃の巨人', /^[a-z0-9-]+$/],
  ['Ｋ－ＯＮ！', 'k-on'],
  ['♥', /^[a-z0-9-]+$/],
  ['！！！', 'series'],
  ['x'.repeat(300), /^x{95}$/],
])('makes a slug of %s', (title, expected) => {
  expect(slugFromTitle(title)).toMatch(expected);
});

test.each([
  ['葬送のフリーレン', 'ja'],
  ['進撃', 'ja'],
  ['나 혼자만 레벨업', 'ko'],
  ['Solo Leveling', 'en'],
])('takes %s for %s', (title, language) => {
  expect(guessLanguage(title)).toBe(language);
});

test.each([
  '2026-02-30T00:00:00Z',
  '0001-01-01T00:00:00Z',
  '0000-01-01T00:00:00Z',
  '+275760-09-13T00:00:00Z',
  '-infinity',
  '9999-12-31T23:59:59-00:01',
  '2026-11-23',
  '',
])('says what a time has to be like instead of %j', (publishAt) => {
  expect(parseInput(episodeSchema, { number: 1, publishAt })).toMatchObject({
    errors: [{ field: 'publishAt', message: expect.stringContaining('in the years 1900 to 9999') }],
  });
});

test('a path names series, kind and number', () => {
  expect(episodePath({ seriesSlug: 'frieren', kind: 'special', number: '1.5' })).toBe(
    '/series/frieren/specials/1.5',
  );
});

test.each([
  ['1:30-3:00', { startSeconds: 90, endSeconds: 180 }],
  ['0:00–1:29', { startSeconds: 0, endSeconds: 89 }],
  [' １：３０ 〜 ３：００ ', { startSeconds: 90, endSeconds: 180 }],
  ['1:00:00 1:01:30', { startSeconds: 3_600, endSeconds: 3_690 }],
  ['', null],
])('reads the intro that is typed as %j', (intro, value) => {
  const form = episodeFormFromBody({ number: '1', kind: 'regular', status: 'draft', intro });
  expect(parseEpisodeForm(form)).toMatchObject({
    ok: true,
    value: { intro: value },
  });
});

test.each(['90-180', '3:00-1:30', '1:30', '1:30-', '1:30-3:00-4:00', 'from 1:30 to 3:00', '1:30-30:00:00'])(
  'refuses %j as an intro',
  (intro) => {
    const parsed = parseEpisodeForm(
      episodeFormFromBody({ number: '1', intro, kind: 'regular', status: 'draft' }),
    );
    expect(parsed.ok ? [] : parsed.errors.map(({ field }) => field.split('.')[0])).toContain('intro');
  },
);
