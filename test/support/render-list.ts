import { digestOf, tagOf } from '../../src/live/state/digest';
import { comparePositions } from '../../src/live/state/position';

/** What a list shows in a test. */
export type Thing = { readonly key: string; readonly position: string; readonly text?: string };

export type RenderOptions = {
  readonly cursor: string;
  readonly topic?: string;
  readonly size?: number;
  readonly order?: 'ascending' | 'descending';
  /** Further attributes of the list. */
  readonly attributes?: string;
};

function thingHtml({ key, text = '' }: Thing): string {
  return `<li class="thing"><a href="/${key}" data-item-link><b data-item-title>${text}</b></a></li>`;
}

export function inOrder(things: readonly Thing[], order: RenderOptions['order'] = 'descending'): Thing[] {
  const sign = order === 'ascending' ? 1 : -1;
  return [...things].sort((a, b) => sign * comparePositions(a.position, b.position));
}

/** The first page of a list as views render it, with what the engine adds. */
export function renderList(things: readonly Thing[], options: RenderOptions): string {
  const { cursor, topic = 'latest', size = 24, order = 'descending', attributes = '' } = options;
  const rev = cursor.slice(cursor.indexOf('.') + 1);
  const page = inOrder(things, order).slice(0, size);
  const items = page.map((thing) => {
    const html = thingHtml(thing);
    const added = ` data-key="${thing.key}" data-rev="${rev}" data-tag="${tagOf(html)}" data-position="${thing.position}"`;
    return `${html.slice(0, 3)}${added}${html.slice(3)}`;
  });
  const more = things.length > size ? ' data-more' : '';
  return `<div data-live-list data-topic="${topic}" data-order="${order}" data-window="24" data-size="${size}" data-cursor="${cursor}" data-fragment-url="/list?a=1&amp;b=2" data-where-kind="" data-first${more}${attributes}>
  <ol role="list" data-live-items>
    ${items.join('\n')}
  </ol>
  <div data-live-empty hidden><ul><li>nothing</li></ul></div>
</div>`;
}

/** What a server says of the same list. */
export function digestOfThings(
  things: readonly Thing[],
  order?: RenderOptions['order'],
  window = 24,
): string {
  return digestOf(
    inOrder(things, order)
      .slice(0, window)
      .map((thing) => tagOf(thingHtml(thing))),
  );
}

export function upsertOf(thing: Thing, rev: number, { topic = 'latest', isNew = false } = {}) {
  const html = thingHtml(thing);
  const { key, position } = thing;
  return { topic, key, rev, isNew, position, tag: tagOf(html), html };
}
