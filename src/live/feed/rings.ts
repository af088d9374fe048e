import type { LoggedChange } from '../log/change';

/** The last changes of each topic: what a client that comes back can be told without a look at the log. */
export class Rings {
  readonly #maxPerTopic: number;
  readonly #maxAll: number;
  /** In the order in which they changed last. */
  readonly #rings = new Map<string, Ring>();
  #count = 0;
  /** Of a topic without a ring, every change after this number is known: there is none. */
  #floor = 0;

  constructor(maxPerTopic: number, maxAll: number) {
    this.#maxPerTopic = maxPerTopic;
    this.#maxAll = maxAll;
  }

  /** Forgets everything: nothing at or below `seq` can be told any more. */
  clear(seq: number): void {
    this.#rings.clear();
    this.#count = 0;
    this.#floor = seq;
  }

  /** Takes the changes that lead up to the number `clear` was called with. */
  fill(changes: readonly LoggedChange[]): void {
    const first = changes[0];
    if (!first) return;
    this.#floor = first.seq - 1;
    this.push(changes);
  }

  push(changes: readonly LoggedChange[]): void {
    for (const change of changes) {
      for (const topic of change.topics) this.#add(topic, change);
    }
    for (const [topic, ring] of this.#rings) {
      if (this.#count <= this.#maxAll) return;
      this.#rings.delete(topic);
      this.#count -= ring.changes.length;
      this.#floor = Math.max(this.#floor, ring.changes.at(-1)?.seq ?? 0);
    }
  }

  /** The changes of the topic after `seq`, in order; undefined when some of them are no longer here. */
  after(topic: string, seq: number): readonly LoggedChange[] | undefined {
    const ring = this.#rings.get(topic);
    if (seq < (ring?.floor ?? this.#floor)) return undefined;
    return ring ? ring.changes.filter((change) => change.seq > seq) : [];
  }

  /** The number of the topic's last change, or one that is higher. */
  headOf(topic: string): number {
    return this.#rings.get(topic)?.changes.at(-1)?.seq ?? this.#floor;
  }

  #add(topic: string, change: LoggedChange): void {
    const ring = this.#rings.get(topic) ?? { floor: this.#floor, changes: [] };
    ring.changes.push(change);
    this.#count++;
    if (ring.changes.length > this.#maxPerTopic) {
      ring.floor = ring.changes.shift()?.seq ?? ring.floor;
      this.#count--;
    }
    this.#rings.delete(topic);
    this.#rings.set(topic, ring);
  }
}

type Ring = { floor: number; readonly changes: LoggedChange[] };
