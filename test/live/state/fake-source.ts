import type { Source } from '../../../src/live/state/connection';

type Message = { readonly data?: unknown; readonly lastEventId?: string };

/** Does what the test says, and keeps the last id as an EventSource does. */
export class FakeSource implements Source {
  readyState = 0;
  #lastId = '';
  readonly #listeners = new Map<string, (message: Message) => void>();

  addEventListener(type: string, listener: (message: Message) => void): void {
    this.#listeners.set(type, listener);
  }

  close(): void {
    this.readyState = 2;
  }

  /** @param id without one that of the event before stays */
  send(type: string, data: object = {}, id = ''): void {
    this.sendText(type, JSON.stringify(data), id);
  }

  sendText(type: string, data: string, id = ''): void {
    if (id !== '') this.#lastId = id;
    this.#listeners.get(type)?.({ data, lastEventId: this.#lastId });
  }

  fail(readyState = 0): void {
    this.readyState = readyState;
    this.#listeners.get('error')?.({});
  }
}
