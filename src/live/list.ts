import type { Database, Transaction } from '../platform/database';
import type { Change, Cursor } from './log/change';

/** Things that lists show: what a change of the log points at. */
export type Kind<Item = unknown> = {
  /** As rows of the log name it: `episode`. */
  readonly name: string;
  /** What its keys are the ids of: a write of these may change its items. */
  readonly of: string;
  keyOf(item: Item): string;
  /** Those of the items that are public, as they are now. */
  find(db: Database | Transaction, keys: readonly string[]): Promise<readonly Item[]>;
};

/**
 * A list that is live: what a feature declares. Writing through the hook of its kind does the rest.
 * The items in it are the ones whose `topicsOf` names it; their order is that of their positions.
 */
export type LiveList<Item = unknown> = {
  /** `latest`, or `series:*` for a family of lists with a name of up to 64 bytes each. */
  readonly topic: string;
  readonly kind: Kind<Item>;
  topicsOf(item: Item): readonly string[];
  /** Numbers with a `-` between them: see `comparePositions`. */
  positionOf(item: Item): string;
  readonly order: 'ascending' | 'descending';
  /** One element, the same for everybody who reads that language, with nothing in it of the change that made it. */
  render(item: Item, language: string): string;
  /** The first items of one of the lists, and whether there are more; from one snapshot with the head. */
  readFirst(db: Database, topic: string, count: number): Promise<ListStart<Item>>;
};

export type ListStart<Item> = {
  readonly cursor: Cursor;
  readonly items: readonly Item[];
  readonly hasMore: boolean;
};

/** More items of one kind changed by one commit than this are logged as one `reset`. */
const MAX_CHANGES = 50;

/** What all the lists of a node show, and what their items are found by. */
export class Lists {
  readonly #lists: readonly LiveList[];
  readonly #kinds: ReadonlyMap<string, Kind>;

  constructor(lists: readonly LiveList[]) {
    this.#lists = lists;
    this.#kinds = new Map(lists.map(({ kind }) => [kind.name, kind]));
  }

  /** The kinds of items that a write of these may change. */
  kindsOf(written: string): readonly Kind[] {
    return [...this.#kinds.values()].filter(({ of }) => of === written);
  }

  kind(name: string): Kind | undefined {
    return this.#kinds.get(name);
  }

  /** The list of a topic, for items of this kind; undefined when there is none. */
  list(topic: string, kind?: string): LiveList | undefined {
    return this.#lists.find(
      (list) => isOf(list.topic, topic) && (kind === undefined || list.kind.name === kind),
    );
  }

  /** What has to be logged for items of a kind that were `before` and are `after`. @param newKeys of items public for the first time */
  changesBetween(
    kind: Kind,
    before: readonly unknown[],
    after: readonly unknown[],
    newKeys: ReadonlySet<string>,
  ): Change[] {
    const former = new Map(before.map((item) => [kind.keyOf(item), item]));
    const changes: Change[] = [];
    for (const item of after) {
      const key = kind.keyOf(item);
      const was = former.get(key);
      former.delete(key);
      // Both come from one function, so their fields are in the same order.
      if (JSON.stringify(was) === JSON.stringify(item)) continue;
      const topics = [...new Set([...this.#topicsOf(kind, was), ...this.#topicsOf(kind, item)])];
      changes.push({ type: 'upsert', kind: kind.name, key, topics, isNew: newKeys.has(key) });
    }
    for (const [key, was] of former) {
      changes.push({ type: 'remove', kind: kind.name, key, topics: this.#topicsOf(kind, was), isNew: false });
    }
    return changes;
  }

  #topicsOf(kind: Kind, item: unknown): string[] {
    if (item === undefined) return [];
    return this.#lists.filter((list) => list.kind === kind).flatMap((list) => list.topicsOf(item));
  }
}

/** The changes of one kind as they are logged: one `reset` for more than a stream should carry one by one. */
export function limited(changes: readonly Change[]): readonly Change[] {
  if (changes.length <= MAX_CHANGES) return changes;
  const topics = [...new Set(changes.flatMap((change) => change.topics))];
  return [{ type: 'reset', kind: '', key: '', topics, isNew: false }];
}

/** Whether a topic is the declared one, or one of the family that is declared with a `*` at its end. */
export function isOf(declared: string, topic: string): boolean {
  return declared.endsWith('*') ? topic.startsWith(declared.slice(0, -1)) : topic === declared;
}
