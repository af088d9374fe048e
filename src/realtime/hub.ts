import type { Socket } from 'node:net';
import type { ChangeEvent, UpsertEvent } from '../changes/change-event';
import type { ChangeFeed, FeedBatch } from '../changes/change-feed';
import type { AddressLimit } from './admission';
import { type Greeting, greetingBytes, prepareGreeting, RESET_SPREAD_MS } from './greeting';
import { Rounds } from './rounds';
import {
  byeFrame,
  pingFrame,
  type RenderedCard,
  removeFrame,
  resetFrame,
  retryFrame,
  upsertFrame,
} from './sse-frame';
import { StreamBytes, type StreamFormat, streamFormat } from './stream-bytes';
import { StreamConnection } from './stream-connection';
import type { StreamRequest } from './stream-head';
import type { StreamMetrics } from './stream-metrics';

export type HubOptions = {
  readonly feed: Pick<ChangeFeed, 'cursor' | 'since' | 'catchUp' | 'onBatch'>;
  readonly renderCard: (event: UpsertEvent) => RenderedCard;
  /** Of these episodes, the ones that are public now: a replay must not bring back what was hidden since. */
  readonly findPublicIds: (episodeIds: readonly string[]) => Promise<ReadonlySet<string>>;
  /** What the client counts as in `addressLimit`: from the other end of its connection and what proxies say about it. */
  readonly clientAddress: (remoteAddress: string, forwardedFor: string | undefined) => string;
  readonly addressLimit: AddressLimit;
  /** Whether this node may have missed changes that another one, which is there, has not. */
  readonly isElsewhereBetter?: () => boolean;
  readonly metrics: StreamMetrics;
  readonly onError: (error: unknown, message: string) => void;
  readonly heartbeatMs: number;
  /** The longest life of a connection; each gets a random 80–100 % of it. */
  readonly timeoutMs: number;
  readonly maxConnections: number;
  readonly maxBufferedBytes: number;
};

/** When a client that is refused may come back: soon where another node is there, or where this one only has to catch up. */
const REFUSED_FOR_MS = { drain: [500, 5_000], unsure: [2_000, 8_000], busy: [20_000, 60_000] } as const;

/** All the clients of one process: what the feed brings is rendered and encoded once, and written to each. */
export class Hub {
  readonly #options: HubOptions;
  /** By socket: that is what a listener knows that all of them share. */
  readonly #connections = new Map<Socket, StreamConnection>();
  readonly #rounds: Rounds;
  /** Events that are still in the feed's memory, so that a replay costs no second rendering. */
  readonly #encoded = new WeakMap<ChangeEvent, StreamBytes>();
  readonly #formats = new Set<StreamFormat>();
  /** Questions under way to the database: thousands that reconnect together have missed the same. */
  readonly #checks = new Map<string, Promise<ReadonlySet<string>>>();
  readonly #onClose: (this: Socket) => void;
  readonly #unsubscribe: () => void;
  readonly #ticker: NodeJS.Timeout;
  /** Connections are looked after in as many groups, a group a tick, so that heartbeats don't come all at once. */
  readonly #buckets: number;
  #ticks = 0;
  #lastBucket = 0;
  #isDraining = false;

