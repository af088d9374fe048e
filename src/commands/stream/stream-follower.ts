import { ArrayStore } from '../../live/state/array-store';
import { type Clock, systemClock } from '../../live/state/clock';
import { isBehind } from '../../live/state/cursor';
import type { Outcome } from '../../live/state/list';
import { type ItemMarkup, type ListMarkup, parseListMarkup } from '../../live/state/list-markup';
import { LivePage, streamPath } from '../../live/state/live-page';
import type { StreamRequest } from '../../live/state/shared-stream';
import { parseStreamEvent, type StreamEvent } from '../../live/state/stream-event';
import type { ClientList } from './differences';
import { fetchReason } from './fetch-reason';
import { NodeSource } from './node-source';
import { fetchList, readList, TOPIC } from './read-list';
import { Witness } from './witness';

export type FollowedEvent = {
  /** The point that its change leads to; empty for what leads nowhere. */
  readonly id: string;
  readonly event: StreamEvent;
  /** What it did to the list; undefined for what is not about an item. */
  readonly outcome: Outcome | undefined;
};

export type StreamFollowerOptions = {
  /** Of the site: `https://anime.example`. */
  readonly url: string;
  /** For the list; the stream itself is read with node:http. */
  readonly fetch?: typeof fetch;
  readonly clock?: Clock;
  /** Told after the event was applied. */
  readonly onEvent?: (followed: FollowedEvent) => void;
  /** What happens to the connection, in a sentence. */
  readonly onNote?: (note: string) => void;
};

/** All but `lastEventAt` count since the start. */
export type FollowerCounters = {
  /** Answers that were a stream. */
  connects: number;
  /** Connections that ended or could not be made, other than by a `bye`. */
  losses: number;
  /** Goodbyes of the server. */
  byes: number;
  resets: number;
  /** Readings of the list after the first. */
  refetches: number;
  /** Upserts and removes. */
  events: number;
  /** Digests that the list was found equal to. */
  proofs: number;
  /** Milliseconds since 1970 of the last message of any type; 0 before the first. */
  lastEventAt: number;
};

/** Keeps the list of the latest episodes from the stream as a browser does, by the same machines, and notes what may never happen. */
export class StreamFollower {
  readonly counters: FollowerCounters = {
    connects: 0,
    losses: 0,
    byes: 0,
    resets: 0,
    refetches: 0,
    events: 0,
    proofs: 0,
    lastEventAt: 0,
  };
  readonly #options: StreamFollowerOptions;
  readonly #store: ArrayStore;
  readonly #witness = new Witness();
  readonly #page: LivePage<ItemMarkup>;
  #source: NodeSource | undefined;
  /** How the connection ended; undefined while it has not. */
  #endedBy: 'bye' | 'loss' | undefined = 'bye';

  /**
   * Reads the list, and follows the stream from there.
   * @throws when the list can't be read
   */
  static async start(options: StreamFollowerOptions): Promise<StreamFollower> {
    const follower = new StreamFollower(options, await readList(options.url, options));
    follower.#page.start();
    return follower;
  }

  private constructor(options: StreamFollowerOptions, page: ListMarkup) {
    this.#options = options;
    this.#store = new ArrayStore(page);
    this.#witness.look(this.#store.items, page.rules.cursor);
    this.#page = new LivePage<ItemMarkup>({
      clock: options.clock ?? systemClock,
      lists: [
        {
          store: this.#store,
          events: {
            mayInsert: () => true,
            onNews: () => undefined,
            onGone: () => undefined,
            onWaiting: () => undefined,
          },
          fetch: (signal) => fetchList(options.url, { ...options, signal }),
          parse: (html) => this.#store.rendered(parseListMarkup(html, TOPIC)),
        },
      ],
      topics: [],
      tickets: [],
      sharing: undefined,
      openSource: (request) => this.#open(request),
      isHidden: () => false,
      onSituation: () => undefined,
      onWhisper: () => undefined,
      onDivergence: ({ head, expected, shown }) =>
        this.#witness.note(`the list is ${shown}, and at ${head} it should be ${expected}`),
      onCompared: (comparison) => {
        if (comparison === 'equal') this.counters.proofs++;
      },
      onEvent: (event, id, outcome) => this.#hear({ event, id, outcome }),
      onReplaced: ({ cursor }) => {
        this.counters.refetches++;
        this.#witness.restart();
        this.#witness.look(this.#store.items, cursor);
        this.#note(`the list was read again, at ${cursor}`);
      },
      onRetry: (reason, retryMs) =>
        this.#note(
          `the list can't be read (${fetchReason(reason)}); again in ${(retryMs / 1_000).toFixed(1)} s`,
        ),
      onError: (error) => this.#witness.note(error instanceof Error ? error.message : String(error)),
    });
  }

  /** The list as it is now. */
  get list(): ClientList {
    const [list] = this.#page.lists;
    return {
      cursor: this.#store.rules.cursor,
      items: this.#store.items,
      end: list?.end,
      heardRev: (key) => this.#witness.heardRev(key),
    };
  }

  /** The point up to which everything was told. */
  get lastId(): string {
    return this.#page.position;
  }

  /** The server has greeted, and the connection has not been lost since. */
  get isLive(): boolean {
    return this.#page.situation.stream === 'live';
  }

  /** What must never happen, in sentences; empty when all is well. */
  get violations(): readonly string[] {
    return this.#witness.violations;
  }

  /** True when the list has everything up to this cursor in it: it was told, or a later digest was found equal. */
  hasReached(cursor: string): boolean {
    if (this.#page.situation.isPending) return false;
    const points = [this.lastId, this.#page.provenAt(TOPIC)];
    return points.some((point) => point !== undefined && !isBehind(point, cursor));
  }

  /** Loses the connection, as a network would do it. */
  drop(): void {
    if (this.isLive) this.#source?.lose();
  }

  stop(): void {
    this.#page.stop();
  }

  #open(request: StreamRequest): NodeSource {
    // The one before was given up because nothing was heard.
    if (this.#endedBy === undefined) this.#end('loss', 'nothing was heard in time');
    this.#endedBy = undefined;
    const source = new NodeSource(new URL(streamPath(request), this.#options.url), {
      onOpen: () => {
        this.counters.connects++;
      },
      onEnd: (reason) => this.#end('loss', reason),
    });
    for (const type of ['hello', 'bye'] as const) {
      source.addEventListener(type, ({ data, lastEventId = '' }) => {
        const event = parseStreamEvent(type, String(data));
        if (event) this.#hear({ event, id: lastEventId, outcome: undefined });
      });
    }
    this.#source = source;
    return source;
  }

  #hear(followed: FollowedEvent): void {
    const { event } = followed;
    this.counters.lastEventAt = Date.now();
    if (event.type === 'upsert' || event.type === 'remove') this.counters.events++;
    if (event.type === 'reset') this.#hearReset(event.reason);
    if (event.type === 'bye') this.#end('bye', 'the server said goodbye');
    this.#witness.hear(event, this.#store.items);
    this.#options.onEvent?.(followed);
  }

  #hearReset(reason: string): void {
    this.counters.resets++;
    if (reason === 'fresh')
      this.#witness.note(`the stream began afresh, though it was asked to go on from ${this.lastId}`);
  }

  #end(how: 'bye' | 'loss', reason: string): void {
    this.#endedBy = how;
    if (how === 'bye') this.counters.byes++;
    else this.counters.losses++;
    this.#note(reason);
  }

  #note(note: string): void {
    this.#options.onNote?.(note);
  }
}
