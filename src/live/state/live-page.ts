import type { Clock } from './clock';
import type { ConnectionState, Source } from './connection';
import { isBehind, isOfEpoch } from './cursor';
import { List, type Outcome } from './list';
import type { ListEvents, ListStore, RenderedList } from './list-store';
import { Polling, type PollingPace } from './polling';
import { type Comparison, Proof } from './proof';
import { Reading } from './reading';
import { SharedStream, type SharedStreamOptions, type StreamRequest } from './shared-stream';
import {
  OWN_RESET_SPREAD_MS,
  type PingEvent,
  parseStreamEvent,
  type RemoveEvent,
  type StreamChange,
  type StreamEvent,
  type StreamFrame,
  type UpsertEvent,
  type WhisperEvent,
} from './stream-event';

/** A list of the page, and how it is read again. */
export type ListOfPage<Body> = {
  readonly store: ListStore<Body>;
  readonly events: Omit<ListEvents<Body>, 'onUnfit'>;
  /** Asks the site for the list alone; rejects when it can't be had for the moment. Ends with the signal. */
  readonly fetch: (signal: AbortSignal) => Promise<string>;
  /** Undefined when the answer holds no list, as that of a page to log in to a network with. */
  readonly parse: (html: string) => RenderedList<Body> | undefined;
};

/** A list that was not what the server said it should be. */
export type Divergence = {
  readonly topic: string;
  readonly head: string;
  readonly expected: string;
  readonly shown: string;
};

/** How the page stands with the site. */
export type PageSituation = {
  readonly stream: ConnectionState;
  /** Items may be older than what the stream has told. */
  readonly isPending: boolean;
  /** The last time that the page asked by itself, it was answered. */
  readonly isAnswered: boolean;
};

export type LivePageOptions<Body> = {
  readonly clock: Clock;
  readonly lists: readonly ListOfPage<Body>[];
  /** Of whispers that the page shows. */
  readonly topics: readonly string[];
  /** Signed lists of further topics. */
  readonly tickets: readonly string[];
  readonly sharing: SharedStreamOptions['sharing'];
  readonly openSource: (request: StreamRequest) => Source;
  /** By another way, where there is no stream to be had; undefined while that is not there either. */
  readonly openOther?: SharedStreamOptions['openOther'];
  readonly isHidden: () => boolean;
  readonly onSituation: (situation: PageSituation) => void;
  readonly onWhisper: (whisper: WhisperEvent) => void;
  /** A list is read again because of it. */
  readonly onDivergence: (divergence: Divergence) => void;
  /** Told of everything that was heard, after it was taken. @param id the point that its change leads to */
  readonly onEvent?: (event: StreamEvent, id: string, outcome: Outcome | undefined) => void;
  /** Told of each list at each ping. */
  readonly onCompared?: (comparison: Comparison, topic: string) => void;
  readonly onReplaced?: (list: List<Body>) => void;
  /** Told of each reading that has to be repeated, and when that will be. */
  readonly onRetry?: (reason: unknown, retryMs: number) => void;
  /** A surprise, after which it goes on. */
  readonly onError: (error: unknown) => void;
};

/** A list, and what keeps it right. */
type KeptList<Body> = {
  readonly list: List<Body>;
  readonly reading: Reading;
  readonly proof: Proof;
  /** When a ping agreed with it last, and the head that it named. */
  checkedAtMs: number | undefined;
  provenAt: string | undefined;
};

/** One tab alone has missed something. */
const MISSED_SPREAD_MS = 500;
/** A bug may have made many pages wrong in the same way. */
const HEAL_SPREAD_MS = 2_000;
/** Many have lost the same item. */
const UNFIT_SPREAD_MS = 8_000;

/** The last resort behind proxies that hold a stream back, and where there are too many. */
const UNHEARD: PollingPace = { first: 5_000, min: 30_000, max: 60_000 };
/** Enough to count for a tab that nobody looks at. */
const AT_REST: PollingPace = { first: 300_000, min: 240_000, max: 360_000 };

/** From the stream to the lists of a page: all that a page does which needs no document. */
export class LivePage<Body> {
  readonly #options: LivePageOptions<Body>;
  readonly #kept: readonly KeptList<Body>[];
  readonly #stream: SharedStream;
  readonly #polling: Polling;
  readonly #pollingAtRest: Polling;
  #isAtRest = false;
  #streamState: ConnectionState = 'closed';
  #isAnswered = false;
  /** The point that the change leads to which is being taken. */
  #arriving = '';

