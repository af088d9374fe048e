import { ArrayStore } from '../../src/live/state/array-store';
import { ChannelLocks } from '../../src/live/state/channel-locks';
import { type ItemMarkup, parseListMarkup } from '../../src/live/state/list-markup';
import { type Divergence, LivePage, streamPath } from '../../src/live/state/live-page';
import type { Channel, StreamRequest } from '../../src/live/state/shared-stream';
import type { Locks } from '../../src/live/state/tab-lock';
import { parseWireName } from '../../src/live/wire-topic';
import { SimulatedSocket, SimulatedSource, StreamReader } from './network';
import type { SimulatedNode } from './node';
import { Actor, type VirtualTime } from './virtual-time';
import { WireCheck } from './wire-check';
import { SECRET, type World } from './world';

export type BrowserOptions = {
  readonly time: VirtualTime;
  readonly world: World;
  /** A node that takes visitors; undefined when none does. */
  readonly findNode: () => SimulatedNode | undefined;
  /** Of the messages from one tab to another, as when one of them stands still. */
  readonly lostBetweenTabs: () => number;
  readonly fail: (what: string) => void;
  readonly onDivergence: (divergence: Divergence) => void;
};

/** A browser with some tabs, which share a stream where it can. */
export class SimulatedBrowser {
  readonly actor: Actor;
  readonly #options: BrowserOptions;
  readonly #sharing: ReturnType<typeof createSharing> | undefined;
  readonly #tabs = new Set<SimulatedTab>();
  readonly #sockets = new Set<SimulatedSocket>();
  #isOffline = false;

  constructor(options: BrowserOptions, canShare: boolean) {
    this.#options = options;
    this.actor = new Actor(options.time);
    this.#sharing = canShare ? createSharing(this.actor, options) : undefined;
  }

