import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type EventPublisher, type EventSize, monotonicNs, type PublishedEvent } from './event-publisher';

/** As many digits as the site's numbers have, so that the events are of one length. */
export const FIRST_SEQ = 1_000_000;

/** The request that brings an event to a peer. */
export type PublishRequest = { readonly fields: readonly string[]; readonly body: string };

/** Sends events by POST, one after the other on one connection, without waiting for the answers. */
export class PeerPublisher implements EventPublisher {
  readonly #socket: Socket;
  readonly #request: (size: EventSize, seq: number) => PublishRequest;
  lastSeq = FIRST_SEQ;

  private constructor(socket: Socket, request: (size: EventSize, seq: number) => PublishRequest) {
    this.#socket = socket;
    this.#request = request;
    // A peer that is ended has nothing more to say.
    socket.on('error', () => undefined).resume();
  }

  static async open(
    port: number,
    request: (size: EventSize, seq: number) => PublishRequest,
  ): Promise<PeerPublisher> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    return new PeerPublisher(socket, request);
  }

  async prepare(): Promise<void> {}

  async publish(size: EventSize): Promise<PublishedEvent> {
    const seq = ++this.lastSeq;
    const { fields, body } = this.#request(size, seq);
    const bytes = Buffer.from(body);
    const head = [
      'POST /publish HTTP/1.1',
      'Host: 127.0.0.1',
      'Content-Type: text/plain; charset=utf-8',
      ...fields,
      `Content-Length: ${bytes.length}`,
      '\r\n',
    ].join('\r\n');
    const atNs = monotonicNs();
    this.#socket.write(Buffer.concat([Buffer.from(head), bytes]));
    return { seq, atNs };
  }

  close(): void {
    this.#socket.destroy();
  }
}
