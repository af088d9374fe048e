import { Feed } from '../../src/live/feed/feed';
import { Present } from '../../src/live/feed/present';
import { AddressCounts } from '../../src/live/hub/admission';
import { Hub } from '../../src/live/hub/hub';
import { Windows } from '../../src/live/hub/windows';
import type { Commit } from '../../src/live/log/change';
import { Topics } from '../../src/live/topics';
import { Whispers } from '../../src/live/whispers';
import { parseStreamHead } from '../../src/live/wire/stream-head';
import type { Database } from '../../src/platform/database';
import { createLogger } from '../../src/platform/log';
import type { SimulatedBus, SimulatedSocket } from './network';
import { Actor, type VirtualTime } from './virtual-time';
import { LANGUAGE, type World } from './world';

/** How old an answer may be. */
const KEPT_MS = 5_000;
const SILENT = createLogger('silent');
const NO_DATABASE: Database = Object.create(null);

/** A node of the site: the engine as it is, on a clock, a log and a bus that the simulation has made. */
export class SimulatedNode {
  readonly name: string;
  readonly actor: Actor;
  readonly #world: World;
  readonly #feed: Feed;
  readonly #hub: Hub;
  readonly #whispers: Whispers;
  readonly #bus: ReturnType<SimulatedBus['connect']>;
  readonly #sockets = new Set<SimulatedSocket>();
  readonly #kept = new Map<string, { readonly html: string; readonly atMs: number }>();
  isServing = false;
  #cancelCount = (): void => undefined;

  constructor(
    name: string,
    time: VirtualTime,
    world: World,
    bus: SimulatedBus,
    onError: (error: unknown) => void,
  ) {
    this.name = name;
    this.actor = new Actor(time);
    this.#world = world;
    this.#bus = bus.connect(this.actor, name);
    const { clock } = this.actor;
    const { lists } = world;
    const { items } = world;
    const log = world.logFor();
    const present = new Present(lists, NO_DATABASE);
    this.#feed = new Feed({ log, bus: this.#bus, present, logger: SILENT, clock });
    this.#whispers = new Whispers({
      bus: this.#bus,
      clock,
      deliver: (topic, key, value) => this.#hub.whisper(topic, key, value),
    });
    // The database may be silent; what is no such trouble is a bug.
    const report = (error: unknown): void => {
      if (!(error instanceof Error && 'code' in error && error.code === 'ETIMEDOUT')) onError(error);
    };
    this.#hub = new Hub({
      feed: this.#feed,
      log,
      present,
      lists,
      items,
      windows: new Windows({ lists, items, db: NO_DATABASE, onError: report }),
      topics: new Topics(
        [world.latest, world.series].map(({ topic }) => ({ topic, languages: [LANGUAGE] })),
        'secret',
      ),
      findOpenSessions: async (sessions) => new Set(sessions),
      lastWhispers: (topics) => this.#whispers.lastOf(topics),
      clientAddress: (address) => address,
      addressLimit: new AddressCounts(1_000),
      isElsewhereBetter: () => this.#feed.isElsewhereBetter,
      metrics: { opened() {}, closed() {}, refused() {}, reset() {}, delivered() {} },
      onError: report,
      heartbeatMs: 15_000,
      timeoutMs: 200_000,
      maxConnections: 1_000,
      maxBufferedBytes: 65_536,
      clock,
    });
    this.#feed.onNote((note, from) => this.#whispers.hear(note, from));
  }

  async start(): Promise<void> {
    await this.#feed.start();
    this.isServing = !this.actor.isDead;
    this.#count();
  }

  /** As the site does it. */
  #count(): void {
    this.#whispers.share('latest', 'streams', this.#hub.connections);
    this.#cancelCount = this.actor.clock.after(1_000, () => this.#count());
  }

  /** What this node has committed. */
  publish(commit: Commit): void {
    if (commit.changes.length === 0) return;
    this.#feed.takeOwn(commit);
    this.#bus.publish(commit).catch(() => undefined);
  }

  say(topic: string, key: string, value: number): void {
    this.#whispers.say(topic, key, value);
  }

  get streams(): number {
    return this.#hub.connections;
  }

  connect(socket: SimulatedSocket, path: string): void {
    const head = Buffer.from(`GET ${path} HTTP/1.0\r\n\r\n`);
    const request = parseStreamHead(head, '192.0.2.1');
    if (!request) throw new Error(`The address of a stream can't be read: ${path}`);
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    this.#hub.open(socket.asSocket, request);
  }

  /** The html of a list, as this node answers; something on the way may have kept it for a while. */
  page(topic: string): string {
    const { time } = this.#world;
    const kept = this.#kept.get(topic);
    if (kept && time.nowMs - kept.atMs < KEPT_MS && time.chance(0.5)) return kept.html;
    const html = this.#world.htmlOf(topic);
    this.#kept.set(topic, { html, atMs: time.nowMs });
    return html;
  }

  async drain(): Promise<void> {
    this.isServing = false;
    await this.#hub.drain(5_000);
    await this.close();
  }

  async close(): Promise<void> {
    this.isServing = false;
    this.#cancelCount();
    this.#hub.close();
    this.#whispers.close();
    await this.#feed.stop();
    await this.#bus.close();
  }

  kill(): void {
    this.isServing = false;
    this.actor.kill();
    for (const socket of this.#sockets) socket.destroy();
    void this.#bus.close();
  }
}
