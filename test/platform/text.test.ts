import fc from 'fast-check';
import {
  isStorableText,
  normalizeText,
  parseWholeNumber,
  textProblem,
  toHalfWidth,
} from '../../src/platform/text';

test.each([
  ['NUL', 'a\u0000b', 'U+0000, which is a control character.'],
  ['a bell', 'a\u0007b', 'U+0007, which is a control character.'],
  ['a C1 control', 'a\u0085b', 'U+0085, which is a control character.'],
  ['the first half of a surrogate pair', 'a\ud83cb', 'U+D83C, which is only half a character.'],
  ['the second half', 'a\udf38', 'U+DF38, which is only half a character.'],
  ['no character', 'a\uffff', 'U+FFFF, which is no character at all.'],
  ['an override of the direction', 'a\u202eb', 'U+202E, which is a mark that turns the direction of text.'],
  ['an isolate', 'a\u2066b', 'U+2066, which is a mark that turns the direction of text.'],
  ['only what has no width', '\u200b\u200d', 'something that can be seen.'],
  ['a byte order mark alone', '\ufeff', 'something that can be seen.'],
  ['only fillers and blanks', ' \u3164\u2800 ', 'something that can be seen.'],
])('refuses %s with words', (_, text, words) => {
  expect(textProblem(text)).toContain(words);
});

test.each(['', ' ', 'a\tb\r\nc', '葬送のフリーレン', '👩‍👧', 'می‌خواهم', 'a\u200bb', 'a\u200fb', '🌸'])(
  'has nothing against %j',
  (text) => {
    expect(textProblem(text)).toBeUndefined();
  },
);

test('whatever text is not refused can be stored', () => {
  const units = fc.array(fc.oneof(fc.nat({ max: 0xffff }), fc.integer({ min: 0xd800, max: 0xdfff })));
  fc.assert(
    fc.property(units, (codes) => {
      const text = String.fromCharCode(...codes);
      if (textProblem(text) === undefined) expect(isStorableText(text)).toBe(true);
    }),
  );
  expect(['a\u0000', '\ud800', '\udc00x'].map(isStorableText)).toEqual([false, false, false]);
  expect(isStorableText('🌸 葬送')).toBe(true);
});

test('keeps text in NFC, its lines ended by \\n alone', () => {
  expect(normalizeText(' \u304b\u3099\r\nb\rc\u2028d ')).toBe('\u304c\nb\nc\nd');
});

test('reads full-width characters as their ASCII twins, and nothing else as them', () => {
  expect(toHalfWidth('７００１３，５：００　Ａ')).toBe('70013,5:00 A');
  expect(toHalfWidth('12² ½ ①')).toBe('12² ½ ①');
});

test.each([
  ['2026', 2026],
  [' ２０２６ ', 2026],
  ['0', 0],
  ['007', 7],
  ...['', ' ', '0x10', '1e2', '-1', '1.0', '１²', '9'.repeat(16)].map((text) => [text, Number.NaN]),
])('reads the whole number %j as %p', (text, expected) => {
  expect(parseWholeNumber(String(text))).toBe(expected);
});