  constructor(options: HubOptions) {
    this.#options = options;
    this.#rounds = new Rounds(this.#connections, options);
    const forget = (socket: Socket): void => this.#forget(socket);
    this.#onClose = function onClose() {
      forget(this);
    };
    this.#unsubscribe = options.feed.onBatch((batch) => this.#broadcast(batch));
    const tickMs = Math.min(1_000, options.heartbeatMs / 4);
    this.#buckets = Math.round(options.heartbeatMs / tickMs);
    this.#ticker = setInterval(() => this.#tick(), tickMs);
    this.#ticker.unref();
  }

  /** Clients that were let in, greeted or not. */
  get connections(): number {
    return this.#connections.size;
  }

  /** Answers a request for the stream on its socket, which nobody else may write to from now on. */
  open(socket: Socket, request: StreamRequest): void {
    const { clientAddress, addressLimit, maxConnections, onError } = this.#options;
    const address = clientAddress(request.remoteAddress, request.forwardedFor);
    const connection = new StreamConnection(socket, streamFormat(request), address);
    if (this.#isDraining) return this.#refuse(connection, 'drain');
    if (this.#isElsewhereBetter()) return this.#turnAway(connection);
    if (this.#connections.size >= maxConnections) return this.#refuse(connection, 'busy');
    this.#connections.set(socket, connection);
    socket.on('close', this.#onClose);
    const entered = addressLimit.enter(address);
    // Without an await where there is nothing to wait for: thousands may come at once.
    if (typeof entered === 'boolean') return this.#admit(connection, entered, request.resumeFrom);
    entered
      .then((isFree) => this.#admit(connection, isFree, request.resumeFrom))
      .catch((error: unknown) => {
        onError(error, 'Nobody could say how many streams an address has');
        this.#refuse(connection, 'busy');
      });
  }

  /** Tells every client to come back, spread over `spreadMs`, and takes no new ones. */
  async drain(spreadMs: number): Promise<void> {
    this.#isDraining = true;
    const leaving = [...this.#connections.values()];
    const startedMs = performance.now();
    for (const [index, connection] of leaving.entries()) {
      const dueMs = startedMs + (spreadMs * index) / leaving.length;
      while (performance.now() < dueMs && this.#connections.size > 0) await sleep(20);
      this.#dismiss(connection, 'drain');
    }
  }

  close(): void {
    this.#isDraining = true;
    clearInterval(this.#ticker);
    this.#unsubscribe();
    for (const connection of this.#connections.values()) this.#dismiss(connection, 'drain');
  }

  #admit(connection: StreamConnection, isFree: boolean, resumeFrom: string | undefined): void {
    if (!isFree) return this.#refuse(connection, 'busy');
    connection.hasPlace = true;
    if (connection.socket.destroyed) return this.#leave(connection);
    this.#formats.add(connection.format);
    if (resumeFrom === undefined) return this.#join(connection, { resume: 'fresh' });
    const findPublicIds = (ids: readonly string[]) => this.#findPublicIds(ids);
    prepareGreeting({ feed: this.#options.feed, findPublicIds }, resumeFrom)
      .then((greeting) => this.#join(connection, greeting))
      .catch((error: unknown) => {
        this.#options.onError(error, 'A client of the stream could not be resumed');
        this.#refuse(connection, 'unsure');
      });
  }

  #findPublicIds(episodeIds: readonly string[]): Promise<ReadonlySet<string>> {
    const key = episodeIds.join();
    const check =
      this.#checks.get(key) ??
      this.#options.findPublicIds(episodeIds).finally(() => this.#checks.delete(key));
    this.#checks.set(key, check);
    return check;
  }

  /** No await in here: between what the client is told and its place in the next round nothing may happen. */
  #join(connection: StreamConnection, greeting: Greeting): void {
    if (connection.socket.destroyed) return;
    const { feed, heartbeatMs, timeoutMs, metrics } = this.#options;
    const ttlMs = Math.round(timeoutMs * (0.8 + 0.2 * Math.random()));
    const { resume, bytes } = greetingBytes(
      greeting,
      feed,
      { retryMs: randomInteger(2_000, 8_000), heartbeatMs, ttlMs },
      (event) => this.#encode(event),
    );
    connection.begin(bytes);
    connection.deadlineMs = performance.now() + ttlMs;
    connection.batch = this.#rounds.lastBatch;
    this.#lastBucket = (this.#lastBucket + 1) % this.#buckets;
    connection.bucket = this.#lastBucket;
    connection.state = 'live';
    connection.closeReason = 'client';
    metrics.opened(resume);
    // It came just before everybody was told to go.
    if (this.#isDraining) this.#dismiss(connection, 'drain');
  }

  /** Anything but 200 would make a browser's EventSource give up for good. */
  #refuse(connection: StreamConnection, reason: 'busy' | 'drain' | 'unsure'): void {
    const [minMs, maxMs] = REFUSED_FOR_MS[reason];
    const retryMs = randomInteger(minMs, maxMs);
    connection.begin(StreamBytes.once(retryFrame(retryMs)));
    connection.end(StreamBytes.once(byeFrame(reason, retryMs)), 'client');
    this.#options.metrics.refused(reason);
  }

  /** Without an answer: a proxy asks the next node then, and a browser without one comes back by itself. */
  #turnAway(connection: StreamConnection): void {
    connection.socket.destroy();
    this.#options.metrics.refused('unsure');
  }

  #isElsewhereBetter(): boolean {
    return this.#options.isElsewhereBetter?.() ?? false;
  }

  #broadcast(batch: FeedBatch): void {
    const startedMs = performance.now();
    const encoded =
      batch.type === 'reset'
        ? [StreamBytes.of(resetFrame(batch.cursor, batch.reason, RESET_SPREAD_MS))]
        : batch.events.map((event) => this.#encode(event));
    const renderedMs = performance.now();
    const bytes = StreamBytes.join(encoded);
    for (const format of this.#formats) bytes.in(format);
    this.#rounds.write({ bytes, events: encoded.length, arrival: batch.arrival, startedMs, renderedMs });
  }

  #encode(event: ChangeEvent): StreamBytes {
    const known = this.#encoded.get(event);
    if (known) return known;
    const bytes = StreamBytes.of(this.#frame(event));
    this.#encoded.set(event, bytes);
    return bytes;
  }

  #frame(event: ChangeEvent): string {
    switch (event.type) {
      case 'upsert':
        return this.#upsertFrame(event);
      case 'remove':
        return removeFrame(event);
      case 'reset':
        return resetFrame(event, 'burst', RESET_SPREAD_MS);
      default:
        return event satisfies never;
    }
  }

  /** A card that can't be rendered is not shown, on pages as on the stream; what came with it is. */
  #upsertFrame(event: UpsertEvent): string {
    try {
      return upsertFrame(event, this.#options.renderCard(event));
    } catch (error) {
      const { epoch, seq } = event;
      const { episodeId } = event.episode;
      this.#options.metrics.unrenderable?.();
      this.#options.onError(error, `The card of episode ${episodeId} could not be rendered`);
      return removeFrame({ epoch, seq, type: 'remove', episodeId });
    }
  }

  /** Heartbeats for a group, unless everybody heard something just now, and an end for those whose time is over. */
  #tick(): void {
    const { heartbeatMs, maxBufferedBytes, feed } = this.#options;
    const nowMs = performance.now();
    const heardJustNow = this.#rounds.heardMs >= nowMs - heartbeatMs / 4;
    const bucket = ++this.#ticks % this.#buckets;
    const ping = StreamBytes.of(pingFrame(feed.cursor));
    const isElsewhereBetter = this.#isElsewhereBetter();
    for (const connection of this.#connections.values()) {
      if (connection.state !== 'live') continue;
      const isTurn = connection.bucket === bucket;
      if (nowMs >= connection.deadlineMs) this.#dismiss(connection, 'ttl');
      else if (isElsewhereBetter) this.#dismiss(connection, 'unsure');
      else if (isTurn && !heardJustNow) this.#ping(connection, ping, maxBufferedBytes);
    }
  }

  #ping(connection: StreamConnection, ping: StreamBytes, maxBufferedBytes: number): void {
    try {
      connection.send(ping, maxBufferedBytes);
    } catch (error) {
      this.#cut(connection, error);
    }
  }

  #dismiss(connection: StreamConnection, reason: 'ttl' | 'drain' | 'unsure'): void {
    if (connection.state !== 'live') return;
    try {
      connection.end(StreamBytes.once(byeFrame(reason, randomInteger(500, 5_000))), reason);
    } catch (error) {
      this.#cut(connection, error);
    }
  }

  /** One connection that can't be written stops no other: it resumes by its last id. */
  #cut(connection: StreamConnection, error: unknown): void {
    connection.socket.destroy();
    this.#options.onError(error, 'A stream could not be written');
  }

  #forget(socket: Socket): void {
    const connection = this.#connections.get(socket);
    if (!connection) return;
    this.#connections.delete(socket);
    this.#leave(connection);
    if (connection.closeReason) this.#options.metrics.closed(connection.closeReason);
  }

  #leave(connection: StreamConnection): void {
    if (!connection.hasPlace) return;
    connection.hasPlace = false;
    this.#options.addressLimit.leave(connection.address);
  }
}

function randomInteger(min: number, max: number): number {
  return min + Math.floor(Math.random() * (max - min + 1));
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
