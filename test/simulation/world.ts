import { type Kind, Lists, type LiveList, limited } from '../../src/live/list';
import type { Change, Commit, Cursor, LoggedChange } from '../../src/live/log/change';
import type { LiveLog } from '../../src/live/log/live-log';
import { RenderedItems, type ShownList } from '../../src/live/rendered';
import { DIGEST_WINDOW } from '../../src/live/state/digest';
import { comparePositions } from '../../src/live/state/position';
import { parseWireName } from '../../src/live/wire-topic';
import type { VirtualTime } from './virtual-time';

/** An item of the database. Its text is another one each time that it changes, and says when nobody may see it. */
export type Item = {
  readonly key: string;
  readonly series: string;
  readonly place: number;
  readonly text: string;
  readonly isPublic: boolean;
};

export const SECRET = 'SECRET';
export const SERIES: readonly string[] = ['1', '2', '3'];
/** Besides English. */
export const LANGUAGE = 'ja';
/** Items of a page. */
const PAGE_SIZE = 30;

/** As pages and streams of a language have it. */
export function itemHtml({ text }: Item, language: string): string {
  return `<li lang="${language}">${text}</li>`;
}

type History = {
  readonly epoch: string;
  readonly rows: LoggedChange[];
};

/** The database: items, the log, and what a node may wait for when it asks. */
export class World {
  readonly time: VirtualTime;
  readonly kind: Kind<Item>;
  readonly lists: Lists;
  readonly latest: LiveList<Item>;
  readonly series: LiveList<Item>;
  readonly items = new RenderedItems();
  /** By text, until when it was public; infinite while it is. */
  readonly publicUntilMs = new Map<string, number>();
  #items = new Map<string, Item>();
  /** By topic, until something changes. */
  readonly #listed = new Map<string, readonly Item[]>();
  #history: History = { epoch: 'e1', rows: [] };
  readonly #histories = new Map<string, History>();
  #prunedTo = 0;
  #epochs = 1;
  #texts = 0;
  #keys = 0;
  #stalledUntilMs = 0;

  constructor(time: VirtualTime) {
    this.time = time;
    this.#histories.set('e1', this.#history);
    this.kind = {
      name: 'item',
      of: 'item',
      keyOf: ({ key }) => key,
      find: (_db, keys) =>
        this.#answer(() =>
          keys.flatMap((key) => this.#items.get(key) ?? []).filter(({ isPublic }) => isPublic),
        ),
    };
    this.latest = this.#list('latest', 'descending', () => ['latest']);
    this.series = this.#list('series:*', 'ascending', ({ series }) => [`series:${series}`]);
    this.lists = new Lists([this.latest, this.series]);
  }

  get head(): Cursor {
    const { epoch, rows } = this.#history;
    return { epoch, seq: rows.length };
  }

