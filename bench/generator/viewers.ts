import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { monotonicNs } from '../events/event-publisher';

/** When the last viewer has got a change, and how many have. */
export type Arrival = { viewers: number; lastNs: number };

/**
 * Viewers who follow `/changes`, each on a connection of its own that it keeps: what a browser does, without the reading of
 * the items.
 */
export class Viewers {
  /** By the number of the change. */
  readonly arrivals = new Map<number, Arrival>();
  /** Requests that were answered with 200, and others. */
  answered = 0;
  failed = 0;
  readonly #port: number;
  readonly #sockets: Socket[] = [];
  readonly #reached = new Map<Socket, number>();
  #isOver = false;

  constructor(port: number) {
    this.#port = port;
  }

  /** The least that any of them has reached. */
  get leastReached(): number {
    return Math.min(...this.#reached.values());
  }

  /** Lets so many more begin after the point, one after the other. */
  async add(count: number, cursor: string): Promise<void> {
    for (let index = 0; index < count; index++) {
      const socket = connect(this.#port, '127.0.0.1').setEncoding('latin1').setNoDelay();
      await once(socket, 'connect');
      this.#sockets.push(socket);
      this.#reached.set(socket, seqOf(cursor));
      this.#follow(socket);
      ask(socket, `/changes/${cursor}?topics=latest`);
    }
  }

  close(): void {
    this.#isOver = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  #follow(socket: Socket): void {
    let text = '';
    socket.on('data', (chunk: string) => {
      text += chunk;
      const end = endOfAnswer(text);
      if (end === undefined || text.length < end) return;
      const answer = text;
      text = '';
      this.#take(socket, answer);
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      if (!this.#isOver) this.failed++;
    });
  }

  #take(socket: Socket, answer: string): void {
    const next = /"next":"([^"]+)"/.exec(answer.slice(-300))?.[1];
    if (!answer.startsWith('HTTP/1.1 200') || next === undefined) {
      this.failed++;
      return void socket.destroy();
    }
    this.answered++;
    const nowNs = monotonicNs();
    const [from, to] = [
      this.#reached.get(socket) ?? 0,
      seqOf(next.slice('/changes/'.length).split('?')[0] ?? ''),
    ];
    for (let seq = from + 1; seq <= to; seq++) {
      const arrival = this.arrivals.get(seq) ?? { viewers: 0, lastNs: 0 };
      arrival.viewers++;
      arrival.lastNs = nowNs;
      this.arrivals.set(seq, arrival);
    }
    this.#reached.set(socket, to);
    ask(socket, next);
  }
}

function ask(socket: Socket, path: string): void {
  socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
}

/** Undefined while the head has not come. */
function endOfAnswer(text: string): number | undefined {
  const head = text.indexOf('\r\n\r\n');
  if (head < 0) return undefined;
  const length = /\r\ncontent-length: (\d+)/i.exec(text.slice(0, head))?.[1];
  if (length === undefined) throw new Error('The answer does not say how long it is.');
  return head + 4 + Number(length);
}

function seqOf(cursor: string): number {
  return Number(cursor.slice(cursor.lastIndexOf('.') + 1));
}
