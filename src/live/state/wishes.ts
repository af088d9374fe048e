import type { TabWish } from './tab-message';

/** What one stream carries at most. */
const MAX_TOPICS = 16;
/** A tab says what it wants every few minutes; one that has not for so long is gone without a word. */
const FORGOTTEN_MS = 12 * 60_000;

/** What the tabs of a browser want to hear, as far as one connection can carry it. The leader's own wish comes first. */
export class Wishes {
  #own: TabWish;
  /** By tab, the one that asked last at the end. */
  readonly #others = new Map<string, TabWish & { readonly saidAtMs: number }>();

  constructor(own: TabWish) {
    this.#own = own;
  }

  get own(): TabWish {
    return this.#own;
  }

  get tabs(): readonly ({ readonly id: string } & TabWish)[] {
    return [...this.#others].map(([id, { topics, tickets }]) => ({ id, topics, tickets }));
  }

  set(id: string, { topics, tickets }: TabWish, nowMs: number): void {
    this.#others.delete(id);
    this.#others.set(id, { topics, tickets, saidAtMs: nowMs });
  }

  forget(id: string): void {
    this.#others.delete(id);
  }

  clear(): void {
    this.#others.clear();
  }

  /** After the end of a session nobody's tickets are worth anything. */
  dropTickets(): void {
    this.#own = { ...this.#own, tickets: [] };
    for (const [id, wish] of this.#others) this.#others.set(id, { ...wish, tickets: [] });
  }

  /**
   * All that is wanted. Where it is more than one connection carries, the tabs that asked last come first, and the others are
   * forgotten: they see that they were, and ask by themselves.
   */
  union(nowMs: number): TabWish {
    const topics = new Set(this.#own.topics);
    const tickets = new Set(this.#own.tickets);
    for (const [id, wish] of [...this.#others].reverse()) {
      const together = new Set([...topics, ...wish.topics]);
      if (nowMs - wish.saidAtMs > FORGOTTEN_MS || together.size > MAX_TOPICS) {
        this.#others.delete(id);
        continue;
      }
      for (const topic of wish.topics) topics.add(topic);
      for (const ticket of wish.tickets) tickets.add(ticket);
    }
    return { topics: [...topics].sort(), tickets: [...tickets].sort() };
  }
}

/** Whether a connection that was asked for the one carries the other. */
export function carries(connection: TabWish, wish: TabWish): boolean {
  return includesAll(connection.topics, wish.topics) && includesAll(connection.tickets, wish.tickets);
}

export function includesAll(all: readonly string[], some: readonly string[]): boolean {
  return some.every((each) => all.includes(each));
}

/** Whether one more tab's topics would fit. */
export function hasRoomFor(topics: readonly string[], more: readonly string[]): boolean {
  return new Set([...topics, ...more]).size <= MAX_TOPICS;
}
