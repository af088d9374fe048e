import type { Database } from '../../platform/database';
import type { ListStart, Lists, LiveList } from '../list';
import type { RenderedItems } from '../rendered';
import { DIGEST_WINDOW, digestOf } from '../state/digest';
import { comparePositions } from '../state/position';
import { parseWireName, type WireTopic } from '../wire-topic';
import type { ListEvent } from './frames';

/** The beginning of a list, as every page that shows it should have it. */
type Window = {
  readonly order: LiveList['order'];
  /** The changes up to this number are in it, whatever is told of them later. */
  seq: number;
  entries: Entry[];
  hasMore: boolean;
};
type Entry = { readonly key: string; readonly position: string; readonly tag: string };

/** What is true of a list in a language while its window is read. */
type State = Window | 'wanted' | 'reading' | 'none';

/** Knows the beginnings of the lists that somebody listens to, in the languages in which they do, for the digests in the heartbeats. */
export class Windows {
  readonly #lists: Lists;
  readonly #items: RenderedItems;
  readonly #db: Database;
  readonly #onError: (error: unknown, message: string) => void;
  /** By the names of the lists on the wire. */
  readonly #states = new Map<string, State>();
  /** Events of topics whose window is being read. */
  readonly #meanwhile = new Map<string, ListEvent[]>();
  #isReading = false;

  constructor(options: {
    readonly lists: Lists;
    readonly items: RenderedItems;
    readonly db: Database;
    readonly onError: (error: unknown, message: string) => void;
  }) {
    this.#lists = options.lists;
    this.#items = options.items;
    this.#db = options.db;
    this.#onError = options.onError;
  }

  /** Somebody listens to the topic of this name. */
  add(name: string): void {
    if (this.#states.has(name)) return;
    this.#states.set(name, this.#lists.list(parseWireName(name).topic) ? 'wanted' : 'none');
  }

  /** Nobody listens to it any more. */
  drop(name: string): void {
    this.#states.delete(name);
    this.#meanwhile.delete(name);
  }

  /** What was known of it is no longer true. */
  forget(name: string): void {
    const state = this.#states.get(name);
    if (state !== undefined && state !== 'none') this.#states.set(name, 'wanted');
    this.#meanwhile.delete(name);
  }

  forgetAll(): void {
    for (const name of this.#states.keys()) this.forget(name);
  }

  apply(name: string, event: ListEvent): void {
    const state = this.#states.get(name);
    if (state === 'reading') this.#meanwhile.get(name)?.push(event);
    else if (typeof state === 'object' && !applied(state, event)) this.forget(name);
  }

  /** Of the list as of the number; undefined while it is not known. */
  digestAt(name: string, seq: number): string | undefined {
    const state = this.#states.get(name);
    if (typeof state !== 'object' || state.seq > seq) return undefined;
    return digestOf(state.entries.map(({ tag }) => tag));
  }

  /** Reads the windows that are wanted, one after the other; call it now and then. */
  readWanted(): void {
    if (this.#isReading) return;
    this.#isReading = true;
    this.#readAll()
      .catch((error: unknown) => this.#onError(error, 'The beginning of a list could not be read'))
      .finally(() => {
        this.#isReading = false;
      });
  }

  async #readAll(): Promise<void> {
    for (const [name, state] of this.#states) {
      const wire = parseWireName(name);
      const list = this.#lists.list(wire.topic);
      if (state !== 'wanted' || !list) continue;
      await this.#read(wire, list);
    }
  }

  async #read({ name, topic, language }: WireTopic, list: LiveList): Promise<void> {
    this.#states.set(name, 'reading');
    const meanwhile: ListEvent[] = [];
    this.#meanwhile.set(name, meanwhile);
    let start: ListStart<unknown>;
    try {
      start = await list.readFirst(this.#db, topic, DIGEST_WINDOW);
    } catch (error) {
      if (this.#meanwhile.get(name) === meanwhile) this.forget(name);
      throw error;
    }
    // It was forgotten or dropped meanwhile.
    if (this.#meanwhile.get(name) !== meanwhile) return;
    this.#meanwhile.delete(name);
    const window: Window = {
      order: list.order,
      seq: start.cursor.seq,
      entries: start.items.map((item) => this.#items.of({ list, language }, item)),
      hasMore: start.hasMore,
    };
    this.#states.set(name, window);
    for (const event of meanwhile) this.apply(name, event);
  }
}

/** False when it can't be said what the window is afterwards. */
function applied(window: Window, event: ListEvent): boolean {
  if (event.rev <= window.seq) return true;
  const rest = window.entries.filter(({ key }) => key !== event.key);
  if (event.type === 'upsert') insert(window, rest, event);
  else window.entries = rest;
  return window.entries.length === DIGEST_WINDOW || !window.hasMore;
}

function insert(window: Window, rest: Entry[], event: Entry): void {
  const isBefore = (a: Entry, b: Entry): boolean => {
    const difference = comparePositions(a.position, b.position);
    return window.order === 'ascending' ? difference < 0 : difference > 0;
  };
  const index = rest.findIndex((entry) => isBefore(event, entry));
  // Behind the last one there may be others that are nearer.
  if (index === -1 && window.hasMore) window.entries = rest;
  else window.entries = rest.toSpliced(index === -1 ? rest.length : index, 0, event);
  if (window.entries.length > DIGEST_WINDOW) {
    window.entries.length = DIGEST_WINDOW;
    window.hasMore = true;
  }
}
