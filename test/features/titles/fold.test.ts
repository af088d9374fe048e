import fc from 'fast-check';
import { fold, trigramText } from '../../../src/features/titles/fold';

test.each([
  ['case', 'HUNTER', 'hunter'],
  ['marks', 'Émigré Ōkami', 'emigre okami'],
  ['full width', 'ＦＡＴＥ／Ｚｅｒｏ', 'fate/zero'],
  ['half-width kana', 'ｶﾞﾝﾀﾞﾑ', 'ガンダム'],
  ['katakana', 'フリーレン', 'ふりーれん'],
  ['a long vowel that is not written', 'フリーレン', 'フリレン'],
  ['a long vowel written as a wave', 'ら〜めん', 'らーめん'],
  ['waves of both widths', 'A〜B', 'A～B'],
  ['a cross', 'HUNTER×HUNTER', 'HunterxHunter'],
  ['quotes', 'Journey’s “End”', 'Journey\'s "End"'],
  ['no quotes', 'Journey’s', 'Journeys'],
  ['punctuation', 'Re:ゼロ・から…', 're ゼロ から'],
  ['letters of other alphabets', 'Straße Ворон', 'strasse voron'],
  ['ligatures and numbers in signs', '㍿②Ⅱ', '株式会社2ii'],
  ['an ampersand', 'Tom & Jerry', 'tom and jerry'],
  ['composed and decomposed', 'が', 'か\u3099'],
])('folds %s', (_, one, other) => {
  expect(fold(one).words).toBe(fold(other).words);
});

test('keeps apart what is not the same', () => {
  expect(fold('がか').words).not.toBe(fold('かか').words);
  expect(fold('100').words).not.toBe(fold('10').words);
});

test.each([
  ['しょうじょ', 'shoujo'],
  ['しょうじょ', 'syoujo'],
  ['しょうじょ', 'Shōjo'],
  ['フリーレン', 'furiiren'],
  ['ティーパーティー', 'tiipaatii'],
  ['ヴァイオレット', 'vaioretto'],
  ['がっこう', 'gakkou'],
  ['しんぶん', 'shimbun'],
  ['つづき', 'tsuzuki'],
  ['ファイト', 'faito'],
  ['まっちゃ', 'matcha'],
])('%s sounds like %s', (kana, romaji) => {
  expect(fold(kana).romaji).toBe(fold(romaji).romaji);
});

test('folding what is folded changes nothing, and takes no longer than the text is long', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), (text) => {
      const { words } = fold(text);
      expect(fold(words).words).toBe(words);
      expect(trigramText(fold(text))).toMatch(/^[a-z0-9 ]*$/);
    }),
    { numRuns: 500 },
  );
});
