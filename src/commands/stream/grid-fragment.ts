import { type Position, parsePosition } from '../../browser/live/card-position';

export type GridCard = {
  readonly episodeId: string;
  /** Number of the change that made this state; in a fragment that of the whole page. */
  readonly rev: number;
  readonly position: Position;
  /** One `<article>`, as `views/partials/card.ejs` renders it. */
  readonly html: string;
};

/** One page of the grid, and the point in the order of changes at which it was true. */
export type GridState = {
  /** `<epoch>.<seq>` */
  readonly cursor: string;
  readonly cards: readonly GridCard[];
  /** The link to older episodes begins after this; what is behind it is not known. Undefined: there is nothing behind. */
  readonly end: Position | undefined;
};

/**
 * Reads `views/partials/grid.ejs`, alone or within its page.
 * @throws when there is no grid in it
 */
export function parseGrid(html: string): GridState {
  const tags = html.match(TAG) ?? [];
  const cursor = tags
    .map(attributes)
    .find((each) => each.has('data-live-grid'))
    ?.get('data-cursor');
  if (!cursor) throw new Error('The answer holds no grid of episodes.');
  const cards = articles(html).flatMap((article) => {
    const card = parseCard(article);
    return card ? [card] : [];
  });
  const olderLink = tags.filter((tag) => tag.startsWith('<a ')).map(attributes);
  const href = olderLink.find((each) => each.has('data-older-link'))?.get('href');
  const before = href && new URL(href, 'http://site.invalid').searchParams.get('before');
  return { cursor, cards, end: parsePosition(before) };
}

// What is read here may come from anybody: each of these patterns stops where the next match could begin.
const TAG = /<[^<>]*>/g;
const ATTRIBUTE = /\s([a-z-]+)(?:="([^"]*)")?/g;

/** Each `<article …>…</article>`; there is none within another. */
function articles(html: string): string[] {
  const [, ...pieces] = html.split('<article');
  return pieces.flatMap((piece) => {
    const end = piece.indexOf('</article>');
    return end === -1 ? [] : [`<article${piece.slice(0, end)}</article>`];
  });
}

/** Undefined when the text is no card. */
export function parseCard(html: string): GridCard | undefined {
  const tag = html.match(TAG)?.find((each) => each.startsWith('<article '));
  if (!tag) return undefined;
  const of = attributes(tag);
  const episodeId = of.get('data-episode-id');
  const rev = of.get('data-rev');
  const position = parsePosition(of.get('data-page-key'));
  if (!episodeId || !rev || !position) return undefined;
  return { episodeId, rev: Number(rev), position, html: html.trim() };
}

/** `Frieren – Episode 12 A new title`: the words of the card's heading. */
export function cardTitle({ html }: GridCard): string {
  const begin = html.indexOf('<h2');
  const heading = begin === -1 ? '' : html.slice(begin, html.indexOf('</h2>', begin));
  const words = heading.replace(/<\/span>\s*(?=<span class="card__episode">)/, ' – ').replace(TAG, '');
  return unescapeHtml(words).replace(/\s+/g, ' ').trim();
}

/** What two cards that show the same have in common: all but the number of the change that made them. */
export function cardContent({ html }: GridCard): string {
  return html.replace(/ data-rev="\d+"/, '');
}

/** Of a cursor `<epoch>.<seq>`. */
export function epochOf(cursor: string): string {
  return cursor.slice(0, Math.max(cursor.lastIndexOf('.'), 0));
}

/** Of a cursor `<epoch>.<seq>`. */
export function seqOf(cursor: string): number {
  return Number(cursor.slice(cursor.lastIndexOf('.') + 1)) || 0;
}

/** By name; one without a value has an empty one. */
function attributes(tag: string): ReadonlyMap<string, string> {
  return new Map(
    [...tag.matchAll(ATTRIBUTE)].map(([, name = '', value = '']) => [name, unescapeHtml(value)]),
  );
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&#34;': '"',
  '&#39;': "'",
};

/** The five characters that EJS escapes. */
function unescapeHtml(text: string): string {
  return text.replace(/&(?:amp|lt|gt|#34|#39);/g, (entity) => ENTITIES[entity] ?? entity);
}
