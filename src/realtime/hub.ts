import type { ServerResponse } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  type ChangeEvent,
  type Cursor,
  changedEpisodeId,
  parseCursor,
  type UpsertEvent,
} from '../changes/change-event';
import type { ChangeFeed, FeedBatch, ResetReason } from '../changes/change-feed';
import { Admission } from './admission';
import {
  type ByeReason,
  byeFrame,
  helloFrame,
  pingFrame,
  type RenderedCard,
  removeFrame,
  resetFrame,
  retryFrame,
  upsertFrame,
} from './sse-frame';
import { StreamConnection } from './stream-connection';

export type HubOptions = {
  readonly feed: Pick<ChangeFeed, 'cursor' | 'since' | 'catchUp' | 'onBatch'>;
  readonly renderCard: (event: UpsertEvent) => RenderedCard;
  /** Of these episodes, the ones that are public now: a replay must not bring back what was hidden since. */
  readonly findPublicIds: (episodeIds: readonly string[]) => Promise<ReadonlySet<string>>;
  readonly onError: (error: unknown, message: string) => void;
  readonly heartbeatMs: number;
  /** The longest life of a connection; each gets a random 80–100 % of it. */
  readonly timeoutMs: number;
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
  readonly maxBufferedBytes: number;
};

const STREAM_HEADERS = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  // no-transform: compression and proxies would hold events back to fill a buffer.
  'Cache-Control': 'no-store, no-transform',
  'X-Accel-Buffering': 'no',
};
/** Over which time the readers of a page spread their refetch after a reset. */
const RESET_SPREAD_MS = 8_000;
const MAX_REPLAY_BYTES = 256 * 1_024;
/** Connections written before the event loop gets a turn. */
const SLICE = 1_000;

/** All the clients of one node: what the feed brings is rendered and encoded once, and written to each. */
export class Hub {
  readonly #options: HubOptions;
  readonly #admission: Admission;
  readonly #connections = new Set<StreamConnection>();
  /** Frames of events that are still in the feed's memory, so that a replay costs no second rendering. */
  readonly #frames = new WeakMap<ChangeEvent, Buffer>();
  readonly #unsubscribe: () => void;
  readonly #ticker: NodeJS.Timeout;
  /** Each batch of the feed is one round of writing. */
  #lastRound = 0;
  /** Rounds follow each other, so that a client sees them in order. */
  #rounds: Promise<void> = Promise.resolve();
  #draining = false;

  constructor(options: HubOptions) {
    this.#options = options;
    this.#admission = new Admission(options);
    this.#unsubscribe = options.feed.onBatch((batch) => this.#broadcast(batch));
    this.#ticker = setInterval(() => this.#tick(), tickMs(options.heartbeatMs));
    this.#ticker.unref();
  }

  get connections(): number {
    return this.#connections.size;
  }

