import type { Arrival } from '../feed/batch';
import type { LoggedChange } from '../log/change';
import { StreamBytes, type StreamFormat } from '../wire/stream-bytes';
import { parseWireName, type WireTopic } from '../wire-topic';

/** A batch of the feed, rendered and encoded for an audience. Times are those of the hub's clock. */
export type AudienceBatch = {
  readonly bytes: StreamBytes;
  readonly events: number;
  /** What it tells of, as far as this audience listens to it. */
  readonly changes: readonly LoggedChange[];
  readonly arrival: Arrival | undefined;
  /** When the hub began with it. */
  readonly startedMs: number;
  readonly renderedMs: number;
};

/** A batch on its way to the connections of an audience. */
export type Outgoing = AudienceBatch & {
  readonly number: number;
  readonly encodedMs: number;
  /** Connections that it was written to, and bytes of the writes that ended with it. */
  connections: number;
  writtenBytes: number;
  lastWrittenMs: number;
};

/** What connections that stand at the same batch are missing. */
export type Missing = {
  readonly batches: readonly Outgoing[];
  readonly bytes: StreamBytes;
  /** In the slice that is being written. */
  connections: number;
  writtenBytes: number;
};

/** All the clients that listen to the same topics, in the same languages: what they are told is encoded once. */
export class Audience<Client> {
  /** In the order of their names. */
  readonly topics: readonly WireTopic[];
  /** As its clients know them. */
  readonly names: readonly string[];
  /** As the log knows them, each once. */
  readonly bareTopics: readonly string[];
  readonly connections = new Set<Client>();
  readonly formats = new Set<StreamFormat>();
  /** Clients whose greeting is being prepared, each with what was told since. */
  readonly backlogs = new Map<Client, StreamBytes[]>();
  /** All that somebody may still be missing, in order. */
  #batches: Outgoing[] = [];
  /** By the batch at which a connection stands; forgotten when another batch comes. */
  readonly #missing = new Map<number, Missing>();
  #lastBatch = 0;

  constructor(names: readonly string[]) {
    this.names = names;
    this.topics = names.map(parseWireName);
    this.bareTopics = [...new Set(this.topics.map(({ topic }) => topic))];
  }

  /** What its clients call those of the topics that they listen to. */
  namesOf(topics: readonly string[]): readonly string[] {
    return this.topics.flatMap(({ name, topic }) => (topics.includes(topic) ? [name] : []));
  }

  get isEmpty(): boolean {
    return this.connections.size === 0 && this.backlogs.size === 0;
  }

  /** Batches are numbered, so that each connection gets each of them once. A client that is greeted now has all of these. */
  get lastBatch(): number {
    return this.#lastBatch;
  }

  get hasBatches(): boolean {
    return this.#batches.length > 0;
  }

  add(batch: AudienceBatch, encodedMs: number): void {
    this.#lastBatch++;
    this.#batches.push({
      ...batch,
      number: this.#lastBatch,
      encodedMs,
      connections: 0,
      writtenBytes: 0,
      lastWrittenMs: encodedMs,
    });
    this.#missing.clear();
    for (const backlog of this.backlogs.values()) backlog.push(batch.bytes);
  }

  missingAfter(number: number): Missing {
    const known = this.#missing.get(number);
    if (known) return known;
    const batches = this.#batches.filter((batch) => batch.number > number);
    const bytes = StreamBytes.join(batches.map((batch) => batch.bytes));
    const missing: Missing = { batches, bytes, connections: 0, writtenBytes: 0 };
    this.#missing.set(number, missing);
    return missing;
  }

  /** Notes down what the slice that was just written has brought to whom. */
  countSlice(nowMs: number): void {
    for (const missing of this.#missing.values()) {
      if (missing.connections === 0) continue;
      for (const batch of missing.batches) {
        batch.connections += missing.connections;
        batch.lastWrittenMs = nowMs;
      }
      const newest = missing.batches.at(-1);
      if (newest) newest.writtenBytes += missing.writtenBytes;
      missing.connections = 0;
      missing.writtenBytes = 0;
    }
  }

  /** Takes out the batches up to this one, which everybody has. */
  takeDone(number: number): readonly Outgoing[] {
    const done = this.#batches.filter((batch) => batch.number <= number);
    this.#batches = this.#batches.filter((batch) => batch.number > number);
    return done;
  }
}
