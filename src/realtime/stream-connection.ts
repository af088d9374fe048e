import type { ServerResponse } from 'node:http';

/** One client of the stream. Knows how much it has not read yet, and cuts it when that is too much. */
export class StreamConnection {
  readonly #response: ServerResponse;
  readonly #maxBufferedBytes: number;
  /** `performance.now()` at which it is told to come back. */
  readonly deadlineMs: number;
  /** `performance.now()` of the last bytes. */
  lastSentMs: number;
  /** The hub's last round that this client was sent or did not need. */
  round = 0;

  constructor(
    response: ServerResponse,
    options: { maxBufferedBytes: number; deadlineMs: number; nowMs: number },
  ) {
    this.#response = response;
    this.#maxBufferedBytes = options.maxBufferedBytes;
    this.deadlineMs = options.deadlineMs;
    this.lastSentMs = options.nowMs;
  }

  /** False when the client was cut because it doesn't read, or is gone. It resumes by its last id. */
  send(bytes: Buffer, nowMs: number): boolean {
    if (this.#response.destroyed || this.#response.writableEnded) return false;
    if (this.#response.writableLength > this.#maxBufferedBytes) {
      // Not end(): that would wait for the unread bytes to be read.
      this.#response.destroy();
      return false;
    }
    this.#response.write(bytes);
    this.lastSentMs = nowMs;
    return true;
  }

  /** Sends the last bytes and closes the stream in the orderly way. */
  end(bytes: Buffer): void {
    if (!this.#response.destroyed) this.#response.end(bytes);
  }

  onClose(listener: () => void): void {
    this.#response.once('close', listener);
  }
}