  /**
   * Answers a request for the stream and keeps the connection.
   * @param resumeFrom what the client sent as its last id; undefined when it sent none
   */
  async open(response: ServerResponse, address: string, resumeFrom: string | undefined): Promise<void> {
    // Anything but 200 would make the browser's EventSource give up for good.
    response.writeHead(200, STREAM_HEADERS);
    // Elsewhere, and soon: another node is there.
    if (this.#draining) return refuse(response, 'drain', randomInteger(500, 5_000));
    const leave = this.#admission.enter(address);
    if (!leave) return refuse(response, 'busy', randomInteger(20_000, 60_000));
    response.once('close', leave);
    // The first bytes at once: a client that hears nothing can't tell a slow server from a buffering proxy.
    response.write(retryFrame(randomInteger(2_000, 8_000)));
    try {
      const greeting = await this.#greet(resumeFrom);
      if (!response.destroyed) this.#join(response, greeting);
    } catch (error) {
      this.#options.onError(error, 'A client of the stream could not be resumed');
      const retryMs = randomInteger(2_000, 8_000);
      response.end(byeFrame('busy', retryMs));
    }
  }

  /** Tells every client to come back, spread over `spreadMs`, and takes no new ones. */
  async drain(spreadMs: number): Promise<void> {
    this.#draining = true;
    const leaving = [...this.#connections];
    const started = performance.now();
    for (const [index, connection] of leaving.entries()) {
      const dueMs = started + (spreadMs * index) / leaving.length;
      while (performance.now() < dueMs && this.#connections.size > 0) await sleep(20);
      this.#dismiss(connection, 'drain');
    }
  }

  close(): void {
    clearInterval(this.#ticker);
    this.#unsubscribe();
    for (const connection of this.#connections) this.#dismiss(connection, 'drain');
  }

  /** What a new client has to be told first; `from` is the point that its first event continues. */
  async #greet(resumeFrom: string | undefined): Promise<Greeting> {
    const { feed } = this.#options;
    if (resumeFrom === undefined) return { resume: 'fresh' };
    const cursor = parseCursor(resumeFrom);
    if (!cursor) return { resume: 'reset', reason: 'malformed' };
    // A node that merely lags behind the client must not send it away.
    if (cursor.seq > feed.cursor.seq || cursor.epoch !== feed.cursor.epoch) await feed.catchUp();
    const missed = feed.since(cursor);
    if ('reset' in missed) return { resume: 'reset', reason: missed.reset };
    const reached = feed.cursor;
    const events = await this.#withoutHidden(missed.events);
    return { resume: 'ok', cursor, events, reached };
  }

  /** No await in here: between what the client is told and its place in the next round nothing may happen. */
  #join(response: ServerResponse, greeting: Greeting): void {
    const { heartbeatMs, timeoutMs, maxBufferedBytes } = this.#options;
    const nowMs = performance.now();
    const ttlMs = Math.round(timeoutMs * (0.8 + 0.2 * Math.random()));
    const connection = new StreamConnection(response, { maxBufferedBytes, deadlineMs: nowMs + ttlMs, nowMs });
    const hello = { resume: greeting.resume, heartbeatMs, ttlMs };
    connection.round = this.#lastRound;
    connection.send(this.#opening(greeting, hello), nowMs);
    this.#connections.add(connection);
    connection.onClose(() => this.#connections.delete(connection));
  }

  #opening(greeting: Greeting, hello: Parameters<typeof helloFrame>[0]): Buffer {
    const { feed } = this.#options;
    const told = (reason: ResetReason): Buffer =>
      Buffer.from(
        helloFrame({ ...hello, resume: 'reset' }, undefined) +
          resetFrame(feed.cursor, reason, RESET_SPREAD_MS),
      );
    if (greeting.resume === 'fresh') return Buffer.from(helloFrame(hello, feed.cursor));
    if (greeting.resume === 'reset') return told(greeting.reason);
    // Events that came while the replay was checked.
    const later = feed.since(greeting.reached);
    if ('reset' in later) return told(later.reset);
    const replay = [...greeting.events, ...later.events].map((event) => this.#encode(event));
    if (replay.reduce((bytes, frame) => bytes + frame.length, 0) > MAX_REPLAY_BYTES) return told('gap');
    return Buffer.concat([Buffer.from(helloFrame(hello, greeting.cursor)), ...replay]);
  }

  async #withoutHidden(events: readonly ChangeEvent[]): Promise<readonly ChangeEvent[]> {
    const upserts = events.filter((event) => event.type === 'upsert');
    if (upserts.length === 0) return events;
    const visible = await this.#options.findPublicIds(upserts.map(changedEpisodeId));
    return events.map((event) => {
      if (event.type !== 'upsert' || visible.has(changedEpisodeId(event))) return event;
      const { epoch, seq } = event;
      return { epoch, seq, type: 'remove', episodeId: changedEpisodeId(event) };
    });
  }

  #broadcast(batch: FeedBatch): void {
    const bytes =
      batch.type === 'reset'
        ? Buffer.from(resetFrame(batch.cursor, batch.reason, RESET_SPREAD_MS))
        : Buffer.concat(batch.events.map((event) => this.#encode(event)));
    const round = ++this.#lastRound;
    this.#rounds = this.#rounds
      .then(() => this.#write(bytes, round))
      .catch((error: unknown) => this.#options.onError(error, 'A round of the stream failed'));
  }

  async #write(bytes: Buffer, round: number): Promise<void> {
    const nowMs = performance.now();
    let written = 0;
    for (const connection of this.#connections) {
      // A client that joined after this batch was emitted had it in its replay.
      if (connection.round >= round) continue;
      connection.round = round;
      if (!connection.send(bytes, nowMs)) this.#connections.delete(connection);
      if (++written % SLICE === 0) await nextTurn();
    }
  }

  #encode(event: ChangeEvent): Buffer {
    const known = this.#frames.get(event);
    if (known) return known;
    const text =
      event.type === 'upsert'
        ? upsertFrame(event, this.#options.renderCard(event))
        : event.type === 'remove'
          ? removeFrame(event)
          : resetFrame(event, 'burst', RESET_SPREAD_MS);
    const bytes = Buffer.from(text);
    this.#frames.set(event, bytes);
    return bytes;
  }

  /** Heartbeats for those who heard nothing lately, and an end for those whose time is over. */
  #tick(): void {
    const { heartbeatMs, feed } = this.#options;
    const nowMs = performance.now();
    const quietSinceMs = nowMs - heartbeatMs + tickMs(heartbeatMs);
    const ping = Buffer.from(pingFrame(feed.cursor));
    for (const connection of this.#connections) {
      if (nowMs >= connection.deadlineMs) this.#dismiss(connection, 'ttl');
      else if (connection.lastSentMs <= quietSinceMs && !connection.send(ping, nowMs)) {
        this.#connections.delete(connection);
      }
    }
  }

  #dismiss(connection: StreamConnection, reason: 'ttl' | 'drain'): void {
    this.#connections.delete(connection);
    connection.end(Buffer.from(byeFrame(reason, randomInteger(500, 5_000))));
  }
}

type Greeting =
  | { readonly resume: 'fresh' }
  | { readonly resume: 'reset'; readonly reason: ResetReason }
  | {
      readonly resume: 'ok';
      readonly cursor: Cursor;
      readonly events: readonly ChangeEvent[];
      /** Where the feed was when the events were read from it. */
      readonly reached: Cursor;
    };

function refuse(response: ServerResponse, reason: ByeReason, retryMs: number): void {
  response.end(retryFrame(retryMs) + byeFrame(reason, retryMs));
}

/** How often the clients are looked at: fine enough that a heartbeat is never late, rare enough to cost nothing. */
function tickMs(heartbeatMs: number): number {
  return Math.min(1_000, heartbeatMs / 4);
}

function randomInteger(min: number, max: number): number {
  return min + Math.floor(Math.random() * (max - min + 1));
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
