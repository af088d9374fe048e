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
  const root = /<[^>]*\sdata-live-grid[\s>][^>]*>?/.exec(html)?.[0];
  const cursor = root && attribute(root, 'data-cursor');
  if (!cursor) throw new Error('The answer holds no grid of episodes.');
  const cards = [...html.matchAll(/<article\b[\s\S]*?<\/article>/g)].flatMap(([article]) => {
    const card = parseCard(article);
    return card ? [card] : [];
  });
  const olderLink = /<a\b[^>]*\sdata-older-link[\s>]/.exec(html)?.[0];
  const href = olderLink && attribute(olderLink, 'href');
  const before = href && new URL(href, 'http://site.invalid').searchParams.get('before');
  return { cursor, cards, end: parsePosition(before) };
}

/** Undefined when the text is no card. */
export function parseCard(html: string): GridCard | undefined {
  const tag = /<article\b[^>]*>/.exec(html)?.[0];
  if (!tag) return undefined;
  const episodeId = attribute(tag, 'data-episode-id');
  const rev = attribute(tag, 'data-rev');
  const position = parsePosition(attribute(tag, 'data-page-key'));
  if (!episodeId || !rev || !position) return undefined;
  return { episodeId, rev: Number(rev), position, html: html.trim() };
}

/** `Frieren – Episode 12 A new title`: the words of the card's heading. */
export function cardTitle({ html }: GridCard): string {
  const heading = /<h2\b[^>]*>([\s\S]*?)<\/h2>/.exec(html)?.[1] ?? '';
  const words = heading.replace(/<\/span>\s*(?=<span class="card__episode">)/, ' – ').replace(/<[^>]*>/g, '');
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

function attribute(tag: string, name: string): string | undefined {
  const value = new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1];
  return value === undefined ? undefined : unescapeHtml(value);
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
