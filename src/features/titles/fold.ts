import anyAscii from 'any-ascii';
import { kanaToRomaji, toHiragana } from './kana';

/** Of what is written here. Titles that were folded in another way are folded anew. */
export const FOLD_VERSION = 1;

/** A title, or what somebody searches for, in the forms in which the two are compared. Both are folded by the same code. */
export type Folded = {
  /** Words of lower-case letters and digits, joined by single spaces; kana are hiragana. */
  readonly words: string;
  /** The same with kana as romaji, and the ways of writing romaji as one: `しょうじょ`, `shoujo` and `syojo` alike. */
  readonly romaji: string;
};

export function fold(text: string): Folded {
  const words = foldWords(text);
  return { words, romaji: foldRomaji(words) };
}

/** Characters that NFKC leaves as they are, and that people type as something else. */
const LIKE: Readonly<Record<string, string>> = { '×': 'x', '✕': 'x', '✖': 'x', '&': ' and ', '゠': '-' };
/** What stands within a word and is left out as often as not. */
const WITHIN_WORDS = /['’‘‛`´ʼʻ＇′"“”„‟″]|(?<=[\p{Script=Hiragana}\p{Script=Katakana}])[ーｰ〜～~―-]+/gu;
const MARKS = /[\u0300-\u036f]/g;

function foldWords(text: string): string {
  const plain = text
    .replace(/[×✕✖&゠]/g, (sign) => LIKE[sign] ?? sign)
    .normalize('NFKC')
    .toLowerCase();
  const unmarked = toHiragana(plain.replace(WITHIN_WORDS, ''))
    .normalize('NFD')
    .replace(MARKS, '')
    .normalize('NFC');
  return Array.from(unmarked, toKept)
    .join('')
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
}

/** Of other scripts, what they are read as. */
function toKept(character: string): string {
  if (/[\p{ASCII}\p{Script=Han}\p{Script=Hiragana}\p{Script=Hangul}]/u.test(character)) return character;
  return /[\p{L}\p{N}]/u.test(character) ? anyAscii(character).toLowerCase() : ' ';
}

/** Hepburn, Kunrei, long vowels written or not: each way becomes the shortest. */
const ROMAJI_WAYS: readonly (readonly [RegExp, string])[] = [
  [/[ct]ch/g, 'ch'],
  [/sh(?=[auoe])/g, 'sy'],
  [/shi/g, 'si'],
  [/ch(?=[auoe])/g, 'ty'],
  [/chi/g, 'ti'],
  [/tsu/g, 'tu'],
  [/fu/g, 'hu'],
  [/j(?=[auoe])/g, 'zy'],
  [/ji/g, 'zi'],
  [/dzu|du/g, 'zu'],
  [/m(?=[bp])/g, 'n'],
  [/wo(?= |$)/g, 'o'],
  [/ou|oh(?![aiueo])/g, 'o'],
  // Not digits, and not what may be a Roman numeral.
  [/([a-hj-z])\1+/g, '$1'],
  [/(?<=[a-hj-uwyz])i{2,}/g, 'i'],
];

function foldRomaji(words: string): string {
  return ROMAJI_WAYS.reduce((text, [way, same]) => text.replace(way, same), kanaToRomaji(words));
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789';

/**
 * What trigrams are taken of: pg_trgm sees only what the locale of the database calls a letter, and in a script that has thousands of
 * them three are most of a title. So each of those is written as a word of three letters.
 */
export function trigramText({ romaji }: Pick<Folded, 'romaji'>): string {
  return romaji
    .replace(/[\u0080-\u{10ffff}]/gu, (character) => {
      const code = character.codePointAt(0) ?? 0;
      return ` ${letter(code)}${letter(code / LETTERS.length)}${letter(code / LETTERS.length ** 2)} `;
    })
    .replace(/ +/g, ' ')
    .trim();
}

function letter(value: number): string {
  return LETTERS.charAt(Math.floor(value) % LETTERS.length);
}
