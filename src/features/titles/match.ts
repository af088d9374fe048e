import type { Folded } from './fold';

/** Of a title that was found: how like what was searched for it is, from 0 to 1, which only the same one has. */
export function likeness(query: Folded, title: Folded): number {
  const written = compare(query.words, title.words);
  // `zzzz` is one z in romaji, which is hardly what was typed.
  if (query.romaji.length * 2 < query.words.length) return written;
  return Math.max(written, compare(query.romaji, title.romaji) - ROMAJI_COST);
}

/** What is equal in the script in which it was typed comes before what only sounds equal. */
const ROMAJI_COST = 0.01;
/** What a part of a title counts at most: its beginning, whole words of it or their beginning, anything in it. */
const START = 0.95;
const AT_WORD = 0.9;
const WITHIN = 0.8;
/** Words in another order. */
const WORDS = 0.88;

function compare(query: string, title: string): number {
  const [typed, given] = [query.replaceAll(' ', ''), title.replaceAll(' ', '')];
  if (typed === '' || given === '') return 0;
  if (typed === given) return 1;
  const { whole, part, start } = distances(typed, given);
  const covered = 0.9 + 0.1 * Math.min(1, typed.length / given.length);
  const isAtWord = ` ${title}`.includes(` ${query}`);
  return Math.max(
    1 - whole / Math.max(typed.length, given.length),
    START * (1 - start / typed.length) * covered,
    (isAtWord ? AT_WORD : WITHIN) * (1 - part / typed.length) * covered,
    WORDS * compareWords(query.split(' '), title.split(' ')),
  );
}

/** Words in any order, the last of which may be only begun. */
function compareWords(query: readonly string[], title: readonly string[]): number {
  if (query.length < 2) return 0;
  let sum = 0;
  for (const typed of query) {
    let best = 0;
    for (const given of title) {
      if (given === typed) best = 1;
      else if (given.startsWith(typed)) best = Math.max(best, 0.9);
      else if (best < 0.9 && Math.abs(given.length - typed.length) <= 1 && typed.length > 2) {
        const { whole } = distances(typed, given);
        if (whole === 1) best = Math.max(best, 1 - 1 / typed.length);
      }
    }
    sum += best;
  }
  return (sum / query.length) * (0.8 + 0.2 * Math.min(1, query.length / title.length));
}

type Distances = { readonly whole: number; readonly part: number; readonly start: number };

/**
 * How many typos – a character too many, too few, another one, two that are swapped – lie between what was typed and the whole
 * title, some part of it, and some beginning of it.
 * https://en.wikipedia.org/wiki/Damerau–Levenshtein_distance (optimal string alignment)
 */
function distances(typed: string, given: string): Distances {
  const fromStart = lastRow(typed, given, 1);
  const anywhere = lastRow(typed, given, 0);
  return {
    whole: fromStart.at(-1) ?? 0,
    part: Math.min(...anywhere),
    start: Math.min(...fromStart),
  };
}

/** @param skipCost what it costs to leave out a character of `given` in front */
function lastRow(typed: string, given: string, skipCost: number): Uint16Array {
  const width = given.length + 1;
  let [before, previous, row] = [new Uint16Array(width), new Uint16Array(width), new Uint16Array(width)];
  for (let j = 1; j < width; j++) previous[j] = j * skipCost;
  for (let i = 1; i <= typed.length; i++) {
    const code = typed.charCodeAt(i - 1);
    row[0] = i;
    for (let j = 1; j < width; j++) {
      const other = given.charCodeAt(j - 1);
      const aside = Math.min(at(previous, j), at(row, j - 1)) + 1;
      let cost = Math.min(at(previous, j - 1) + (code === other ? 0 : 1), aside);
      if (i > 1 && j > 1 && code === given.charCodeAt(j - 2) && typed.charCodeAt(i - 2) === other)
        cost = Math.min(cost, at(before, j - 2) + 1);
      row[j] = cost;
    }
    [before, previous, row] = [previous, row, before];
  }
  return previous;
}

function at(row: Uint16Array, index: number): number {
  return row[index] ?? 0;
}
