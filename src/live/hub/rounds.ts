import type { NodeClock } from '../turns';
import type { AudienceBatch, Outgoing } from './audience';
import type { StreamAudience, StreamConnection } from './stream-connection';
import type { StreamMetrics } from './stream-metrics';

/** Connections written before the event loop gets a turn: about two milliseconds. */
const SLICE = 250;

/**
 * Writes to all connections in rounds, one audience after the other: a slice at a time, so that others get their turn. At its own
 * turn a connection gets all that it is missing by then, in one write; who was passed before a batch came gets it in the next
 * round. So a batch has reached everybody after one time around from where it came in, and with more events than can be written
 * one by one the writes get larger, not later. An audience for which more has come meanwhile goes to the end of the queue: a busy
 * topic holds up no quiet one.
 */
export class Rounds {
  readonly #maxBufferedBytes: number;
  readonly #metrics: StreamMetrics;
  readonly #onError: (error: unknown, message: string) => void;
  readonly #clock: NodeClock;
  /** Audiences that somebody of may be missing something, in the order of their turns. */
  readonly #queue = new Set<StreamAudience>();
  #isWriting = false;

  constructor(options: {
    readonly maxBufferedBytes: number;
    readonly metrics: StreamMetrics;
    readonly onError: (error: unknown, message: string) => void;
    readonly clock: NodeClock;
  }) {
    this.#maxBufferedBytes = options.maxBufferedBytes;
    this.#metrics = options.metrics;
    this.#onError = options.onError;
    this.#clock = options.clock;
  }

  write(audience: StreamAudience, batch: AudienceBatch): void {
    audience.add(batch, this.#clock.now());
    this.#queue.add(audience);
    if (this.#isWriting) return;
    this.#isWriting = true;
    this.#writeAll().catch((error: unknown) => {
      // What is left goes out with the next batch.
      this.#isWriting = false;
      this.#onError(error, 'A round of the stream failed');
    });
  }

  async #writeAll(): Promise<void> {
    let written = 0;
    for (;;) {
      const [audience] = this.#queue;
      if (!audience) break;
      this.#queue.delete(audience);
      const reached = audience.lastBatch;
      written = await this.#writeRound(audience, written);
      // What was there when the round began has now reached everybody.
      for (const batch of audience.takeDone(reached)) if (batch.events > 0) this.#report(batch);
      if (audience.hasBatches) this.#queue.add(audience);
    }
    // In the same turn as the look at what is left: nothing can come in between.
    this.#isWriting = false;
  }

  /** @param written connections that were written in this turn before. Returns how many were since the last turn. */
  async #writeRound(audience: StreamAudience, written: number): Promise<number> {
    const slice: StreamConnection[] = [];
    let inTurn = written;
    for (const connection of audience.connections) {
      if (connection.state !== 'live' || connection.batch === audience.lastBatch) continue;
      slice.push(connection);
      if (++inTurn < SLICE) continue;
      this.#writeSlice(audience, slice);
      slice.length = 0;
      inTurn = 0;
      await new Promise<void>((resolve) => void this.#clock.soon(resolve));
    }
    this.#writeSlice(audience, slice);
    return inTurn;
  }

  /** All in one turn: nothing comes in between. */
  #writeSlice(audience: StreamAudience, connections: readonly StreamConnection[]): void {
    for (const connection of connections) {
      try {
        this.#bringUpToDate(audience, connection);
      } catch (error) {
        // It stops nobody else; and since nobody knows what this one has got, it has to resume.
        connection.socket.destroy();
        this.#onError(error, 'A stream could not be written');
      }
    }
    audience.countSlice(this.#clock.now());
  }

  #bringUpToDate(audience: StreamAudience, connection: StreamConnection): void {
    const missing = audience.missingAfter(connection.batch);
    connection.batch = audience.lastBatch;
    missing.connections++;
    missing.writtenBytes += connection.send(missing.bytes, this.#maxBufferedBytes);
  }

  #report(batch: Outgoing): void {
    const { arrival, startedMs, renderedMs, encodedMs, lastWrittenMs } = batch;
    const receivedMs = arrival?.receivedMs ?? startedMs;
    this.#metrics.delivered({
      events: batch.events,
      changes: batch.changes,
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