  get tabs(): readonly SimulatedTab[] {
    return [...this.#tabs];
  }

  /** Loads a page with the lists of these topics, if a node answers. */
  async openTab(topics: readonly string[]): Promise<void> {
    const { time } = this.#options;
    await time.pause(time.integer(1, 30));
    const node = this.#options.findNode();
    if (!node || this.#isOffline) return;
    const pages = topics.map((topic) => [topic, node.page(topic)] as const);
    // The page takes its time until its script runs.
    await time.pause(time.integer(1, 200));
    const tab = new SimulatedTab(pages, {
      ...this.#options,
      actor: this.actor,
      sharing: this.#sharing?.(),
      openSource: (request) => this.#openSource(request),
      fetch: (topic, signal) => this.#fetch(topic, signal),
    });
    this.#tabs.add(tab);
    tab.start();
  }

  closeTab(tab: SimulatedTab): void {
    this.#tabs.delete(tab);
    tab.stop();
  }

  /** The network is lost; the page hears of it, the server much later. */
  cut(): void {
    const { time } = this.#options;
    for (const socket of this.#sockets) socket.cut(time.integer(10, 5_000));
    for (const [source] of this.#open) this.actor.clock.after(time.integer(0, 50), () => source.fail());
  }

  async offline(ms: number): Promise<void> {
    this.#isOffline = true;
    this.cut();
    await this.#options.time.pause(ms);
    this.#isOffline = false;
    for (const tab of this.#tabs) tab.page.reconnect();
  }

  close(): void {
    for (const tab of [...this.#tabs]) this.closeTab(tab);
    for (const socket of this.#sockets) socket.cut(10);
  }

  readonly #open = new Map<SimulatedSource, SimulatedSocket | undefined>();

  #openSource(request: StreamRequest): SimulatedSource {
    const { time, world, fail } = this.#options;
    const check = new WireCheck(world, request.cursor, fail);
    const sent = new StreamReader((message) => check.hear(message));
    const source = new SimulatedSource();
    this.#open.set(source, undefined);
    const close = source.close.bind(source);
    source.close = () => {
      close();
      this.#open.get(source)?.cut(time.integer(1, 300));
      this.#open.delete(source);
    };
    this.actor.clock.after(time.integer(1, 40), () => {
      if (source.readyState === 2) return;
      const node = this.#options.findNode();
      if (!node || this.#isOffline) return source.fail();
      const { clock } = this.actor;
      const socket = new SimulatedSocket(time, {
        onSent: (text) => sent.read(text),
        // In the turn of the browser, which may sleep.
        deliver: (text) => void clock.soon(() => source.receive(text)),
        onEnd: () => void clock.soon(() => source.fail()),
      });
      this.#open.set(source, socket);
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      node.connect(socket, streamPath(request));
    });
    return source;
  }

  async #fetch(topic: string, signal: AbortSignal): Promise<string> {
    const { time } = this.#options;
    await this.#pause(time.integer(1, 60));
    const node = this.#options.findNode();
    if (!node || this.#isOffline || time.chance(0.05)) throw new Error('The site could not be reached.');
    const html = node.page(topic);
    await this.#pause(time.integer(1, 60));
    signal.throwIfAborted();
    return html;
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.actor.clock.after(ms, resolve));
  }
}

type TabOptions = BrowserOptions & {
  readonly actor: Actor;
  readonly sharing: { readonly locks: Locks; readonly openChannel: () => Channel } | undefined;
  readonly openSource: (request: StreamRequest) => SimulatedSource;
  readonly fetch: (topic: string, signal: AbortSignal) => Promise<string>;
};

/** A page with its lists, as the browser's own code keeps them. */
export class SimulatedTab {
  readonly page: LivePage<ItemMarkup>;
  readonly stores: ReadonlyMap<string, ArrayStore>;
  readonly whispers = new Map<string, unknown>();
  isHidden = false;
  /** Whether the visitor is where new items may come in. */
  isAtRest = true;
  readonly #fail: (what: string) => void;
  /** By topic and key, the number of what is shown. */
  readonly #revs = new Map<string, number>();

  constructor(pages: readonly (readonly [topic: string, html: string])[], options: TabOptions) {
    const { actor, fail } = options;
    this.#fail = fail;
    this.stores = new Map(
      pages.map(([topic, html]) => [topic, new ArrayStore(parseListMarkup(html, topic))]),
    );
    this.page = new LivePage<ItemMarkup>({
      clock: actor.clock,
      lists: [...this.stores].map(([topic, store]) => ({
        store,
        events: {
          mayInsert: () => this.isAtRest && !this.isHidden,
          onNews: () => undefined,
          onGone: () => undefined,
          onWaiting: () => undefined,
        },
        fetch: (signal) => options.fetch(topic, signal),
        parse: (html) => store.rendered(parseListMarkup(html, topic)),
      })),
      topics: [],
      tickets: [],
      sharing: options.sharing,
      openSource: options.openSource,
      isHidden: () => this.isHidden,
      onSituation: () => undefined,
      onWhisper: ({ topic, key, value }) => this.whispers.set(`${topic} ${key}`, value),
      onDivergence: options.onDivergence,
      onEvent: () => this.#look(),
      onReplaced: () => {
        this.#revs.clear();
        this.#look();
      },
      onError: (error) =>
        fail(`a page had an error: ${error instanceof Error ? error.stack : String(error)}`),
    });
  }

  /** Whether it has the list of the topic, in whichever language. */
  shows(topic: string): boolean {
    return [...this.stores.keys()].some((name) => parseWireName(name).topic === topic);
  }

  start(): void {
    this.page.start();
  }

  stop(): void {
    this.page.stop();
  }

  /** After each step: what is shown is public, once, and never older than it was. */
  #look(): void {
    for (const [topic, store] of this.stores) {
      const keys = new Set<string>();
      for (const { key, rev, html } of store.items) {
        if (html.includes(SECRET)) this.#fail(`${topic} shows private text`);
        if (keys.has(key)) this.#fail(`${topic} shows ${key} twice`);
        keys.add(key);
        const name = `${topic} ${key}`;
        const before = this.#revs.get(name) ?? 0;
        if (rev < before) this.#fail(`${name} went back from ${before} to ${rev}`);
        this.#revs.set(name, rev);
      }
    }
  }
}

/** Locks and BroadcastChannels among the tabs of one browser. Returns a function that makes those of a tab. */
function createSharing(actor: Actor, options: BrowserOptions) {
  const openChannel = createChannels(actor, options);
  const openLockChannel = createChannels(actor, options);
  // On plain http from another machine there are no Web Locks.
  const locks = options.time.chance(0.5)
    ? createLocks()
    : new ChannelLocks({ clock: actor.clock, openChannel: openLockChannel });
  return () => ({ locks, openChannel });
}

function createChannels(actor: Actor, { time, lostBetweenTabs }: BrowserOptions): () => Channel {
  let lastAtMs = 0;
  const channels = new Set<{ listener: (event: { readonly data: unknown }) => void }>();
  return () => {
    const own = { listener: (_event: { readonly data: unknown }): void => undefined };
    channels.add(own);
    return {
      postMessage: (message) => {
        const data: unknown = JSON.parse(JSON.stringify(message));
        for (const channel of channels) {
          if (channel === own || time.chance(lostBetweenTabs())) continue;
          // In order, as a channel has it.
          lastAtMs = Math.max(lastAtMs, time.nowMs + time.integer(0, 4));
          actor.clock.after(lastAtMs - time.nowMs, () => {
            if (channels.has(channel)) channel.listener({ data });
          });
        }
      },
      addEventListener: (_type, listener) => {
        own.listener = listener;
      },
      close: () => void channels.delete(own),
    };
  };
}

function createLocks(): Locks {
  type Claim = { readonly begin: () => void; readonly lose: () => void };
  const queue: Claim[] = [];
  let holder: Claim | undefined;
  const next = (): void => {
    holder = queue.shift();
    holder?.begin();
  };
  return {
    request: (_name, options, held) =>
      new Promise((resolve, reject) => {
        const claim: Claim = {
          begin: () => {
            held().then(() => {
              resolve(undefined);
              if (holder === claim) next();
            }, reject);
          },
          lose: () => reject(new DOMException('It was stolen.', 'AbortError')),
        };
        if ('steal' in options) {
          holder?.lose();
          holder = claim;
          claim.begin();
          return;
        }
        options.signal.addEventListener('abort', () => {
          const index = queue.indexOf(claim);
          if (index === -1) return;
          queue.splice(index, 1);
          reject(options.signal.reason);
        });
        queue.push(claim);
        if (!holder) next();
      }),
  };
}
