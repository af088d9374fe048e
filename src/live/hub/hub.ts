import type { Socket } from 'node:net';
import type { Batch, FeedBatch, ResetReason } from '../feed/batch';
import type { WhisperValue } from '../feed/bus-message';
import type { Feed } from '../feed/feed';
import type { Present } from '../feed/present';
import type { Lists } from '../list';
import { type Cursor, formatCursor } from '../log/change';
import type { LiveLog } from '../log/live-log';
import type { RenderedItems } from '../rendered';
import type { Topics } from '../topics';
import { type NodeClock, nodeClock } from '../turns';
import {
  type ByeReason,
  byeFrame,
  helloFrame,
  pingFrame,
  resetFrame,
  retryFrame,
  whisperFrame,
} from '../wire/sse-frame';
import { StreamBytes, streamFormat } from '../wire/stream-bytes';
import type { StreamRequest } from '../wire/stream-head';
import { parseWireName } from '../wire-topic';
import type { AddressLimit } from './admission';
import { Audiences } from './audiences';
import { Frames } from './frames';
import {
  findResumePoint,
  fresh,
  type Greeting,
  greetingOfNothing,
  prepareGreeting,
  toldToReset,
} from './greeting';
import { Rounds } from './rounds';
import { type StreamAudience, StreamConnection } from './stream-connection';
import type { StreamMetrics } from './stream-metrics';
import type { Windows } from './windows';

export type HubOptions = {
  readonly feed: Pick<Feed, 'cursor' | 'recent' | 'catchUp' | 'follow'>;
  readonly log: Pick<LiveLog, 'readTopics'>;
  readonly present: Present;
  readonly lists: Lists;
  readonly items: RenderedItems;
  readonly windows: Windows;
  readonly topics: Topics;
  /** Of these sessions, the ones that are not over. */
  readonly findOpenSessions: (sessions: readonly string[]) => Promise<ReadonlySet<string>>;
  /** What a client of these topics is to be told of what has no number. */
  readonly lastWhispers: (
    topics: readonly string[],
  ) => readonly { readonly topic: string; readonly key: string; readonly value: WhisperValue }[];
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
  /** False: who listens to public topics alone is told to take the other way, `/changes`. */
  readonly forEverybody?: boolean;
  readonly clock?: NodeClock;
};

type ToldGreeting = Greeting & { readonly replay: StreamBytes[] };

/** When a client that is refused may come back: soon where another node is there, or where this one only has to catch up. */
const REFUSED_FOR_MS = {
  drain: [500, 5_000],
  unsure: [2_000, 8_000],
  'signed-out': [500, 2_000],
  busy: [20_000, 60_000],
} as const;
/** Over which time the readers of a list spread their reading after a reset. */
const RESET_SPREAD_MS = 8_000;
/** How long a session that has ended without anybody saying so may still be listened with. */
const SESSION_CHECK_MS = 2_000;
/** More than this to replay is told as a reset. */
const MAX_REPLAY_BYTES = 256 * 1_024;

/** All the clients of one process: what the feed brings is rendered and encoded once for each audience, and written to each. */
export class Hub {
  readonly #options: HubOptions;
  readonly #clock: NodeClock;
  /** By socket: that is what a listener knows that all of them share. */
  readonly #connections = new Map<Socket, StreamConnection>();
  readonly #audiences: Audiences;
  readonly #rounds: Rounds;
  readonly #frames: Frames;
  readonly #onClose: (this: Socket) => void;
  readonly #unsubscribe: () => void;
  /** Connections are looked after in as many groups, a group a tick, so that heartbeats don't come all at once. */
  readonly #buckets: number;
  readonly #tickMs: number;
  #cancelTick: () => void = () => undefined;
  #ticks = 0;
  #lastBucket = 0;
  #nextSessionCheckMs = 0;
  #isCheckingSessions = false;
  #isLeaving = false;
  #isDraining = false;

