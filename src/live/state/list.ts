import { seqOf } from './cursor';
import { digestOf } from './digest';
import { admits, isAhead, isSound, type ListItem } from './list-rules';
import type { ListEvents, ListStore, RenderedList } from './list-store';
import type { RemoveEvent, UpsertEvent } from './stream-event';

export type Outcome = 'inserted' | 'updated' | 'waiting' | 'removed' | 'ignored';

/** So many keys that are gone are remembered: an event that is older than theirs comes soon, or never. */
const MAX_GONE = 1_000;

type Waiting<Body> = { readonly item: ListItem; readonly body: Body };

/**
 * The items of one list, whatever shows them. A new one comes in at once or waits until the visitor asks for it; what is on the
 * page already is changed in its place at once, and one that comes back goes to its own: neither is news. What is not newer than
 * what is known of a key changes nothing. States and events: docs/live-states.md.
 */
export class List<Body> {
  readonly #store: ListStore<Body>;
  readonly #events: ListEvents<Body>;
  /** In the order in which they came. */
  readonly #waiting = new Map<string, Waiting<Body>>();
  /** What was taken out, by key: an event from before that must not bring it back. */
  readonly #goneAt = new Map<string, number>();
  /** What is behind this position is not known; undefined when there is nothing. */
  #end: string | undefined;
  /** What is shown behind this position may have changed since; undefined when nothing is. */
  #staleAfter: string | undefined;
  /** All that a reading brought was new, and there is more behind it. */
  #isFlooded = false;

  constructor(store: ListStore<Body>, events: ListEvents<Body>) {
    this.#store = store;
    this.#events = events;
    this.#end = this.#endOfPage();
  }

  get topic(): string {
    return this.#store.rules.topic;
  }

  /** The point up to which the items were complete when they were read. */
  get cursor(): string {
    return this.#store.rules.cursor;
  }

  /** What is behind this position is not known; undefined when there is nothing. */
  get end(): string | undefined {
    return this.#end;
  }

