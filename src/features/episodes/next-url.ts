/** An address with the number of an episode in it, and the same with the next one: what was found, and what became of it. */
export type NextUrl = { readonly url: string; readonly before: string; readonly after: string };

/** A number in an address: `S01E12` has two. */
type Found = { readonly index: number; readonly digits: string; readonly isMarked: boolean };

/** From here on a number stands for the episode wherever it is; a smaller one may be a season, a version or a part as well. */
const UNMISTAKABLE = 10;

/**
 * The address of the same video of another episode: its number is replaced in every spelling, `12`, `012`, `e12`, `S01E12`. Where it is
 * small and stands in several places, only where it is marked as an episode's, or else where it stands last. Undefined where it does not
 * stand in the address as a whole number, or is none.
 */
export function nextUrl(url: string, from: string, to: string): NextUrl | undefined {
  if (!/^[0-9]{1,5}$/.test(from) || !/^[0-9]{1,5}$/.test(to)) return undefined;
  const found = numbersIn(url).filter(({ digits }) => Number(digits) === Number(from));
  const marked = found.filter(({ isMarked }) => isMarked);
  const chosen = Number(from) >= UNMISTAKABLE ? found : marked.length > 0 ? marked : found.slice(-1);
  const last = chosen.at(-1);
  if (!last) return undefined;
  const replaced = chosen.reduceRight(
    (text, { index, digits }) =>
      text.slice(0, index) + padded(to, digits) + text.slice(index + digits.length),
    url,
  );
  return { url: replaced, before: last.digits, after: padded(to, last.digits) };
}

/** As wide as the one before, where that had zeros ahead. */
function padded(number: string, like: string): string {
  return like.startsWith('0') ? number.padStart(like.length, '0') : number;
}

/** Letters ahead of a number that say what it counts: an episode, or something else, as in `s2`, `h264`, `v3` and `mp4`. */
const EPISODE_MARK = /(?:^|[^a-z])(?:e|ep|eps|episode|episodes)[-_. /=]*$/i;
const OTHER_MARK =
  /(?:^|[^a-z])(?:s|season|h|x|v|mp|m|u|part|disc|cd|cdn|server|srv|sub|audio|q|br|fps)[-_.]?$/i;
/** Letters behind a number that say what it is: `1080p`, `60fps`. A second version of an episode is `12v2`. */
const UNIT = /^(?!v[0-9](?![0-9a-z]))[0-9a-z]/i;

function numbersIn(url: string): readonly Found[] {
  // What is percent-encoded is a character of its own, and no number.
  const text = url.replace(/%[0-9a-f]{2}/gi, '\0\0\0');
  const start = pathStart(text);
  return [...text.matchAll(/[0-9]+/g)].flatMap(({ 0: digits, index }) => {
    const before = text.slice(Math.max(start, index - 20), index);
    const behind = text.slice(index + digits.length);
    const isOther = index < start || OTHER_MARK.test(before) || UNIT.test(behind) || isDecimal(behind);
    return isOther ? [] : [{ index, digits, isMarked: EPISODE_MARK.test(before) }];
  });
}

/** Where the path begins: the host and its port are no part of what changes. */
function pathStart(url: string): number {
  const host = url.indexOf('://');
  if (host === -1) return 0;
  const path = url.indexOf('/', host + 3);
  return path === -1 ? url.length : path;
}

/** `12.5` is another episode; in `12.1080p` and `12.mp4` the number ends. */
function isDecimal(behind: string): boolean {
  return /^\.[0-9]{1,2}(?![0-9a-z])/i.test(behind);
}
