import type { ListItem, ListRules } from './list-rules';

/** What shows the items, and holds them: the document in a browser. */
export type ListStore<Body> = {
  readonly rules: ListRules;
  /** As they are shown. */
  readonly items: readonly ListItem[];
  /** @throws when the html is not one item */
  parse(html: string): Body;
  /** What the item's element says about it, by name. */
  data(body: Body, name: string): string | undefined;
  /** Shows the item, or makes the one with its key like this, ahead of the item with the key `before`; undefined: at the end. */
  put(item: ListItem, body: Body, before: string | undefined): void;
  /** All that have this key. */
  drop(key: string): void;
  /** What follows this page begins after this position now. */
  endAfter(position: string): void;
};

/** A list as the server rendered it. */
export type RenderedList<Body> = {
  readonly rules: ListRules;
  readonly items: readonly { readonly item: ListItem; readonly body: Body }[];
  /** Makes the store this one. */
  show(): void;
  /** Takes over all but the items. */
  showRules(): void;
};

export type ListEvents<Body> = {
  /** Whether an item may come in by itself, ahead of the one with the key `before`: it would be seen, and move nothing in use. */
  readonly mayInsert: (before: string | undefined) => boolean;
  /** An item is public for the first time, and belongs on this page. */
  readonly onNews: (news: { readonly key: string; readonly body: Body }, place: 'shown' | 'waiting') => void;
  /** Nobody can see this item any more. */
  readonly onGone: (key: string) => void;
  /** How many items wait to be shown, or that there are at least as many. */
  readonly onWaiting: (count: number, isAtLeast: boolean) => void;
  /** It has fallen below its window, or grown beyond its page: what it lacks can only be read. */
  readonly onUnfit: () => void;
};
