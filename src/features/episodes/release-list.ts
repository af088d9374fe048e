import { toHalfWidth } from '../../platform/text';
import { type EpisodeKind, parseEpisodeNumber } from './fields';

/** One episode of a pasted list, as it was written. */
export type Release = {
  /** Where it begins: lines are counted from 1. */
  readonly line: number;
  /** All that was written of it, to be given back as it was. */
  readonly text: string;
  /** Empty where the line names no series. */
  readonly title: string;
  readonly kind: EpisodeKind;
  /** Shortest decimal form; undefined where the line has none. */
  readonly number: string | undefined;
  /** Of videos, or code for embedding, as they were pasted. */
  readonly addresses: readonly string[];
};

/** Of a number and what stands before it: `S01E12`, `Ep. 12`, `第12話`, `#12v2`, `12`. */
const SEASONAL = /^s[0-9]{1,2}e([0-9]{1,5})(?:v[0-9])?$/i;
const NUMBERED =
  /^(?:episode|ep\.?|e|#|no\.?|第)?([0-9]{1,5}(?:[.,][0-9]{1,2})?)(?:v[0-9])?(?:話|话|回|集|화)?$/i;
const SPECIAL = /^(?:special|sp|ova|oad)([0-9]{1,5})?$/i;
const NUMBER_WORDS = new Set(['episode', 'ep', 'ep.', 'e', '#', 'no', 'no.', '-', '–', '—', ':', '第']);
const SPECIAL_WORDS = new Set(['special', 'sp', 'ova', 'oad']);
/** A line that begins so is a note. */
const NOTE = '#';

/**
 * Reads a list of releases: on each line a series, a number and addresses, in whatever way they are set apart. A line of addresses
 * alone belongs to the one before.
 */
export function parseReleaseList(text: string): Release[] {
  const releases: Release[] = [];
  for (const [index, line] of text.split(/\r\n|[\r\n]/).entries()) {
    const trimmed = line.trim();
    if (trimmed === '' || (trimmed.startsWith(NOTE) && !/^#[0-9]/.test(trimmed))) continue;
    const { addresses, label } = takeAddresses(trimmed);
    const before = releases.at(-1);
    if (label === '' && before) {
      releases[releases.length - 1] = {
        ...before,
        text: `${before.text}\n${line}`,
        addresses: [...before.addresses, ...addresses],
      };
      continue;
    }
    releases.push({ line: index + 1, text: line, addresses, ...readLabel(label) });
  }
  return releases;
}

/** From where an address begins up to the next white space, and embed code from its first tag to its last one. */
function takeAddresses(line: string): { readonly addresses: readonly string[]; readonly label: string } {
  const addresses: string[] = [];
  let label = '';
  let rest = line;
  for (;;) {
    const start = startOfAddress(rest);
    if (start === -1) return { addresses, label: cleanEdges(label + rest) };
    label += rest.slice(0, start);
    const end = rest[start] === '<' ? endOfCode(rest, start) : endOfWord(rest, start);
    addresses.push(rest.slice(start, end).replace(/[,;|]$/, ''));
    label += ' ';
    rest = rest.slice(end);
  }
}

function startOfAddress(text: string): number {
  const places = [
    startOfScheme(text),
    text.indexOf('/media/'),
    text.indexOf('<iframe'),
    text.indexOf('<IFRAME'),
  ];
  const found = places.filter((place) => place !== -1);
  return found.length === 0 ? -1 : Math.min(...found);
}

/** Whatever it is, so that one that can't be used is said to be. */
function startOfScheme(text: string): number {
  let start = text.indexOf('://');
  while (start > 0 && /[A-Za-z0-9+.-]/.test(text[start - 1] ?? '')) start--;
  return start;
}

function endOfCode(text: string, start: number): number {
  const closing = text.toLowerCase().indexOf('</iframe>', start);
  if (closing !== -1) return closing + '</iframe>'.length;
  const end = text.indexOf('>', start);
  return end === -1 ? text.length : end + 1;
}

function endOfWord(text: string, start: number): number {
  for (let index = start; index < text.length; index++) if (/[\s|]/.test(text[index] ?? '')) return index;
  return text.length;
}

/** A title and a number: in columns (tabs or `|`), or the number as the last words. */
function readLabel(label: string): Pick<Release, 'title' | 'kind' | 'number'> {
  const columns = label
    .split(/[\t|]/)
    .map(cleanEdges)
    .filter((column) => column !== '');
  const [first = '', second, ...others] = columns;
  // With one column only, or with one that is neither, the number is looked for at the end of all.
  const number = second === undefined || others.length > 0 ? undefined : numberOf(second.split(/\s+/));
  if (number?.title === '') return { ...number, title: unquoted(first) };
  const found = numberOf(columns.join(' ').split(/\s+/));
  return found
    ? { ...found, title: unquoted(found.title) }
    : { title: unquoted(label), kind: 'regular', number: undefined };
}

/** What the last words say, and what is left before them; undefined where they are no number. */
function numberOf(
  words: readonly string[],
): { readonly title: string; readonly kind: EpisodeKind; readonly number: string | undefined } | undefined {
  const last = toHalfWidth(words.at(-1) ?? '');
  const before = words.slice(0, -1);
  const special = SPECIAL.exec(last);
  if (special)
    return {
      title: titleOf(before),
      kind: 'special',
      number: special[1] ? parseEpisodeNumber(special[1]) : '1',
    };
  const digits = SEASONAL.exec(last)?.[1] ?? NUMBERED.exec(last)?.[1];
  const number = digits === undefined ? undefined : parseEpisodeNumber(digits);
  if (number === undefined) return undefined;
  const isSpecial = SPECIAL_WORDS.has(before.at(-1)?.toLowerCase() ?? '');
  return {
    title: titleOf(isSpecial ? before.slice(0, -1) : before),
    kind: isSpecial ? 'special' : 'regular',
    number,
  };
}

/** Without the words that only introduce a number. */
function titleOf(words: readonly string[]): string {
  let end = words.length;
  while (end > 0 && NUMBER_WORDS.has(words[end - 1]?.toLowerCase() ?? '')) end--;
  return cleanEdges(words.slice(0, end).join(' '));
}

const EDGES = new Set([...' \t|,;:-–—・']);

/** Without what only sets parts apart. */
function cleanEdges(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && EDGES.has(text[start] ?? '')) start++;
  while (end > start && EDGES.has(text[end - 1] ?? '')) end--;
  return text.slice(start, end);
}

const QUOTES: Readonly<Record<string, string>> = { '"': '"', '“': '”', '「': '」', '『': '』', '[': ']' };

function unquoted(title: string): string {
  const closing = QUOTES[title[0] ?? ''];
  return closing !== undefined && title.length > 2 && title.endsWith(closing) ? title.slice(1, -1) : title;
}

/** More than a run of a series has in a list that somebody looks through. */
export const MAX_RANGE = 200;

/**
 * The lines of a run of numbers: in `template`, `{n}` is the number, `{nn}` the number with two digits or more, and so on.
 * Undefined for a range that is none, or too long.
 */
export function expandTemplate(title: string, range: string, template: string): string[] | undefined {
  const [, from, to = from] =
    /^([0-9]{1,5})(?:\s?[-–—~]\s?([0-9]{1,5}))?$/.exec(toHalfWidth(range).trim()) ?? [];
  const [first, last] = [Number(from), Number(to)];
  if (from === undefined || last < first || last - first >= MAX_RANGE) return undefined;
  return Array.from({ length: last - first + 1 }, (_, index) => {
    const number = String(first + index);
    const address = template.replace(/\{(n{1,5})\}/g, (_all, digits: string) =>
      number.padStart(digits.length, '0'),
    );
    return [title, number, address].filter((part) => part !== '').join(' | ');
  });
}
