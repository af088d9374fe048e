import type { Random } from '../../src/features/artwork/random';

const ROMAJI = [
  'Aoi', 'Hoshi', 'no', 'Kaze', 'Yoru', 'to', 'Umi', 'Mahō', 'Shōjo', 'Gakuen', 'Densetsu', 'Kishi', 'Ryū', 'Sora',
  'Tabi', 'Neko', 'Kioku', 'Senki', 'Hana', 'Yuki', 'Tsuki', 'Mori', 'Inu', 'Ongaku', 'Natsu', 'Fuyu', 'Kage', 'Hikari',
] as const; // biome-ignore format: a list of words
const ENGLISH = [
  'Star', 'Dust', 'Garden', 'Night', 'Knight', 'Ocean', 'Witch', 'Academy', 'Legend', 'Dragon', 'Sky', 'Journey', 'Cat',
  'Memory', 'War', 'Flower', 'Snow', 'Moon', 'Forest', 'Summer', 'Winter', 'Shadow', 'Light', 'of', 'the', 'and',
] as const; // biome-ignore format: a list of words
const KANJI = [...'青星風夜海魔法少女学園伝説騎士竜空旅猫記憶戦花雪月森犬音楽夏冬影光のとがは'] as const;

function join<Word extends string>(
  random: Random,
  words: readonly Word[],
  count: number,
  separator: string,
): string {
  const [first, ...rest] = words;
  if (first === undefined) return '';
  return Array.from({ length: count }, () => random.pick([first, ...rest])).join(separator);
}

/** In Latin letters, in Japanese, and some others. */
export function titles(random: Random): [string, string, ...string[]] {
  return [
    join(random, ROMAJI, random.whole(2, 7), ' '),
    join(random, KANJI, random.whole(4, 14), ''),
    ...Array.from({ length: random.whole(1, 4) }, () => join(random, ENGLISH, random.whole(2, 5), ' ')),
  ];
}

export function synopsis(random: Random, minLength: number): string {
  const parts: string[] = [];
  for (let length = 0; length < minLength; ) {
    const sentence = `${join(random, ENGLISH, random.whole(6, 14), ' ')}.`;
    parts.push(sentence);
    length += sentence.length + 1;
  }
  return parts.join(' ');
}
