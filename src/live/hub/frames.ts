import { LRUCache } from 'lru-cache';
import type { PresentChange } from '../feed/batch';
import type { Lists } from '../list';
import type { Cursor } from '../log/change';
import type { RenderedItems } from '../rendered';
import { removeFrame, upsertFrame } from '../wire/sse-frame';
import { StreamBytes } from '../wire/stream-bytes';
import type { WireTopic } from '../wire-topic';

/** Frames that are kept, so that a replay costs no second encoding. */
const MAX_FRAMES = 2_000;

/** What a change is to a list: an item as it is shown now, or that it isn't. */
export type ListEvent =
  | {
      readonly type: 'upsert';
      readonly key: string;
      readonly rev: number;
      readonly position: string;
      readonly tag: string;
    }
  | { readonly type: 'remove'; readonly key: string; readonly rev: number };

type Encoded = { readonly event: ListEvent; readonly bytes: StreamBytes };

/** Renders and encodes changes: once for each topic and language, whoever listens to it with whatever else. */
export class Frames {
  readonly #lists: Lists;
  readonly #items: RenderedItems;
  readonly #onUnrenderable: (error: unknown, message: string) => void;
  readonly #kept = new LRUCache<string, Encoded>({ max: MAX_FRAMES });

  constructor(options: {
    readonly lists: Lists;
    readonly items: RenderedItems;
    readonly onUnrenderable: (error: unknown, message: string) => void;
  }) {
    this.#lists = options.lists;
    this.#items = options.items;
    this.#onUnrenderable = options.onUnrenderable;
  }

  /**
   * A change as it is told to who listens to these topics: a frame for each that it touches, the last one with its id.
   * @param epoch of its id; without one no frame has it, since something else must be told before the client has got so far
   */
  of(change: PresentChange, topics: readonly WireTopic[], epoch: string | undefined): StreamBytes[] {
    const touched = topics.filter(({ topic }) => this.knows(change, topic));
    return touched.map((topic, index) => {
      const isLast = index === touched.length - 1;
      const id = isLast && epoch !== undefined ? { epoch, seq: change.seq } : undefined;
      return this.encoded(change, topic, id).bytes;
    });
  }

  /** False for an item of a kind that this version's list of the topic has none of: its key may be that of another item here. */
  knows({ kind, topics }: PresentChange, topic: string): boolean {
    return topics.includes(topic) && this.#lists.list(topic, kind) !== undefined;
  }

  encoded(change: PresentChange, wire: WireTopic, id: Cursor | undefined): Encoded {
    const { key, seq: rev, isNew, kind, item } = change;
    const shown = item === undefined ? undefined : this.#shown(wire, kind, item);
    const topic = wire.name;
    const name = [topic, kind, key, rev, isNew, id?.epoch, shown?.tag, shown?.position].join(' ');
    const kept = this.#kept.get(name);
    if (kept) return kept;
    const event: ListEvent = shown
      ? { type: 'upsert', key, rev, position: shown.position, tag: shown.tag }
      : { type: 'remove', key, rev };
    const text = shown ? upsertFrame({ topic, rev, isNew }, shown, id) : removeFrame({ topic, key, rev }, id);
    const encoded = { event, bytes: StreamBytes.of(text) };
    this.#kept.set(name, encoded);
    return encoded;
  }

  /** Undefined for an item that isn't in this list, or can't be rendered: it is not shown, and what came with it is. */
  #shown({ topic, language }: WireTopic, kind: string, item: unknown) {
    const list = this.#lists.list(topic, kind);
    try {
      return list?.topicsOf(item).includes(topic) ? this.#items.of({ list, language }, item) : undefined;
    } catch (error) {
      this.#onUnrenderable(error, `An item of ${topic} could not be rendered`);
      return undefined;
    }
  }
}
