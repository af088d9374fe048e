import type { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Arrival } from '../changes/change-feed';
import { StreamBytes } from './stream-bytes';
import type { StreamConnection } from './stream-connection';
import type { StreamMetrics } from './stream-metrics';

/** A batch of the feed, rendered and encoded. Times are those of `performance.now()`. */
type Batch = {
  readonly bytes: StreamBytes;
  readonly events: number;
  readonly arrival: Arrival | undefined;
  /** When the hub began with it. */
  readonly startedMs: number;
  readonly renderedMs: number;
};

type Outgoing = Batch & { readonly number: number; readonly encodedMs: number };

/** Connections written before the event loop gets a turn. */
const SLICE = 1_000;

/**
 * Writes to all connections in rounds: a slice at a time, so that others get their turn, and what comes during a round goes
 * out together in the next. So with more events than can be written one by one, the writes get larger, not later.
 */
export class Rounds {
  readonly #connections: ReadonlyMap<Socket, StreamConnection>;
  readonly #maxBufferedBytes: number;
  readonly #metrics: StreamMetrics;
  readonly #onError: (error: unknown, message: string) => void;
  #waiting: Outgoing[] = [];
  #lastBatch = 0;
  #isWriting = false;

  constructor(
    connections: ReadonlyMap<Socket, StreamConnection>,
    options: {
      readonly maxBufferedBytes: number;
      readonly metrics: StreamMetrics;
      readonly onError: (error: unknown, message: string) => void;
    },
  ) {
    this.#connections = connections;
    this.#maxBufferedBytes = options.maxBufferedBytes;
    this.#metrics = options.metrics;
    this.#onError = options.onError;
  }

  /** Batches are numbered, so that each connection gets each of them once. A client that is greeted now has all of these. */
  get lastBatch(): number {
    return this.#lastBatch;
  }

  write(batch: Batch): void {
    this.#waiting.push({ ...batch, number: ++this.#lastBatch, encodedMs: performance.now() });
    if (this.#isWriting) return;
    this.#isWriting = true;
    void this.#writeAll();
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batches = this.#waiting;
      this.#waiting = [];
      try {
        await this.#writeRound(batches);
      } catch (error) {
        this.#onError(error, 'A round of the stream failed');
      }
    }
    // In the same turn as the look at what waits: nothing can be put there in between.
    this.#isWriting = false;
  }

  async #writeRound(batches: readonly Outgoing[]): Promise<void> {
    const [oldest, newest] = [batches[0], batches.at(-1)];
    if (!oldest || !newest) return;
    const joined = StreamBytes.join(batches.map(({ bytes }) => bytes));
    const startedMs = performance.now();
    let written = 0;
    let bytes = 0;
    for (const connection of this.#connections.values()) {
      if (connection.state !== 'live' || connection.batch >= newest.number) continue;
      // A client that joined while some of these waited had those with its greeting.
      const missing = connection.batch < oldest.number ? joined : after(connection.batch, batches);
      connection.batch = newest.number;
      bytes += connection.send(missing, startedMs, this.#maxBufferedBytes);
      if (++written % SLICE === 0) await nextTurn();
    }
    this.#report(batches, oldest, { written, bytes, startedMs });
  }

  #report(
    batches: readonly Outgoing[],
    oldest: Outgoing,
    round: { readonly written: number; readonly bytes: number; readonly startedMs: number },
  ): void {
    const { arrival, startedMs, renderedMs, encodedMs } = oldest;
    const endedMs = performance.now();
    this.#metrics.delivered({
      events: batches.reduce((sum, { events }) => sum + events, 0),
      connections: round.written,
      bytes: round.bytes,
      busMs: arrival?.busMs,
      feedMs: startedMs - (arrival?.receivedMs ?? startedMs),
      renderMs: renderedMs - startedMs,
      encodeMs: encodedMs - renderedMs,
      writeMs: endedMs - round.startedMs,
      totalMs: endedMs - (arrival?.receivedMs ?? startedMs) + (arrival?.busMs ?? 0),
    });
  }
}

function after(number: number, batches: readonly Outgoing[]): StreamBytes {
  return StreamBytes.join(batches.filter((batch) => batch.number > number).map(({ bytes }) => bytes));
}
