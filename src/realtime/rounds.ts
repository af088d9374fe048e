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

type Outgoing = Batch & {
  readonly number: number;
  readonly encodedMs: number;
  /** Connections that it was written to, and bytes of the writes that ended with it. */
  connections: number;
  writtenBytes: number;
  lastWrittenMs: number;
};

/** What connections that stand at the same batch are missing. */
type Missing = {
  readonly batches: readonly Outgoing[];
  readonly bytes: StreamBytes;
  /** In the slice that is being written. */
  connections: number;
  writtenBytes: number;
};

/** Connections written before the event loop gets a turn: about two milliseconds. */
const SLICE = 250;

/**
 * Writes to all connections in rounds: a slice at a time, so that others get their turn. At its own turn a connection gets all
 * that it is missing by then, in one write; who was passed before a batch came gets it in the next round. So a batch has
 * reached everybody after one time around from where it came in, and with more events than can be written one by one the
 * writes get larger, not later.
 */
export class Rounds {
  readonly #connections: ReadonlyMap<Socket, StreamConnection>;
  readonly #maxBufferedBytes: number;
  readonly #metrics: StreamMetrics;
  readonly #onError: (error: unknown, message: string) => void;
  /** All that somebody may still be missing, in order. */
  #batches: Outgoing[] = [];
  /** By the batch at which a connection stands; forgotten when another batch comes. */
  readonly #missing = new Map<number, Missing>();
  #lastBatch = 0;
  #heardMs = Number.NEGATIVE_INFINITY;
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

  /** `performance.now()` since which every connection has been sent something. */
  get heardMs(): number {
    return this.#heardMs;
  }

  write(batch: Batch): void {
    const encodedMs = performance.now();
    const number = ++this.#lastBatch;
    this.#batches.push({
      ...batch,
      number,
      encodedMs,
      connections: 0,
      writtenBytes: 0,
      lastWrittenMs: encodedMs,
    });
    this.#missing.clear();
    if (this.#isWriting) return;
    this.#isWriting = true;
    this.#writeAll().catch((error: unknown) => {
      // What is left goes out with the next batch.
      this.#isWriting = false;
      this.#onError(error, 'A round of the stream failed');
    });
  }

  async #writeAll(): Promise<void> {
    while (this.#batches.length > 0) {
      const reached = this.#lastBatch;
      await this.#writeRound();
      // What was there when the round began has now reached everybody.
      const done = this.#batches.filter(({ number }) => number <= reached);
      this.#batches = this.#batches.filter(({ number }) => number > reached);
      for (const batch of done) this.#report(batch);
    }
    // In the same turn as the look at what is left: nothing can come in between.
    this.#isWriting = false;
  }

  async #writeRound(): Promise<void> {
    const slice: StreamConnection[] = [];
    for (const connection of this.#connections.values()) {
      if (connection.state !== 'live' || connection.batch === this.#lastBatch) continue;
      slice.push(connection);
      if (slice.length < SLICE) continue;
      this.#writeSlice(slice);
      slice.length = 0;
      await nextTurn();
    }
    this.#writeSlice(slice);
  }

  /** All in one turn: nothing comes in between. */
  #writeSlice(connections: readonly StreamConnection[]): void {
    for (const connection of connections) {
      try {
        this.#bringUpToDate(connection);
      } catch (error) {
        // It stops nobody else; and since nobody knows what this one has got, it has to resume.
        connection.socket.destroy();
        this.#onError(error, 'A stream could not be written');
      }
    }
    this.#countSlice();
  }

  #bringUpToDate(connection: StreamConnection): void {
    const missing = this.#missingAfter(connection.batch);
    connection.batch = this.#lastBatch;
    missing.connections++;
    missing.writtenBytes += connection.send(missing.bytes, this.#maxBufferedBytes);
  }

  #countSlice(): void {
    const nowMs = performance.now();
    for (const missing of this.#missing.values()) {
      if (missing.connections === 0) continue;
      for (const batch of missing.batches) {
        batch.connections += missing.connections;
        batch.lastWrittenMs = nowMs;
      }
      const newest = missing.batches.at(-1);
      if (newest) newest.writtenBytes += missing.writtenBytes;
      missing.connections = 0;
      missing.writtenBytes = 0;
    }
  }

  #missingAfter(number: number): Missing {
    const known = this.#missing.get(number);
    if (known) return known;
    const batches = this.#batches.filter((batch) => batch.number > number);
    const bytes = StreamBytes.join(batches.map((batch) => batch.bytes));
    const missing: Missing = { batches, bytes, connections: 0, writtenBytes: 0 };
    this.#missing.set(number, missing);
    return missing;
  }

  #report(batch: Outgoing): void {
    const { arrival, startedMs, renderedMs, encodedMs, lastWrittenMs } = batch;
    this.#heardMs = encodedMs;
    const receivedMs = arrival?.receivedMs ?? startedMs;
    this.#metrics.delivered({
      events: batch.events,
      connections: batch.connections,
      bytes: batch.writtenBytes,
      busMs: arrival?.busMs,
      feedMs: startedMs - receivedMs,
      renderMs: renderedMs - startedMs,
      encodeMs: encodedMs - renderedMs,
      writeMs: lastWrittenMs - encodedMs,
      totalMs: lastWrittenMs - receivedMs + (arrival?.busMs ?? 0),
    });
  }
}
