import type { ChangeEvent } from './change-event';

/** The last changes, bounded by number and by bytes: what a client that comes back can be told from memory. */
export class RecentChanges {
  readonly #maxEvents: number;
  readonly #maxBytes: number;
  #entries: { readonly event: ChangeEvent; readonly bytes: number }[] = [];
  #bytes = 0;
  /** Every event after this number is here. */
  #floor = 0;

  constructor(maxEvents: number, maxBytes: number) {
    this.#maxEvents = maxEvents;
    this.#maxBytes = maxBytes;
  }

  /** Forgets everything: nothing at or below `seq` can be told any more. */
  clear(seq: number): void {
    this.#entries = [];
    this.#bytes = 0;
    this.#floor = seq;
  }

  /** Takes the events that lead up to the number `clear` was called with. */
  fill(events: readonly ChangeEvent[]): void {
    const first = events[0];
    if (!first) return;
    this.#floor = first.seq - 1;
    this.push(events);
  }

  push(events: readonly ChangeEvent[]): void {
    for (const event of events) {
      const bytes = Buffer.byteLength(JSON.stringify(event));
      this.#entries.push({ event, bytes });
      this.#bytes += bytes;
    }
    let dropped = 0;
    while (this.#entries.length - dropped > this.#maxEvents || this.#bytes > this.#maxBytes) {
      const entry = this.#entries[dropped];
      if (!entry) break;
      this.#bytes -= entry.bytes;
      this.#floor = entry.event.seq;
      dropped++;
    }
    if (dropped > 0) this.#entries.splice(0, dropped);
  }

  /** The events after `seq`, in order; undefined when some of them are no longer here. */
  after(seq: number): readonly ChangeEvent[] | undefined {
    if (seq < this.#floor) return undefined;
    return this.#entries.filter(({ event }) => event.seq > seq).map(({ event }) => event);
  }
}
