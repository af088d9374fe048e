import { changesPath } from './changes-path';
import type { Clock } from './clock';
import type { Source } from './connection';

export type ChangesSourceOptions = {
  readonly clock: Clock;
  /** Asks the site; rejects when there is no answer of `/changes`. Ends with the signal. */
  readonly fetch: (path: string, signal: AbortSignal) => Promise<string>;
  readonly topics: readonly string[];
  /** The point to begin after. */
  readonly cursor: string;
  /** After this time it says goodbye, so that whoever listens tries the stream again. */
  readonly lifeMs: number;
};

type Listener = Parameters<Source['addEventListener']>[1];
type Frame = { readonly type: string; readonly id: string; readonly data: string };

/** All who come back from a while away may be told by pointers. */
const RESET_SPREAD_MS = 8_000;
/** Whatever stands in between must not be asked in a circle. */
const PAUSE_MS = 1_000;
const GOODBYE_MS = 500;
const CLOSED = 2;

/**
 * What a stream tells, out of the answers of `/changes`, one after the other: each names the address of the next. Whoever
 * listens ends it when it hears nothing for too long, as with a stream. docs/realtime.md
 */
export class ChangesSource implements Source {
  readyState = 0;
  readonly #options: ChangesSourceOptions;
  readonly #listeners = new Map<string, Listener>();
  readonly #life = new AbortController();
  readonly #endMs: number;
  #point: string;
  #lastId: string;
  /** Topics in which something has changed that no answer quotes any more. */
  readonly #owed = new Set<string>();

  constructor(options: ChangesSourceOptions) {
    this.#options = options;
    this.#point = options.cursor;
    this.#lastId = options.cursor;
    this.#endMs = options.clock.now() + options.lifeMs;
    // Nobody listens yet.
    const cancel = options.clock.after(0, () => void this.#follow());
    this.#life.signal.addEventListener('abort', cancel);
  }

  addEventListener(type: string, listener: Listener): void {
    this.#listeners.set(type, listener);
  }

  close(): void {
    this.readyState = CLOSED;
    this.#life.abort();
  }

  async #follow(): Promise<void> {
    const { clock, cursor, topics, fetch } = this.#options;
    const { signal } = this.#life;
    let path = changesPath({ point: cursor, topics: [...new Set(topics)].sort() });
    try {
      // A page without a list has no point to begin after.
      if (cursor === '') throw new Error('There is no point to begin after.');
      while (!signal.aborted) {
        const askedMs = clock.now();
        const text = await fetch(path, signal);
        if (signal.aborted) return;
        const asked = this.#point;
        path = this.#take(parseFrames(text));
        if (clock.now() > this.#endMs) return this.#sayGoodbye();
        if (this.#point === asked && clock.now() - askedMs < PAUSE_MS) await this.#pause();
      }
    } catch {
      if (!signal.aborted) this.#fail();
    }
  }

  /** Tells what an answer says; returns the address of the next. @throws when it is none */
  #take(frames: readonly Frame[]): string {
    const last = frames.at(-1);
    const next = last?.type === 'next' ? nextOf(last.data) : undefined;
    if (!last || next === undefined) throw new Error('This is no answer of /changes.');
    const pointers = frames.filter(({ type }) => type === 'changed');
    for (const { data } of pointers) this.#owe(data);
    const told = frames.filter(({ type }) => isStreamFrame(type));
    if (this.readyState === 0)
      this.#greet(next, this.#owed.size > 0 || told.some(({ type }) => type === 'reset'));
    // An answer without pointers may be the present: then the lists can be read.
    if (pointers.length === 0) this.#payReset();
    for (const { type, id, data } of told) this.#dispatch(type, data, id);
    this.#point = last.id;
    this.#dispatch('ping', JSON.stringify({ head: last.id, digests: {} }), '');
    return next;
  }

  #greet(next: string, isReset: boolean): void {
    this.readyState = 1;
    // The address names what is to be had of what was asked for.
    const topics = new URLSearchParams(next.split('?')[1]).get('topics')?.split(',');
    this.#dispatch('hello', JSON.stringify({ resume: isReset ? 'reset' : 'ok', topics }), '');
  }

  #owe(data: string): void {
    const { topic } = fieldsOf(data);
    if (typeof topic === 'string') this.#owed.add(topic);
  }

  #payReset(): void {
    if (this.#owed.size === 0) return;
    const topics = [...this.#owed];
    this.#owed.clear();
    const reset = { topics, reason: 'gap', spreadMs: RESET_SPREAD_MS };
    this.#dispatch('reset', JSON.stringify(reset), this.#point);
  }

  /** As an EventSource does: what has no id has that of the one before. */
  #dispatch(type: string, data: string, id: string): void {
    if (id !== '') this.#lastId = id;
    this.#listeners.get(type)?.({ data, lastEventId: this.#lastId });
  }

  #sayGoodbye(): void {
    const retryMs = Math.round(this.#options.clock.random() * GOODBYE_MS);
    this.#dispatch('bye', JSON.stringify({ reason: 'ttl', retryMs }), '');
  }

  #fail(): void {
    this.close();
    this.#listeners.get('error')?.({});
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#options.clock.after(PAUSE_MS, resolve);
      this.#life.signal.addEventListener(
        'abort',
        () => {
          cancel();
          resolve();
        },
        { once: true },
      );
    });
  }
}

/** As the site writes them: a line a field, `data` always last and on one line. */
function parseFrames(text: string): readonly Frame[] {
  return text
    .split('\n\n')
    .filter((frame) => frame !== '')
    .map((frame) => {
      const field = (name: string): string =>
        frame
          .split('\n')
          .find((line) => line.startsWith(`${name}: `))
          ?.slice(name.length + 2) ?? '';
      return { type: field('event'), id: field('id'), data: field('data') };
    });
}

function isStreamFrame(type: string): boolean {
  return type === 'upsert' || type === 'remove' || type === 'reset';
}

function nextOf(data: string): string | undefined {
  const { next } = fieldsOf(data);
  return typeof next === 'string' && next.startsWith('/changes/') ? next : undefined;
}

function fieldsOf(json: string): Readonly<Record<string, unknown>> {
  const data: unknown = JSON.parse(json);
  return typeof data === 'object' && data !== null ? { ...data } : {};
}