  constructor(options: LivePageOptions<Body>) {
    this.#options = options;
    this.#kept = options.lists.map((source) => this.#keep(source));
    this.#polling = new Polling(options.clock, UNHEARD, () => this.#poll());
    this.#pollingAtRest = new Polling(options.clock, AT_REST, async () => {
      // Another tab may have a stream.
      if (this.#streamState !== 'live') await this.#poll();
    });
    const topics = [...this.#kept.map(({ list }) => list.topic), ...options.topics];
    this.#stream = new SharedStream({
      clock: options.clock,
      cursor: this.#oldestCursor(),
      wish: { topics: [...new Set(topics)], tickets: [...new Set(options.tickets)] },
      sharing: options.sharing,
      openSource: options.openSource,
      openOther: options.openOther,
      isHidden: options.isHidden,
      onChange: (change) => this.#take(change),
      onAside: (frame) => this.#takeAside(frame),
      onState: (state) => this.#setStreamState(state),
      onMissed: (reached) => this.#readAgain(undefined, MISSED_SPREAD_MS, reached),
      onNotTaken: (error, reached) => {
        options.onError(error);
        this.#readAgain(undefined, OWN_RESET_SPREAD_MS, reached);
      },
      onError: options.onError,
    });
  }

  /** In the order in which they were given. */
  get lists(): readonly List<Body>[] {
    return this.#kept.map(({ list }) => list);
  }

  /** The point up to which everything was told. */
  get position(): string {
    return this.#stream.position;
  }

  get situation(): PageSituation {
    return {
      stream: this.#streamState,
      isPending: this.#kept.some(({ list, reading }) => reading.isPending || list.isStale),
      isAnswered: this.#isAnswered,
    };
  }

  /** When all lists that can be compared were last found to be right; undefined before. */
  get checkedAtMs(): number | undefined {
    const times = this.#kept.flatMap(({ checkedAtMs }) => (checkedAtMs === undefined ? [] : [checkedAtMs]));
    return times.length > 0 ? Math.min(...times) : undefined;
  }

  /** The head at which the list of this topic was last found to be right; undefined before. */
  provenAt(topic: string): string | undefined {
    return this.#kept.find(({ list }) => list.topic === topic)?.provenAt;
  }

  start(): void {
    this.#setAtRest(false);
    for (const { reading } of this.#kept) reading.start();
    this.#stream.start();
  }

  stop(): void {
    this.#setAtRest(false);
    for (const { reading } of this.#kept) reading.stop();
    this.#stream.stop();
  }

  /** Somebody looks at the page. */
  wake(): void {
    this.#setAtRest(false);
    this.#stream.wake();
  }

  /** Nobody has looked at the page for a while: it needs no stream of its own, and asks now and then. */
  rest(): void {
    this.#setAtRest(true);
    this.#stream.rest();
  }

  /** The network is another one. */
  reconnect(): void {
    this.#stream.reconnect();
  }

  #keep({ store, events, fetch, parse }: ListOfPage<Body>): KeptList<Body> {
    const { clock, onError, onRetry, onReplaced } = this.#options;
    let wasStale = false;
    const list: List<Body> = new List(store, {
      ...events,
      onWaiting: (count, isAtLeast) => {
        events.onWaiting(count, isAtLeast);
        // What may be old goes when what waits is shown.
        if (list.isStale !== wasStale) this.#tellSituation();
        wasStale = list.isStale;
      },
      onUnfit: () => reading.requestQuietly(UNFIT_SPREAD_MS, this.#arriving || this.#stream.position),
    });
    const reading = new Reading({
      clock,
      fetch,
      parse: (html) => {
        const fresh = parse(html);
        return fresh && { cursor: fresh.rules.cursor, show: () => list.renew(fresh) };
      },
      apply: (event) => list.apply(event),
      onReplaced: () => onReplaced?.(list),
      onPending: () => this.#tellSituation(),
      onError,
      ...(onRetry && { onRetry }),
    });
    return { list, reading, proof: new Proof(), checkedAtMs: undefined, provenAt: undefined };
  }

  #oldestCursor(): string {
    const cursors = this.#kept.map(({ list }) => list.cursor);
    return cursors.reduce(
      (oldest, cursor) =>
        oldest === '' || (isOfEpoch(cursor, oldest) && isBehind(cursor, oldest)) ? cursor : oldest,
      '',
    );
  }

  #take({ id, frames }: StreamChange): void {
    this.#arriving = id;
    try {
      for (const frame of frames) this.#takeFrame(frame, id);
    } finally {
      this.#arriving = '';
    }
  }

  #takeFrame({ type, data }: StreamFrame, id: string): void {
    const event = parseStreamEvent(type, data);
    if (!event) {
      // It may have been any change.
      this.#options.onError(new Error(`An event of type ${type} can't be read: ${data.slice(0, 200)}`));
      return this.#readAgain(undefined, OWN_RESET_SPREAD_MS, id);
    }
    let outcome: Outcome | undefined;
    if (event.type === 'reset') this.#readAgain(event.topics, event.spreadMs, id);
    if (event.type === 'upsert' || event.type === 'remove') outcome = this.#apply(event, id);
    this.#options.onEvent?.(event, id, outcome);
  }

  /** Returns what it did to the last list of its topic; undefined when there is none here. */
  #apply(event: UpsertEvent | RemoveEvent, id: string): Outcome | undefined {
    let outcome: Outcome | undefined;
    for (const { list, reading } of this.#kept) {
      if (list.topic !== event.topic) continue;
      reading.note(event);
      try {
        outcome = list.apply(event);
      } catch (error) {
        // The next change would lead past it, so that nobody would ask for it again.
        this.#options.onError(error);
        reading.request(OWN_RESET_SPREAD_MS, id);
      }
    }
    return outcome;
  }

  #readAgain(topics: readonly string[] | undefined, spreadMs: number, atLeast: string): void {
    for (const { list, reading } of this.#kept) {
      if (topics === undefined || topics.includes(list.topic)) reading.request(spreadMs, atLeast);
    }
  }

  #takeAside({ type, data }: StreamFrame): void {
    const event = parseStreamEvent(type, data);
    if (event?.type === 'ping') this.#compare(event);
    if (event?.type === 'whisper') this.#options.onWhisper(event);
    if (event) this.#options.onEvent?.(event, '', undefined);
  }

  #compare({ head, digests }: PingEvent): void {
    for (const kept of this.#kept) {
      const { list, reading, proof } = kept;
      if (isOfEpoch(this.#stream.position, head) && !isOfEpoch(list.cursor, head)) {
        // Something on the way went on answering with what was before a restore: no event that comes now would be applied to it.
        reading.requestQuietly(HEAL_SPREAD_MS, head);
        continue;
      }
      const expected = digests[list.topic];
      // Of a node that lags behind the one that the list was read from nothing can be learned.
      const isAhead = [list.cursor, this.#stream.position].some((cursor) => isBehind(head, cursor));
      const shown = reading.isUnderWay || isAhead ? undefined : list.digest();
      const comparison = proof.compare(expected, shown, this.#stream.position === head);
      this.#options.onCompared?.(comparison, list.topic);
      if (comparison === 'equal') {
        kept.checkedAtMs = this.#options.clock.now();
        kept.provenAt = head;
      }
      if (comparison !== 'divergent' || expected === undefined || shown === undefined) continue;
      reading.requestQuietly(HEAL_SPREAD_MS, head);
      this.#options.onDivergence({ topic: list.topic, head, expected, shown });
    }
  }

  async #poll(): Promise<void> {
    const answers = await Promise.all(this.#kept.map(({ reading }) => reading.poll(this.#stream.position)));
    this.#isAnswered = answers.every((isAnswered) => isAnswered);
    if (this.#isAnswered) this.#stream.skipTo(this.#oldestCursor());
    this.#tellSituation();
  }

  #setStreamState(state: ConnectionState): void {
    this.#streamState = state;
    this.#keepPace();
    this.#tellSituation();
  }

  #setAtRest(isAtRest: boolean): void {
    this.#isAtRest = isAtRest;
    this.#keepPace();
  }

  #keepPace(): void {
    if (this.#isAtRest) this.#pollingAtRest.start();
    else this.#pollingAtRest.stop();
    if (this.#streamState === 'polling' && !this.#isAtRest) this.#polling.start();
    else this.#polling.stop();
  }

  #tellSituation(): void {
    this.#options.onSituation(this.situation);
  }
}

/** The address of a stream: `/events?topics=latest,series:44&cursor=k3f9.10422`. */
export function streamPath({ topics, tickets, cursor }: StreamRequest): string {
  // Both may stand in a query as they are, and are read more easily.
  const names = encodeURIComponent(topics.join()).replace(/%(?:3A|2C)/g, decodeURIComponent);
  const parameters = [`topics=${names}`];
  if (cursor !== '') parameters.push(`cursor=${encodeURIComponent(cursor)}`);
  for (const ticket of tickets) parameters.push(`t=${encodeURIComponent(ticket)}`);
  return `/events?${parameters.join('&')}`;
}
