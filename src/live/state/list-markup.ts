import { type Attributes, readItem, readRules } from './list-attributes';
import type { ListItem, ListRules } from './list-rules';

/** An item's element as text. */
export type ItemMarkup = {
  /** As the feature rendered it: without what the engine adds. */
  readonly html: string;
  /** Of its opening tag. */
  readonly attributes: Attributes;
};

/** A list as a page or its fragment holds it. */
export type ListMarkup = {
  readonly rules: ListRules;
  readonly items: readonly (ListItem & ItemMarkup)[];
};

/**
 * Reads the list of a topic without a document.
 * @throws when the text holds none
 */
export function parseListMarkup(html: string, topic: string): ListMarkup {
  for (const [begin, tag] of tagsOf(html)) {
    const attributes = attributesOf(tag);
    const rules = attributes.has('data-live-list') ? readRules(attributes) : undefined;
    if (rules?.topic === topic) return { rules, items: itemsOf(html.slice(begin)) };
  }
  throw new Error(`The answer holds no list of ${topic}.`);
}

/** @throws when the text is not one element */
export function parseItemMarkup(html: string): ItemMarkup {
  const text = html.trim();
  const end = endOfItem(text, 0);
  if (end !== text.length) throw new Error('The event carries no item.');
  return { html: text, attributes: attributesOf(/^<[^<>]*>/.exec(text)?.[0] ?? '') };
}

/** The items from here to the end of the list, which is that of its `<ol>`. */
function itemsOf(html: string): (ListItem & ItemMarkup)[] {
  const items: (ListItem & ItemMarkup)[] = [];
  let at = html.indexOf('data-live-items');
  while (at !== -1) {
    const [begin, close] = [html.indexOf('<li', at), html.indexOf('</ol>', at)];
    if (begin === -1 || (close !== -1 && close < begin)) break;
    at = endOfItem(html, begin);
    const text = html.slice(begin, Math.max(at, begin));
    const tag = /^<[^<>]*>/.exec(text)?.[0] ?? '';
    const attributes = attributesOf(tag);
    const item = readItem(attributes);
    if (item) items.push({ ...item, html: asRendered(tag, text.slice(tag.length)), attributes });
  }
  return items;
}

/** Where the `<li>` that begins at `start` ends, others within it included; -1 when it doesn't, or none begins there. */
function endOfItem(html: string, start: number): number {
  let depth = 0;
  for (const [begin, tag] of tagsOf(html, start)) {
    if (depth === 0 && (begin !== start || !isTag(tag, '<li'))) return -1;
    if (isTag(tag, '<li')) depth++;
    if (isTag(tag, '</li') && --depth === 0) return begin + tag.length;
  }
  return -1;
}

function isTag(tag: string, name: string): boolean {
  return tag.startsWith(name) && /[\s>]/.test(tag[name.length] ?? '');
}

// What is read here may come from anybody: each of these patterns stops where the next match could begin.
const TAG = /<[^<>]*>/g;
const ATTRIBUTE = /\s([a-z][a-z-]*)(?:="([^"]*)")?/g;
const EAGER = /loading="eager"(?: fetchpriority="high")?/g;
const ENGINE = / data-(?:key|rev|tag|position|page-[a-z]+)="[^"]*"/g;

function* tagsOf(html: string, from = 0): Generator<readonly [begin: number, tag: string]> {
  for (const match of html.slice(from).matchAll(TAG)) yield [from + match.index, match[0]];
}

/** Without what the engine and the page add; and the pictures that a page loads at once are lazy in what the tag is of. */
function asRendered(tag: string, content: string): string {
  return tag.replace(ENGINE, '') + content.replace(EAGER, 'loading="lazy"');
}

/** One without a value has an empty one. */
function attributesOf(tag: string): Attributes {
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
export function unescapeHtml(text: string): string {
  return text.replace(/&(?:amp|lt|gt|#34|#39);/g, (entity) => ENTITIES[entity] ?? entity);
}
