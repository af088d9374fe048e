import { kanaToRomaji } from './kana';

/** A word as the morphological analyser gives it; its words for parts of speech are Japanese. */
export type Token = {
  readonly surface_form: string;
  readonly pos: string;
  readonly pos_detail_1: string;
  /** In katakana; missing where the dictionary has no such word. */
  readonly reading?: string | undefined;
  readonly pronunciation?: string | undefined;
};

/** Of what is written here. Titles that were read in another way are read anew. */
export const READER_VERSION = 1;

/** How a title is read: words of Hepburn romaji, joined by spaces. What is no Japanese stays as it is. */
export function readingOf(tokens: readonly Token[]): string {
  let kana = '';
  for (const [index, token] of tokens.entries()) {
    const before = tokens[index - 1];
    kana +=
      (before && belongsTo(before, token) ? '' : ' ') + kanaOf(token).replace(/[^\p{L}\p{M}\p{N}]+/gu, ' ');
  }
  // Not word by word: a doubled consonant may be cut in two.
  return kanaToRomaji(kana.trim().replace(/ +/g, ' '));
}

function kanaOf({ surface_form: surface, pos, reading, pronunciation }: Token): string {
  if (reading === undefined || reading === '*') return surface;
  // は is wa and へ is e where they are particles.
  return pos === '助詞' ? (pronunciation ?? reading) : reading;
}

/** Whether the second is written together with the first: endings of verbs, suffixes, what follows a prefix, a name in katakana. */
function belongsTo(first: Token, second: Token): boolean {
  const { pos, pos_detail_1: detail, surface_form: surface } = second;
  const afterVerb = ['動詞', '形容詞', '助動詞'].includes(first.pos);
  return (
    (pos === '助動詞' && afterVerb) ||
    (pos === '助詞' && detail === '接続助詞') ||
    (pos === '動詞' && (detail === '非自立' || detail === '接尾')) ||
    (pos === '名詞' && detail === '接尾') ||
    first.pos === '接頭詞' ||
    (isKatakana(first) && isKatakana(second)) ||
    /[っッ]$/.test(first.surface_form) ||
    /^[っッゃャゅュょョー]/.test(surface)
  );
}

function isKatakana({ surface_form: surface }: Token): boolean {
  return /^[\p{Script=Katakana}ー]+$/u.test(surface);
}
