import type { Socket } from 'node:net';
import { appended } from '../wire/crc32';
import { closing, isGzip, type StreamBytes, type StreamFormat } from '../wire/stream-bytes';
import { streamHead } from '../wire/stream-head';
import type { Audience } from './audience';
import type { CloseReason } from './stream-metrics';

export type StreamAudience = Audience<StreamConnection>;

const NONE: readonly string[] = [];
/** After the last bytes a client has this long to read them. */
const LAST_BYTES_MS = 10_000;

/**
 * One client of the stream. Knows how much it has not read yet, and cuts it when that is too much. There are tens of
 * thousands of these: no timer, closure or listener of its own belongs in here.
 */
export class StreamConnection {
  readonly socket: Socket;
  readonly format: StreamFormat;
  /** What the client's address counts as. */
  readonly address: string;
  /** Whether it counts as one of its address. */
  hasPlace = false;
  /** `opening` until it was greeted, `closing` once its last bytes are sent. Only `live` ones take part in rounds. */
  state: 'opening' | 'live' | 'closing' = 'opening';
  /** Undefined while it was not greeted. */
  closeReason: CloseReason | undefined;
  /** On the hub's clock: when it is told to come back. */
  deadlineMs = 0;
  /** Who it listens with; undefined while it was not let in. */
  audience: StreamAudience | undefined;
  /** Sessions whose end is its end, too. */
  sessions: readonly string[] = NONE;
  /** The audience's last batch that this client was sent or did not need. */
  batch = 0;
  /** Which of the ticks in a heartbeat looks after it. */
  bucket = 0;
  /** Of all the text so far: what gzip wants to know at the end. */
  #crc = 0;
  #length = 0;

  constructor(socket: Socket, format: StreamFormat, address: string) {
    this.socket = socket;
    this.format = format;
    this.address = address;
  }

  /** The head of the answer and the first bytes, in one write. */
  begin(bytes: StreamBytes): void {
    this.#count(bytes);
    this.socket.write(Buffer.concat([streamHead(this.format), bytes.in(this.format)]));
  }

  /**
   * Gives the number of bytes on the wire: 0 when the client is gone, or was cut because it doesn't read. It resumes by its
   * last id.
   */
  send(bytes: StreamBytes, maxBufferedBytes: number): number {
    const { socket } = this;
    if (!socket.writable) return 0;
    if (socket.writableLength > maxBufferedBytes) {
      this.#close('slow');
      // Not end(): that would wait for the unread bytes to be read.
      socket.destroy();
      return 0;
    }
    const encoded = bytes.in(this.format);
    this.#count(bytes);
    socket.write(encoded);
    return encoded.length;
  }

  /** Sends the last bytes and closes the stream in the orderly way. */
  end(bytes: StreamBytes, reason: CloseReason): void {
    this.#close(reason);
    const { socket } = this;
    if (!socket.writable) return;
    this.#count(bytes);
    socket.write(Buffer.concat([bytes.in(this.format), closing(this.format, this.#crc, this.#length)]));
    socket.setTimeout(LAST_BYTES_MS, destroy);
    socket.destroySoon();
  }

  #close(reason: CloseReason): void {
    this.state = 'closing';
    if (this.closeReason) this.closeReason = reason;
  }

  #count(bytes: StreamBytes): void {
    if (!isGzip(this.format)) return;
    this.#crc = appended(this.#crc, bytes.checksum);
    this.#length += bytes.length;
  }
}

function destroy(this: Socket): void {
  this.destroy();
}
