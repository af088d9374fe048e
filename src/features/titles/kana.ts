/** Rows of the syllabary, each with its romaji in Hepburn; what is written with a small kana has its own rows. */
const ROWS: readonly (readonly [string, string])[] = [
  ['あいうえお', 'a i u e o'],
  ['かきくけこ', 'ka ki ku ke ko'],
  ['がぎぐげご', 'ga gi gu ge go'],
  ['さしすせそ', 'sa shi su se so'],
  ['ざじずぜぞ', 'za ji zu ze zo'],
  ['たちつてと', 'ta chi tsu te to'],
  ['だぢづでど', 'da ji zu de do'],
  ['なにぬねの', 'na ni nu ne no'],
  ['はひふへほ', 'ha hi fu he ho'],
  ['ばびぶべぼ', 'ba bi bu be bo'],
  ['ぱぴぷぺぽ', 'pa pi pu pe po'],
  ['まみむめも', 'ma mi mu me mo'],
  ['やゆよらりるれろわゐゑをゔ', 'ya yu yo ra ri ru re ro wa wi we o vu'],
  ['ぁぃぅぇぉゃゅょゎゕゖ', 'a i u e o ya yu yo wa ka ke'],
];

/** Before a small や, ゆ or よ; those that Hepburn writes without a y have their whole consonant here. */
const BEFORE_SMALL_Y: Readonly<Record<string, string>> = {
  き: 'ky',
  ぎ: 'gy',
  し: 'sh',
  じ: 'j',
  ち: 'ch',
  ぢ: 'j',
  に: 'ny',
  ひ: 'hy',
  び: 'by',
  ぴ: 'py',
  み: 'my',
  り: 'ry',
  て: 'ty',
  で: 'dy',
  ふ: 'fy',
  ゔ: 'vy',
};
/** Before a small vowel, in words from other languages: ファ, ティ, ジェ, ウィ. */
const BEFORE_SMALL_VOWEL: Readonly<Record<string, string>> = {
  ふ: 'f',
  ゔ: 'v',
  う: 'w',
  て: 't',
  で: 'd',
  と: 't',
  ど: 'd',
  つ: 'ts',
  し: 'sh',
  じ: 'j',
  ち: 'ch',
  く: 'kw',
  ぐ: 'gw',
  す: 's',
  ず: 'z',
  い: 'y',
};
const SMALL_VOWELS: Readonly<Record<string, string>> = { ぁ: 'a', ぃ: 'i', ぅ: 'u', ぇ: 'e', ぉ: 'o' };
const SMALL_Y: Readonly<Record<string, string>> = { ゃ: 'a', ゅ: 'u', ょ: 'o' };

const SYLLABLES = new Map<string, string>(
  ROWS.flatMap(([kana, romaji]) => {
    const syllables = romaji.split(' ');
    return [...kana].map((each, index): [string, string] => [each, syllables[index] ?? '']);
  }),
);
for (const [kana, consonant] of Object.entries(BEFORE_SMALL_VOWEL))
  for (const [small, vowel] of Object.entries(SMALL_VOWELS)) SYLLABLES.set(kana + small, consonant + vowel);
for (const [kana, consonant] of Object.entries(BEFORE_SMALL_Y))
  for (const [small, vowel] of Object.entries(SMALL_Y)) SYLLABLES.set(kana + small, consonant + vowel);

const KATAKANA_TO_HIRAGANA = 0x60;

export function toHiragana(text: string): string {
  return text.replace(/[ァ-ヶ]/g, (kana) => String.fromCharCode(kana.charCodeAt(0) - KATAKANA_TO_HIRAGANA));
}

/**
 * Writes kana in Hepburn romaji, every vowel for itself (`がっこう` → `gakkou`); a long vowel's mark is left out, and what is no kana
 * stays as it is.
 */
export function kanaToRomaji(text: string): string {
  const kana = toHiragana(text);
  let romaji = '';
  for (let at = 0, doubled = false; at < kana.length; ) {
    const pair = SYLLABLES.get(kana.slice(at, at + 2));
    const character = kana.charAt(at);
    const syllable = pair ?? SYLLABLES.get(character) ?? OTHER_SIGNS[character] ?? character;
    romaji += doubled && /^[b-df-hj-np-tv-z]/.test(syllable) ? doubledConsonant(syllable) : syllable;
    doubled = character === 'っ';
    at += pair === undefined ? 1 : 2;
  }
  return romaji;
}

const OTHER_SIGNS: Readonly<Record<string, string>> = { ん: 'n', っ: '', ー: '' };

function doubledConsonant(syllable: string): string {
  return (syllable.startsWith('ch') ? 't' : syllable.charAt(0)) + syllable;
}
