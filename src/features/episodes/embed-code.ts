/** What pasted HTML has in it, as far as an address is looked for. */
type EmbedCode = {
  /** `src` of each `<iframe>`; empty where it has none. */
  readonly iframeSources: readonly string[];
  /** What stands between the tags. */
  readonly text: string;
};

/** Reads the code that sites offer for embedding, in one pass over it. Nothing of it is ever shown or run. */
export function readEmbedHtml(html: string): EmbedCode {
  const iframeSources: string[] = [];
  let text = '';
  let position = 0;
  while (position < html.length) {
    const start = html.indexOf('<', position);
    if (start === -1) return { iframeSources, text: text + html.slice(position) };
    text += html.slice(position, start);
    const tag = readTag(html, start + 1);
    if (tag.name === 'iframe') iframeSources.push(tag.src);
    position = tag.end;
  }
  return { iframeSources, text };
}

type Tag = { readonly name: string; readonly src: string; readonly end: number };

/** From behind the `<` to behind the `>`, or to the end of a tag that is cut off. */
function readTag(html: string, start: number): Tag {
  let position = endOf(NAME, html, start);
  const name = html.slice(start, position).toLowerCase();
  let src: string | undefined;
  while (position < html.length) {
    position = endOf(GAP, html, position);
    if (html[position] === '>') return { name, src: src ?? '', end: position + 1 };
    const attribute = readAttribute(html, position);
    // As in a browser, the first one of a name counts.
    if (attribute.name === 'src') src ??= decodeEntities(attribute.value);
    position = attribute.end;
  }
  return { name, src: src ?? '', end: position };
}

function readAttribute(html: string, start: number): { name: string; value: string; end: number } {
  // An equals sign at the beginning is a part of the name, so that there always is one.
  const nameEnd = endOf(NAME, html, start + 1);
  const name = html.slice(start, nameEnd).toLowerCase();
  const equals = endOf(SPACE, html, nameEnd);
  if (html[equals] !== '=') return { name, value: '', end: nameEnd };
  const valueStart = endOf(SPACE, html, equals + 1);
  const quote = html[valueStart];
  if (quote !== '"' && quote !== "'") {
    const end = endOf(UNQUOTED, html, valueStart);
    return { name, value: html.slice(valueStart, end), end };
  }
  const closing = html.indexOf(quote, valueStart + 1);
  // A quote that is not closed: what there is of the address may be half of it.
  if (closing === -1) return { name, value: '', end: html.length };
  return { name, value: html.slice(valueStart + 1, closing), end: closing + 1 };
}

const NAME = /[^\s/>=]*/y;
const GAP = /[\s/]*/y;
const SPACE = /\s*/y;
const UNQUOTED = /[^\s>]*/y;

function endOf(pattern: RegExp, html: string, from: number): number {
  pattern.lastIndex = from;
  return from + (pattern.exec(html)?.[0].length ?? 0);
}

const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** The entities that an address in HTML is written with; others stay as they are. */
function decodeEntities(value: string): string {
  return value.replace(
    /&(?:#x([0-9a-f]{1,6})|#([0-9]{1,7})|([a-z]{2,4}));/gi,
    (entity, hex, decimal, name) => {
      if (name !== undefined) return NAMED[String(name).toLowerCase()] ?? entity;
      const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
      return code <= 0x10ffff ? String.fromCodePoint(code) : entity;
    },
  );
}
