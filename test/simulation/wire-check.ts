import { parseWireName } from '../../src/live/wire-topic';
import type { StreamMessage } from './network';
import { SECRET, type World } from './world';

/** So long may a node take from reading an item to sending it: a question to the database, and its own standing still. */
const READ_MS = 6_000;

/**
 * What a connection has to be told is held against the log: nothing that was not public, and no number without all that came
 * before it in the connection's topics.
 */
export class WireCheck {
  readonly #world: World;
  readonly #from: string;
  readonly #fail: (what: string) => void;
  #epoch = '';
  #topics: readonly string[] = [];
  /** By topic, the number up to which everything was told; undefined where the client was told to read. */
  readonly #complete = new Map<string, number>();
  /** By topic and key, the highest number that was told. */
  readonly #told = new Map<string, number>();

  constructor(world: World, from: string, fail: (what: string) => void) {
    this.#world = world;
    this.#from = from;
    this.#fail = fail;
  }

  hear({ type, data, id }: StreamMessage): void {
    if (data.includes(SECRET)) this.#fail(`private text on the wire: ${data}`);
    const content: Record<string, unknown> = JSON.parse(data);
    if (type === 'hello') this.#greet(content, id);
    if (type === 'upsert' || type === 'remove') this.#note(type, content);
    if (type === 'reset') this.#reset(content, id);
    if (type === 'ping') this.#checkHead(String(content.head));
    if (id !== '' && type !== 'hello') this.#reached(id, type);
  }

  #greet(content: Record<string, unknown>, id: string): void {
    this.#topics = Array.isArray(content.topics) ? content.topics.map(String) : [];
    const [epoch, seq] = split(id === '' ? this.#from : id);
    this.#epoch = epoch;
    for (const topic of this.#topics) this.#complete.set(topic, seq);
    if (content.resume === 'reset' && id !== '') this.#fail('a greeting with a reset has an id');
  }

  #note(type: string, content: Record<string, unknown>): void {
    const [topic, key, rev] = [String(content.topic), String(content.key), Number(content.rev)];
    if (!this.#topics.includes(topic)) this.#fail(`${topic} was told to somebody who did not ask for it`);
    const name = `${topic} ${key}`;
    this.#told.set(name, Math.max(this.#told.get(name) ?? 0, rev));
    if (type !== 'upsert') return;
    const [, language, text = ''] = /<li lang="(.*)">(.*)<\/li>/.exec(String(content.html)) ?? [];
    if (language !== parseWireName(topic).language) this.#fail(`${topic} was told in ${language}`);
    const untilMs = this.#world.publicUntilMs.get(text);
    if (untilMs === undefined) this.#fail(`what never was public: ${text}`);
    else if (untilMs < this.#world.time.nowMs - READ_MS)
      this.#fail(`hidden ${this.#world.time.nowMs - untilMs} ms ago: ${text}`);
  }

  #reset(content: Record<string, unknown>, id: string): void {
    const [epoch, seq] = split(id);
    const topics = Array.isArray(content.topics) ? content.topics.map(String) : [];
    if (epoch !== this.#epoch) {
      if (topics.length !== this.#topics.length) this.#fail('another epoch is not for all topics');
      this.#epoch = epoch;
    }
    for (const topic of topics) this.#complete.set(topic, seq);
  }

  #checkHead(head: string): void {
    const [epoch, seq] = split(head);
    if (epoch !== this.#epoch) return this.#fail(`a ping of ${head} on a connection of ${this.#epoch}`);
    if (seq > this.#world.rowsOf(epoch).length) this.#fail(`a ping ahead of the log: ${head}`);
    this.#checkTold(seq, 'ping');
  }

  #reached(id: string, type: string): void {
    const [epoch, seq] = split(id);
    if (epoch !== this.#epoch) return this.#fail(`${type} of ${id} on a connection of ${this.#epoch}`);
    this.#checkTold(seq, type);
  }

  #checkTold(seq: number, type: string): void {
    const rows = this.#world.rowsOf(this.#epoch);
    for (const name of this.#topics) {
      const { topic } = parseWireName(name);
      const complete = this.#complete.get(name) ?? 0;
      for (const row of rows.slice(complete, seq)) {
        // What another version writes is in none of our lists.
        if (!row.topics.includes(topic) || row.kind === 'of tomorrow') continue;
        // What changes again later is told then.
        const isLater = rows.slice(seq).some(({ key, topics }) => key === row.key && topics.includes(topic));
        if (row.type !== 'reset' && isLater) continue;
        const told = this.#told.get(`${name} ${row.key}`) ?? 0;
        if (row.type === 'reset' || told < row.seq)
          return this.#fail(
            `${type} ${this.#epoch}.${seq}: ${name} was not told of ${row.key} at ${row.seq}`,
          );
      }
      this.#complete.set(name, Math.max(complete, seq));
    }
  }
}

function split(cursor: string): readonly [epoch: string, seq: number] {
  const [epoch = '', seq = '0'] = cursor.split('.');
  return [epoch, Number(seq)];
}