  get publicItems(): readonly Item[] {
    return [...this.#items.values()].filter(({ isPublic }) => isPublic);
  }

  get allItems(): readonly Item[] {
    return [...this.#items.values()];
  }

  /** The rows of an epoch, in order; the first one has the number 1. */
  rowsOf(epoch: string): readonly LoggedChange[] {
    return this.#histories.get(epoch)?.rows ?? [];
  }

  /** All that is in the list of this name now, in order: the same in each language. */
  listed(name: string): readonly Item[] {
    const { topic } = parseWireName(name);
    const known = this.#listed.get(topic);
    if (known) return known;
    const { list } = this.shownListOf(name);
    const sign = list.order === 'ascending' ? 1 : -1;
    const listed = this.publicItems
      .filter((item) => list.topicsOf(item).includes(topic))
      .sort((a, b) => sign * comparePositions(list.positionOf(a), list.positionOf(b)));
    this.#listed.set(topic, listed);
    return listed;
  }

  shownListOf(name: string): ShownList<Item> {
    const { topic, language } = parseWireName(name);
    return { list: topic === 'latest' ? this.latest : this.series, language };
  }

  htmlOf(name: string): string {
    const shownList = this.shownListOf(name);
    const { list } = shownList;
    const { epoch, seq } = this.head;
    const all = this.listed(name);
    const shown = this.items.inPage(shownList, all.slice(0, PAGE_SIZE), seq, (error) => {
      throw error;
    });
    return `<div data-live-list data-topic="${name}" data-order="${list.order}" data-window="${DIGEST_WINDOW}" data-size="${PAGE_SIZE}" data-cursor="${epoch}.${seq}" data-first${all.length > PAGE_SIZE ? ' data-more' : ''}>
<ol data-live-items>${shown.map(({ html }) => html).join('\n')}</ol></div>`;
  }

  newItem(isPublic: boolean): Item {
    this.#keys++;
    const series = this.time.pick(SERIES) ?? '1';
    return {
      key: String(this.#keys),
      series,
      place: this.time.integer(1, 1_000_000),
      isPublic,
      text: this.#text(isPublic),
    };
  }

  /** The item with another text. */
  edited(item: Item, change: Partial<Pick<Item, 'isPublic' | 'place' | 'series'>> = {}): Item {
    const isPublic = change.isPublic ?? item.isPublic;
    return { ...item, ...change, isPublic, text: this.#text(isPublic) };
  }

  /** A transaction: all or nothing. Returns what it has logged. */
  commit(items: readonly Item[], isRolledBack = false): Commit {
    const before = items.flatMap(({ key }) => this.#items.get(key) ?? []).filter(({ isPublic }) => isPublic);
    const after = items.filter(({ isPublic }) => isPublic);
    const newKeys = new Set(after.map(({ key }) => key).filter((key) => !this.#items.has(key)));
    const changes = limited(this.lists.changesBetween(this.kind, before, after, newKeys));
    if (isRolledBack) return { epoch: this.#history.epoch, changes: [] };
    this.#listed.clear();
    const nowMs = this.time.nowMs;
    for (const { text } of before) this.publicUntilMs.set(text, nowMs);
    for (const item of items) this.#items.set(item.key, item);
    for (const { text } of after) this.publicUntilMs.set(text, Number.POSITIVE_INFINITY);
    return this.append(changes);
  }

  /** Numbers the changes. Those that no version of this code writes, too. */
  append(changes: readonly Change[]): Commit {
    const { epoch, rows } = this.#history;
    const logged = changes.map((change, index) => ({ ...change, seq: rows.length + index + 1 }));
    rows.push(...logged);
    return { epoch, changes: logged };
  }

  /** A backup of some commits ago is restored: another epoch begins. */
  restore(): void {
    const kept = this.time.integer(0, this.#history.rows.length);
    this.#epochs++;
    this.#history = { epoch: `e${this.#epochs}`, rows: this.#history.rows.slice(0, kept) };
    this.#histories.set(this.#history.epoch, this.#history);
    this.#prunedTo = 0;
    this.#listed.clear();
    const nowMs = this.time.nowMs;
    // What it holds of the items is anything that they once were; here: some are gone.
    for (const item of this.publicItems) {
      if (!this.time.chance(0.2)) continue;
      this.publicUntilMs.set(item.text, nowMs);
      this.#items.delete(item.key);
    }
  }

  prune(): void {
    this.#prunedTo = this.time.integer(this.#prunedTo, this.#history.rows.length);
  }

  /** Nobody gets an answer for as long. */
  stall(ms: number): void {
    this.#stalledUntilMs = this.time.nowMs + ms;
  }

  logFor(): LiveLog {
    const after = (seq: number, limit: number): LoggedChange[] =>
      this.#history.rows.filter((row) => row.seq > Math.max(seq, this.#prunedTo)).slice(0, limit);
    return {
      readHead: () => this.#answer(() => this.head),
      renewEpoch: () => this.#answer(() => this.head),
      readSince: (seq, limit) => this.#answer(() => after(seq, limit)),
      readRecent: (seq, limit) =>
        this.#answer(() =>
          after(0, Number.POSITIVE_INFINITY)
            .filter((row) => row.seq <= seq)
            .slice(-limit),
        ),
      readTopics: (topics, from, to, limit) =>
        this.#answer(() => {
          if (from < this.#prunedTo && from < to) return undefined;
          const rows = after(from, Number.POSITIVE_INFINITY).filter((row) => row.seq <= to);
          return rows.filter((row) => row.topics.some((topic) => topics.includes(topic))).slice(0, limit);
        }),
    };
  }

  #list(topic: string, order: LiveList['order'], topicsOf: (item: Item) => string[]): LiveList<Item> {
    return {
      topic,
      kind: this.kind,
      order,
      topicsOf,
      positionOf: ({ place, key }) => `${place}-${key}`,
      render: itemHtml,
      readFirst: (_db, name, count) =>
        this.#answer(() => {
          const all = this.listed(name);
          return { cursor: this.head, items: all.slice(0, count), hasMore: all.length > count };
        }),
    };
  }

  /** What is asked is true at some moment between question and answer. */
  async #answer<T>(read: () => T): Promise<T> {
    // Mostly at once; now and then many ask.
    const longestMs = this.time.chance(0.1) ? 400 : 8;
    await this.time.pause(this.time.integer(0, longestMs));
    const waitMs = this.#stalledUntilMs - this.time.nowMs;
    if (waitMs > 1_000) {
      await this.time.pause(1_000);
      throw Object.assign(new Error('The database is silent.'), { code: 'ETIMEDOUT' });
    }
    if (waitMs > 0) await this.time.pause(waitMs);
    const answer = read();
    await this.time.pause(this.time.integer(0, longestMs));
    return answer;
  }

  #text(isPublic: boolean): string {
    return `${isPublic ? 'text' : SECRET} ${++this.#texts}`;
  }
}