  /** Whether something is shown that may not be true any more, because somebody is reading it. */
  get isStale(): boolean {
    return this.#staleAfter !== undefined;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** @throws when the event carries no item; then nothing has changed */
  apply(event: UpsertEvent | RemoveEvent): Outcome {
    if (event.rev <= this.#knownRev(event.key)) return 'ignored';
    return event.type === 'remove' ? this.#remove(event) : this.#upsert(event);
  }

  /**
   * Shows the items that wait; returns their keys. They come in when the visitor asks, or along with the next item that may: never
   * by the mere return to the top, where the visitor may be about to click.
   */
  showWaiting(): readonly string[] {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    this.#dropStale();
    for (const { item, body } of waiting) {
      // The page may have been pushed together meanwhile.
      if (this.#belongs(item, body)) this.#put(item, body);
      else this.#rememberGone(item.key, item.rev);
    }
    this.#events.onWaiting(0, false);
    this.#lookForFit();
    return waiting.map(({ item }) => item.key).filter((key) => this.#find(key));
  }

  /**
   * The list has been read anew. Where somebody is reading it, what is new waits, and what is shown is changed in its place: of what
   * the new list doesn't reach down to nothing is known, and it stays until the rest is shown.
   */
  renew(fresh: RenderedList<Body>): void {
    const isFirst = ({ item }: Waiting<Body>): boolean => !this.#find(item.key) && !this.#isRefill(item);
    const first = fresh.items.find(isFirst);
    if (first && !this.#events.mayInsert(this.#placeOf(first.item))) return this.#merge(fresh);
    fresh.show();
    this.#goneAt.clear();
    this.#waiting.clear();
    this.#staleAfter = undefined;
    this.#isFlooded = false;
    this.#end = this.#endOfPage();
    this.#events.onWaiting(0, false);
  }

  /**
   * What the list's beginning is known by; undefined when this page can't tell, because it shows something else. Of a list that
   * contradicts itself behind its beginning, it is one that no list has.
   */
  digest(): string | undefined {
    const { rules, items } = this.#store;
    const { window, isFirst, after, before, where } = rules;
    const isOfAll = isFirst && after === '' && before === '' && where.size === 0;
    if (!isOfAll || this.#waiting.size > 0 || this.isStale) return undefined;
    const tags = items.map(({ tag }) => tag);
    return digestOf(isSound(rules, items) ? tags.slice(0, window) : tags);
  }

  #merge(fresh: RenderedList<Body>): void {
    const known = new Set(this.#waiting.keys());
    const end = fresh.rules.hasMore ? fresh.items.at(-1)?.item.position : undefined;
    const isBeyond = ({ position }: ListItem): boolean =>
      end !== undefined && isAhead(fresh.rules, end, position);
    const keys = new Set(fresh.items.map(({ item }) => item.key));
    this.#isFlooded = end !== undefined && !this.#store.items.some(({ key }) => keys.has(key));
    fresh.showRules();
    this.#goneAt.clear();
    this.#waiting.clear();
    for (const item of this.#store.items)
      if (!keys.has(item.key) && !isBeyond(item)) this.#store.drop(item.key);
    for (const { item, body } of fresh.items) {
      if (this.#find(item.key) || this.#isRefill(item)) this.#store.put(item, body, this.#placeOf(item));
      else this.#waiting.set(item.key, { item, body });
    }
    const last = this.#store.items.at(-1);
    this.#staleAfter = last && isBeyond(last) ? end : undefined;
    this.#end = end;
    if (last && this.isStale) this.#endAfter(last.position);
    for (const [key, { body }] of this.#waiting)
      if (!known.has(key)) this.#events.onNews({ key, body }, 'waiting');
    this.#tellWaiting();
  }

  /** What a shortened list lacks at its end is no news, and moves nothing. */
  #isRefill(item: ListItem): boolean {
    const { rules, items } = this.#store;
    const isRest = rules.order === 'descending' || this.#end !== undefined;
    return isRest && items.length > 0 && this.#placeOf(item) === undefined;
  }

  #dropStale(): void {
    const end = this.#staleAfter;
    if (end === undefined) return;
    this.#staleAfter = undefined;
    this.#isFlooded = false;
    const { rules, items } = this.#store;
    for (const { key, position } of items) if (isAhead(rules, end, position)) this.#store.drop(key);
    this.#endAfter(end);
  }

  #endAfter(position: string): void {
    this.#end = position;
    this.#store.endAfter(position);
  }

  #tellWaiting(): void {
    this.#events.onWaiting(this.#waiting.size, this.#isFlooded);
  }

  #remove({ key, rev }: RemoveEvent): Outcome {
    this.#rememberGone(key, rev);
    this.#events.onGone(key);
    return this.#takeOut(key);
  }

  #upsert({ key, rev, tag, position, isNew, html }: UpsertEvent): Outcome {
    const body = this.#store.parse(html);
    const item = { key, rev, tag, position };
    if (!this.#belongs(item, body)) {
      this.#rememberGone(key, rev);
      return this.#takeOut(key);
    }
    const isWaiting = this.#waiting.has(key);
    if (!isWaiting && (!isNew || this.#find(key))) return this.#show(item, body);
    return this.#arrive({ item, body }, !isWaiting);
  }

  #show(item: ListItem, body: Body): Outcome {
    const isUpdate = this.#find(item.key) !== undefined;
    this.#put(item, body);
    this.#lookForFit();
    // A page that is full to the brim may have pushed out what has just come in.
    if (!this.#find(item.key)) return isUpdate ? 'removed' : 'ignored';
    return isUpdate ? 'updated' : 'inserted';
  }

  #arrive(news: Waiting<Body>, isFirst: boolean): Outcome {
    const { mayInsert, onNews } = this.#events;
    const { item, body } = news;
    this.#waiting.set(item.key, news);
    const place = mayInsert(this.#placeOf(item)) ? 'shown' : 'waiting';
    if (place === 'shown') this.showWaiting();
    else this.#tellWaiting();
    if (isFirst) onNews({ key: item.key, body }, place);
    if (place === 'waiting') return 'waiting';
    return this.#find(item.key) ? 'inserted' : 'ignored';
  }

  #put(item: ListItem, body: Body): void {
    this.#goneAt.delete(item.key);
    this.#store.put(item, body, this.#placeOf(item));
    this.#trim();
  }

  /** What no longer fits moves to the next page, which then begins earlier. */
  #trim(): void {
    const { size, hasMore } = this.#store.rules;
    const { items } = this.#store;
    const last = items[size - 1];
    if (!hasMore || !last || items.length <= size) return;
    for (const { key, rev } of items.slice(size)) {
      this.#store.drop(key);
      this.#rememberGone(key, rev);
    }
    this.#endAfter(last.position);
  }

  #takeOut(key: string): Outcome {
    const wasShown = this.#find(key) !== undefined;
    if (this.#waiting.delete(key)) this.#tellWaiting();
    if (wasShown) this.#store.drop(key);
    this.#lookForFit();
    return wasShown ? 'removed' : 'ignored';
  }

  #rememberGone(key: string, rev: number): void {
    this.#goneAt.delete(key);
    this.#goneAt.set(key, rev);
    const [oldest] = this.#goneAt.keys();
    if (this.#goneAt.size > MAX_GONE && oldest !== undefined) this.#goneAt.delete(oldest);
  }

  #lookForFit(): void {
    const { window, size, hasMore } = this.#store.rules;
    const { length } = this.#store.items;
    const isUnfit = this.isStale || (hasMore ? length < window : length > size);
    // What waits comes with the reading, so it waits for the visitor.
    if (this.#waiting.size === 0 && isUnfit) this.#events.onUnfit();
  }

  #knownRev(key: string): number {
    return Math.max(
      seqOf(this.cursor),
      this.#find(key)?.rev ?? 0,
      this.#waiting.get(key)?.item.rev ?? 0,
      this.#goneAt.get(key) ?? 0,
    );
  }

  #find(key: string): ListItem | undefined {
    return this.#store.items.find((item) => item.key === key);
  }

  /** The key of the item that it goes ahead of; undefined: to the end. */
  #placeOf(item: ListItem): string | undefined {
    return this.#store.items.find(
      (other) => other.key !== item.key && isAhead(this.#store.rules, item.position, other.position),
    )?.key;
  }

  #belongs({ position }: ListItem, body: Body): boolean {
    const { rules } = this.#store;
    if (!admits(rules, position, (name) => this.#store.data(body, name))) return false;
    return this.#end === undefined || !isAhead(rules, this.#end, position);
  }

  #endOfPage(): string | undefined {
    const { rules, items } = this.#store;
    return rules.hasMore ? items.at(-1)?.position : undefined;
  }
}
