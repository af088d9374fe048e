import { randomUUID } from 'node:crypto';
import type { Bus, BusListener } from '../../live/feed/bus';
import { decodeCommit, decodeNote, encodeCommit, encodeNote, type Note } from '../../live/feed/bus-message';
import type { Commit } from '../../live/log/change';

/** Connects the workers of one machine where there is no Redis: the primary hands messages on to the other workers. */
export class RelayedBus implements Bus {
  readonly #send: (messages: readonly string[]) => Promise<void>;
  readonly #workerId = randomUUID();
  #listener: BusListener | undefined;

  constructor(send: (messages: readonly string[]) => Promise<void>) {
    this.#send = send;
  }

  async publish(commit: Commit): Promise<void> {
    const message = encodeCommit(commit, Date.now());
    // This worker needs no way through the primary.
    setImmediate(() => this.receive([message]));
    await this.#send([message]);
  }

  async subscribe(listener: BusListener): Promise<void> {
    // The channel to the primary is older than this process's first look at the log: there is no gap.
    this.#listener = listener;
  }

  tell(note: Note): void {
    // The other workers reach the database as this one does.
    if (note.type === 'sure') return;
    this.#send([encodeNote(this.#workerId, note)]).catch(() => undefined);
  }

  async close(): Promise<void> {
    this.#listener = undefined;
  }

  receive(messages: readonly string[]): void {
    for (const message of messages) {
      const heard = decodeNote(message);
      const commit = heard ? undefined : decodeCommit(message);
      if (heard) this.#listener?.onNote(heard.note, heard.from);
      else if (commit) this.#listener?.onCommit(commit);
      else this.#listener?.onUncertain();
    }
  }
}