  constructor(options: HubOptions) {
    this.#options = options;
    this.#clock = options.clock ?? nodeClock;
    this.#audiences = new Audiences(options.windows);
    this.#rounds = new Rounds({ ...options, clock: this.#clock });
    this.#frames = new Frames({
      ...options,
      onUnrenderable: (error, message) => {
        options.metrics.unrenderable?.();
        options.onError(error, message);
      },
    });
    const forget = (socket: Socket): void => this.#forget(socket);
    this.#onClose = function onClose() {
      forget(this);
    };
    this.#unsubscribe = options.feed.follow({
      wants: (topic) => this.#audiences.has(topic),
      onBatch: (batch) => this.#broadcast(batch),
    });
    this.#tickMs = Math.min(1_000, options.heartbeatMs / 4);
    this.#buckets = Math.round(options.heartbeatMs / this.#tickMs);
    this.#scheduleTick();
  }

  /** Clients that were let in, greeted or not. */
  get connections(): number {
    return this.#connections.size;
  }

  /** What it has rendered and encoded, for whoever tells the same in another way. */
  get frames(): Frames {
    return this.#frames;
  }

  /** Greeted clients by the name of the topic. */
  *connectionsByTopic(): Iterable<readonly [name: string, count: number]> {
    for (const [name, audiences] of this.#audiences.byName()) {
      let count = 0;
      for (const { connections } of audiences) count += connections.size;
      yield [name, count];
    }
  }

  /** Answers a request for the stream on its socket, which nobody else may write to from now on. */
  open(socket: Socket, request: StreamRequest): void {
    const { clientAddress, addressLimit, maxConnections, topics, onError } = this.#options;
    const address = clientAddress(request.remoteAddress, request.forwardedFor);
    const connection = new StreamConnection(socket, streamFormat(request), address);
    if (this.#isDraining) return this.#refuse(connection, 'drain');
    if (this.#isLeaving || this.#isElsewhereBetter()) return this.#turnAway(connection);
    if (this.#connections.size >= maxConnections) return this.#refuse(connection, 'busy');
    this.#connections.set(socket, connection);
    socket.on('close', this.#onClose);
    connection.hasPlace = addressLimit.enter(address);
    if (!connection.hasPlace) return this.#refuse(connection, 'busy');
    const { names, sessions } = topics.choose(request.topics, request.tickets);
    // Without an await where there is nothing to wait for: thousands may come at once.
    if (sessions.length === 0 && this.#options.forEverybody === false)
      return this.#refuse(connection, 'busy');
    if (sessions.length === 0) return this.#admit(connection, names, request.resumeFrom);
    connection.sessions = sessions;
    this.#areOpen(sessions)
      .then((areOpen) => {
        if (areOpen) this.#admit(connection, names, request.resumeFrom);
        else this.#refuse(connection, 'signed-out');
      })
      .catch((error: unknown) => {
        onError(error, 'Nobody could say whether a session is open');
        this.#refuse(connection, 'unsure');
      });
  }

  /** Tells the clients of the topic something that has no number. */
  whisper(topic: string, key: string, value: WhisperValue): void {
    const audiences = this.#audiences.listeningTo(topic);
    if (audiences.size === 0) return;
    const bytes = StreamBytes.of(whisperFrame({ topic, key, value }));
    const nowMs = this.#clock.now();
    const batch = { bytes, events: 0, changes: [], arrival: undefined, startedMs: nowMs, renderedMs: nowMs };
    for (const audience of audiences) this.#rounds.write(audience, batch);
  }

  /** Ends the streams that hang on a session. */
  signOut(session: string): void {
    for (const connection of this.#connections.values()) {
      if (connection.sessions.includes(session)) this.#dismiss(connection, 'signed-out');
    }
  }

  /** Takes no new clients, which would soon be told to come back: a proxy asks the next node for them. Those that are here stay. */
  leave(): void {
    this.#isLeaving = true;
  }

  /** Tells every client to come back, spread over `spreadMs`, and takes no new ones. */
  async drain(spreadMs: number): Promise<void> {
    this.#isDraining = true;
    const leaving = [...this.#connections.values()];
    const startedMs = this.#clock.now();
    for (const [index, connection] of leaving.entries()) {
      const dueMs = startedMs + (spreadMs * index) / leaving.length;
      while (this.#clock.now() < dueMs && this.#connections.size > 0) await this.#pause(20);
      this.#dismiss(connection, 'drain');
    }
  }

  close(): void {
    this.#isDraining = true;
    this.#cancelTick();
    this.#unsubscribe();
    for (const connection of this.#connections.values()) this.#dismiss(connection, 'drain');
  }

  #admit(connection: StreamConnection, names: readonly string[], resumeFrom: string | undefined): void {
    if (connection.socket.destroyed) return;
    const audience = this.#audiences.of(names);
    connection.audience = audience;
    audience.formats.add(connection.format);
    if (resumeFrom === undefined) return this.#join(connection, audience, fresh(this.#options.feed.cursor));
    const { feed } = this.#options;
    audience.backlogs.set(connection, []);
    const begin = (from: Cursor | ResetReason): Promise<Greeting> | Greeting => {
      // What is told from now on is kept for it.
      audience.backlogs.set(connection, []);
      if (typeof from === 'string') return toldToReset(from, audience.bareTopics, feed.cursor);
      const nothing = greetingOfNothing(this.#options, from, audience.bareTopics);
      return nothing ?? prepareGreeting(this.#options, from, audience.bareTopics);
    };
    const refuse = (error: unknown): void => {
      this.#options.onError(error, 'A client of the stream could not be resumed');
      this.#refuse(connection, 'unsure');
    };
    const join = (from: Cursor | ResetReason): void => {
      if (connection.socket.destroyed) return;
      const greeting = begin(from);
      if (!('then' in greeting)) return this.#join(connection, audience, greeting);
      greeting.then((prepared) => this.#join(connection, audience, prepared)).catch(refuse);
    };
    // Most come back to where the feed is, or was a moment ago.
    if (resumeFrom === formatCursor(feed.cursor)) return join(feed.cursor);
    findResumePoint(this.#options, resumeFrom).then(join).catch(refuse);
  }

  /** No await in here: between what the client is told and its place in the next round nothing may happen. */
  #join(connection: StreamConnection, audience: StreamAudience, greeting: Greeting): void {
    const backlog = audience.backlogs.get(connection) ?? [];
    audience.backlogs.delete(connection);
    if (connection.socket.destroyed) return this.#audiences.dropIfEmpty(audience);
    const { timeoutMs, metrics } = this.#options;
    const ttlMs = Math.round(timeoutMs * (0.8 + 0.2 * this.#clock.random()));
    const told = this.#toldOf(greeting, audience);
    connection.begin(this.#greetingBytes(audience, told, backlog, ttlMs));
    connection.deadlineMs = this.#clock.now() + ttlMs;
    connection.batch = audience.lastBatch;
    this.#lastBucket = (this.#lastBucket + 1) % this.#buckets;
    connection.bucket = this.#lastBucket;
    connection.state = 'live';
    connection.closeReason = 'client';
    audience.connections.add(connection);
    metrics.opened(told.resume);
    for (const reason of told.resets.keys()) metrics.reset(reason, 1);
    // It came just before everybody was told to go.
    if (this.#isDraining) this.#dismiss(connection, 'drain');
  }

  #greetingBytes(
    audience: StreamAudience,
    { replay, ...told }: ToldGreeting,
    backlog: readonly StreamBytes[],
    ttlMs: number,
  ): StreamBytes {
    const { heartbeatMs, lastWhispers } = this.#options;
    const hello = helloFrame(
      { resume: told.resume, topics: audience.names, heartbeatMs, ttlMs },
      told.resets.size > 0 ? undefined : (told.from ?? told.to),
    );
    const reset = [...told.resets].map(([reason, reset]) => {
      const data = { topics: audience.namesOf(reset), reason, spreadMs: RESET_SPREAD_MS };
      return StreamBytes.once(resetFrame(told.to, data));
    });
    const whispers = lastWhispers(audience.bareTopics).map((whisper) =>
      StreamBytes.once(whisperFrame(whisper)),
    );
    return StreamBytes.join([
      StreamBytes.once(retryFrame(this.#randomInteger(2_000, 8_000)) + hello),
      ...replay,
      ...reset,
      // What was told since.
      ...backlog,
      ...whispers,
    ]);
  }

  /** The greeting with its changes encoded, or another one where they are too many. */
  #toldOf(greeting: Greeting, { topics, bareTopics }: StreamAudience): ToldGreeting {
    // Who is cut in between has to get the reset, too, so that only the last frame may lead on.
    const epoch = greeting.resets.size > 0 ? undefined : greeting.to.epoch;
    const replay = greeting.changes.flatMap((change) => this.#frames.of(change, topics, epoch));
    const size = replay.reduce((length, each) => length + each.length, 0);
    if (size <= MAX_REPLAY_BYTES) return { ...greeting, replay };
    return { ...toldToReset('gap', bareTopics, greeting.to), replay: [] };
  }

  async #areOpen(sessions: readonly string[]): Promise<boolean> {
    const open = await this.#options.findOpenSessions(sessions);
    return sessions.every((session) => open.has(session));
  }

  /** Anything but 200 would make a browser's EventSource give up for good. */
  #refuse(connection: StreamConnection, reason: keyof typeof REFUSED_FOR_MS): void {
    const [minMs, maxMs] = REFUSED_FOR_MS[reason];
    const retryMs = this.#randomInteger(minMs, maxMs);
    connection.audience?.backlogs.delete(connection);
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
    if (batch.type === 'reset') this.#resetAll(batch.cursor, batch.reason);
    else this.#tell(batch);
  }

  #resetAll(cursor: Cursor, reason: ResetReason): void {
    this.#options.windows.forgetAll();
    const nowMs = this.#clock.now();
    for (const audience of this.#audiences.all()) {
      this.#options.metrics.reset(reason, audience.connections.size);
      const data = { topics: audience.names, reason, spreadMs: RESET_SPREAD_MS };
      const bytes = StreamBytes.of(resetFrame(cursor, data));
      this.#rounds.write(audience, {
        bytes,
        events: 1,
        changes: [],
        arrival: undefined,
        startedMs: nowMs,
        renderedMs: nowMs,
      });
    }
  }

  #tell(batch: Batch): void {
    const { windows } = this.#options;
    for (const topic of batch.resets) for (const name of this.#audiences.namesOf(topic)) windows.forget(name);
    for (const change of batch.changes) {
      for (const topic of change.topics) {
        if (!this.#frames.knows(change, topic)) continue;
        for (const name of this.#audiences.namesOf(topic))
          windows.apply(name, this.#frames.encoded(change, parseWireName(name), undefined).event);
      }
    }
    for (const audience of this.#touchedBy(batch)) this.#tellAudience(audience, batch);
  }

  #touchedBy({ changes, resets }: Batch): ReadonlySet<StreamAudience> {
    const touched = new Set<StreamAudience>();
    const add = (topic: string): void => {
      for (const audience of this.#audiences.listeningTo(topic)) touched.add(audience);
    };
    for (const change of changes) for (const topic of change.topics) add(topic);
    for (const topic of resets) add(topic);
    return touched;
  }

  #tellAudience(audience: StreamAudience, { cursor, changes, resets, arrival }: Batch): void {
    const startedMs = this.#clock.now();
    const reset = audience.namesOf(resets);
    // Who is cut in between has to get the reset, too, so that only the last frame may lead on.
    const epoch = reset.length > 0 ? undefined : cursor.epoch;
    const frames = changes.flatMap((change) => this.#frames.of(change, audience.topics, epoch));
    if (reset.length > 0) {
      this.#options.metrics.reset('burst', audience.connections.size);
      const data = { topics: reset, reason: 'burst', spreadMs: RESET_SPREAD_MS } as const;
      frames.push(StreamBytes.of(resetFrame(cursor, data)));
    }
    const told = changes.filter(({ topics }) => topics.some((topic) => audience.bareTopics.includes(topic)));
    const renderedMs = this.#clock.now();
    const bytes = StreamBytes.join(frames);
    for (const format of audience.formats) bytes.in(format);
    this.#rounds.write(audience, {
      bytes,
      events: frames.length,
      changes: told,
      arrival,
      startedMs,
      renderedMs,
    });
  }

  #scheduleTick(): void {
    this.#cancelTick = this.#clock.after(this.#tickMs, () => {
      this.#scheduleTick();
      this.#tick();
    });
  }

  /** Heartbeats for those of a group to whom nothing is on its way, and an end for those whose time is over. */
  #tick(): void {
    const { maxBufferedBytes, windows } = this.#options;
    const nowMs = this.#clock.now();
    const bucket = ++this.#ticks % this.#buckets;
    const isElsewhereBetter = this.#isElsewhereBetter();
    for (const audience of this.#audiences.all()) {
      let ping: StreamBytes | undefined;
      for (const connection of audience.connections) {
        if (connection.state !== 'live') continue;
        if (nowMs >= connection.deadlineMs) this.#dismiss(connection, 'ttl');
        else if (isElsewhereBetter) this.#dismiss(connection, 'unsure');
        else if (connection.bucket === bucket && connection.batch === audience.lastBatch) {
          ping ??= this.#pingOf(audience);
          this.#ping(connection, ping, maxBufferedBytes);
        }
      }
    }
    if (nowMs >= this.#nextSessionCheckMs) this.#checkSessions();
    windows.readWanted();
  }

  #pingOf({ names }: StreamAudience): StreamBytes {
    const { cursor } = this.#options.feed;
    const digests: Record<string, string> = {};
    for (const name of names) {
      const digest = this.#options.windows.digestAt(name, cursor.seq);
      if (digest !== undefined) digests[name] = digest;
    }
    return StreamBytes.of(pingFrame(cursor, digests));
  }

  #ping(connection: StreamConnection, ping: StreamBytes, maxBufferedBytes: number): void {
    try {
      connection.send(ping, maxBufferedBytes);
    } catch (error) {
      this.#cut(connection, error);
    }
  }

  /** A session may end without anybody saying so: its time is over, or a command has ended it, which is no node. */
  #checkSessions(): void {
    if (this.#isCheckingSessions) return;
    this.#nextSessionCheckMs = this.#clock.now() + SESSION_CHECK_MS;
    const sessions = [
      ...new Set([...this.#connections.values()].flatMap((connection) => connection.sessions)),
    ];
    if (sessions.length === 0) return;
    this.#isCheckingSessions = true;
    this.#options
      .findOpenSessions(sessions)
      .then((open) => {
        for (const session of sessions) if (!open.has(session)) this.signOut(session);
      })
      .catch((error: unknown) => this.#options.onError(error, 'Nobody could say which sessions are open'))
      .finally(() => {
        this.#isCheckingSessions = false;
      });
  }

  #dismiss(
    connection: StreamConnection,
    reason: Extract<ByeReason, 'ttl' | 'drain' | 'unsure' | 'signed-out'>,
  ): void {
    if (connection.state !== 'live') return;
    try {
      connection.end(StreamBytes.once(byeFrame(reason, this.#randomInteger(500, 5_000))), reason);
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
    const { audience, hasPlace, address, closeReason } = connection;
    if (hasPlace) this.#options.addressLimit.leave(address);
    if (audience) {
      audience.connections.delete(connection);
      audience.backlogs.delete(connection);
      this.#audiences.dropIfEmpty(audience);
    }
    if (closeReason) this.#options.metrics.closed(closeReason);
  }

  #randomInteger(min: number, max: number): number {
    return min + Math.floor(this.#clock.random() * (max - min + 1));
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#clock.after(ms, resolve));
  }
}
