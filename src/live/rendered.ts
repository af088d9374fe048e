import { LRUCache } from 'lru-cache';
import type { LiveList } from './list';
import { tagOf } from './state/digest';
import type { ItemOnWire } from './wire/sse-frame';

/** Items of all lists that are kept as they were rendered last. */
const MAX_ITEMS = 5_000;

/** An item as it is shown, and for how long: it is rendered again when it is another one. */
type Kept = { readonly item: string; readonly onWire: ItemOnWire };

/** A list in one language. */
export type ShownList<Item = unknown> = { readonly list: LiveList<Item>; readonly language: string };

/** Renders each item of a list once for everybody who is shown it in a language: pages, streams and digests. */
export class RenderedItems {
  readonly #kept = new LRUCache<string, Kept>({ max: MAX_ITEMS });

  /** @throws what the list's `render` throws */
  of<Item>({ list, language }: ShownList<Item>, item: Item): ItemOnWire {
    const key = list.kind.keyOf(item);
    const name = `${list.topic} ${language} ${key}`;
    const text = JSON.stringify(item);
    const kept = this.#kept.get(name);
    if (kept?.item === text) return kept.onWire;
    const html = list.render(item, language).trim();
    const onWire = { key, position: list.positionOf(item), tag: tagOf(html), html };
    this.#kept.set(name, { item: text, onWire });
    return onWire;
  }

  /**
   * The items as a page shows them. One that can't be rendered is left out, as on the stream: it must not take the others with it.
   * @param rev the number of the page's cursor
   * @param onError told what was left out, and why
   */
  inPage<Item>(
    shown: ShownList<Item>,
    items: readonly Item[],
    rev: number,
    onError: (error: unknown, message: string) => void,
  ): { readonly html: string }[] {
    return items.flatMap((item) => {
      try {
        return [{ html: itemInPage(this.of(shown, item), rev) }];
      } catch (error) {
        const { kind } = shown.list;
        onError(error, `The ${kind.name} ${kind.keyOf(item)} could not be rendered`);
        return [];
      }
    });
  }
}

/** The item's element as a page has it, with what an event says beside its html. */
function itemInPage({ key, position, tag, html }: ItemOnWire, rev: number): string {
  const end = /^<[a-z]+/.exec(html)?.[0].length ?? 0;
  const attributes = ` data-key="${key}" data-rev="${rev}" data-tag="${tag}" data-position="${position}"`;
  return html.slice(0, end) + attributes + html.slice(end);
}
