import type { Socket } from 'node:net';
import { createParser } from 'eventsource-parser';
import type { Bus, BusListener } from '../../src/live/feed/bus';
import {
  decodeCommit,
  decodeNote,
  encodeCommit,
  encodeNote,
  type Note,
} from '../../src/live/feed/bus-message';
import type { Commit } from '../../src/live/log/change';
import type { Source } from '../../src/live/state/connection';
import type { Actor, VirtualTime } from './virtual-time';

type Line = { readonly actor: Actor; readonly name: string; listener: BusListener | undefined };

/** A messenger that loses, doubles and reorders, and may be away. */
export class SimulatedBus {
  readonly #time: VirtualTime;
  readonly #lines = new Set<Line>();
  isAway = false;
  /** Of messages. */
  lost = 0;
  doubled = 0;

  constructor(time: VirtualTime) {
    this.#time = time;
  }

  connect(actor: Actor, name: string): Bus {
    const line: Line = { actor, name, listener: undefined };
    this.#lines.add(line);
    return {
      publish: async (commit) => {
        if (this.isAway) throw new Error('The bus is away.');
        this.publish(commit, line);
      },
      subscribe: async (listener) => {
        line.listener = listener;
        this.#later(line, () => listener.onUncertain());
      },
      tell: (note) => this.#tell(note, line),
      close: async () => {
        this.#lines.delete(line);
      },
    };
  }

  /** @param from whose own line gets it, too, as over Redis */
  publish(commit: Commit, from?: Line): void {
    if (this.isAway) return;
    const message = encodeCommit(commit, 0);
    for (const line of this.#lines) {
      const times = this.#time.chance(this.lost) ? 0 : this.#time.chance(this.doubled) ? 2 : 1;
      for (let time = 0; time < times; time++) {
        this.#later(line === from ? from : line, () => {
          const decoded = decodeCommit(message);
          if (decoded) line.listener?.onCommit(decoded);
        });
      }
    }
  }

  comeBack(): void {
    this.isAway = false;
    for (const line of this.#lines) this.#later(line, () => line.listener?.onUncertain());
  }

  #tell(note: Note, from: Line): void {
    if (this.isAway) return;
    const message = encodeNote(from.name, note);
    for (const line of this.#lines) {
      if (line === from || this.#time.chance(this.lost)) continue;
      this.#later(line, () => {
        const heard = decodeNote(message);
        if (heard) line.listener?.onNote(heard.note, heard.from);
      });
    }
  }

  #later(line: Line, task: () => void): void {
    line.actor.clock.after(this.#time.integer(1, 25), () => {
      if (this.#lines.has(line) && !line.actor.isDead) task();
    });
  }
}

export type StreamMessage = { readonly type: string; readonly data: string; readonly id: string };

type SimulatedClient = {
  /** The server has written it. */
  readonly onSent: (text: string) => void;
  /** It has come through. */
  readonly deliver: (text: string) => void;
  readonly onEnd: () => void;
};

/** The server's end of a connection, of which the hub uses so much of a socket. */
export class SimulatedSocket {
  destroyed = false;
  writable = true;
  writableLength = 0;
  readonly #time: VirtualTime;
  readonly #client: SimulatedClient;
  readonly #onClose: (() => void)[] = [];
  #lastAtMs = 0;
  #isCut = false;

  constructor(time: VirtualTime, client: SimulatedClient) {
    this.#time = time;
    this.#client = client;
  }

  /** What the hub's code takes for a socket. */
  get asSocket(): Socket {
    // It uses no more of it than this class has.
    return this as unknown as Socket;
  }

  on(_event: 'close', listener: (this: SimulatedSocket) => void): this {
    this.#onClose.push(listener.bind(this));
    return this;
  }

  write(bytes: Buffer): boolean {
    if (this.destroyed) return false;
    const text = bytes.toString();
    this.#client.onSent(text);
    this.writableLength += bytes.length;
    this.#inOrder(() => {
      this.writableLength -= bytes.length;
      if (!this.#isCut) this.#client.deliver(text);
    });
    return true;
  }

  setTimeout(): this {
    return this;
  }

  /** After what was written. */
  destroySoon(): void {
    this.writable = false;
    this.#inOrder(() => this.destroy());
  }

  destroy(): this {
    if (this.destroyed) return this;
    this.destroyed = true;
    this.writable = false;
    this.#time.after(0, () => {
      for (const listener of this.#onClose) listener();
    });
    if (!this.#isCut) this.#inOrder(() => this.#client.onEnd());
    return this;
  }

  /** The way between is broken: what was sent and has not come yet is lost. The server may notice it much later. */
  cut(noticedAfterMs: number): void {
    this.#isCut = true;
    this.#time.after(noticedAfterMs, () => this.destroy());
  }

  #inOrder(task: () => void): void {
    this.#lastAtMs = Math.max(this.#lastAtMs, this.#time.nowMs + this.#time.integer(0, 15));
    this.#time.after(this.#lastAtMs - this.#time.nowMs, task);
  }
}

/** Reads an answer that is a stream of events. */
export class StreamReader {
  readonly #parser;
  #text = '';
  #isBody = false;

  constructor(onMessage: (message: StreamMessage) => void) {
    this.#parser = createParser({
      onEvent: ({ event = 'message', data, id = '' }) => onMessage({ type: event, data, id }),
    });
  }

  read(text: string): void {
    if (this.#isBody) return this.#parser.feed(text);
    this.#text += text;
    const end = this.#text.indexOf('\r\n\r\n');
    if (end === -1) return;
    this.#isBody = true;
    this.#parser.feed(this.#text.slice(end + 4));
  }
}

type Listener = (message: { readonly data?: unknown; readonly lastEventId?: string }) => void;

/** An EventSource of a simulated browser, as far as the page's state machine uses one. */
export class SimulatedSource implements Source {
  readyState = 0;
  readonly #listeners = new Map<string, Listener>();
  #lastId = '';
  readonly #reader = new StreamReader(({ type, data, id }) => {
    if (this.readyState === 2) return;
    if (id !== '') this.#lastId = id;
    this.#listeners.get(type)?.({ data, lastEventId: this.#lastId });
  });

  addEventListener(type: string, listener: Listener): void {
    this.#listeners.set(type, listener);
  }

  close(): void {
    this.readyState = 2;
  }

  receive(text: string): void {
    if (this.readyState !== 2) this.#reader.read(text);
  }

  fail(): void {
    if (this.readyState === 2) return;
    this.readyState = 0;
    this.#listeners.get('error')?.({});
  }
}
