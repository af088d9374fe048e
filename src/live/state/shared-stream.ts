import type { Clock } from './clock';
import { Connection, type ConnectionOptions, type ConnectionState, type Source } from './connection';
import { isBehind, isOfEpoch } from './cursor';
import { RecentChanges } from './recent-changes';
import { parseStreamEvent, type StreamChange, type StreamFrame } from './stream-event';
import { type Locks, TabLock } from './tab-lock';
import { type LeaderNews, parseTabMessage, type TabMessage, type TabWish } from './tab-message';
import { carries, hasRoomFor, includesAll, Wishes } from './wishes';

/** What is used of a BroadcastChannel. */
export type Channel = {
  postMessage(message: unknown): void;
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void;
  close(): void;
};

/** What a connection is asked for. */
export type StreamRequest = TabWish & { readonly cursor: string };

export type SharedStreamOptions = {
  readonly clock: Clock;
  /** The point up to which the page is complete; empty when it has nothing that could be complete. */
  readonly cursor: string;
  /** What the page shows. */
  readonly wish: TabWish;
  /** Undefined where the browser can't share: then every tab has a connection of its own. */
  readonly sharing: { readonly locks: Locks; readonly openChannel: () => Channel } | undefined;
  readonly openSource: (request: StreamRequest) => Source;
  /** By another way, where there is no stream to be had; undefined while that is not there either. */
  readonly openOther?: ((request: StreamRequest) => Source | undefined) | undefined;
  readonly isHidden: () => boolean;
  readonly onChange: (change: StreamChange) => void;
  /** A frame that leads to no other point: a `ping`, a `whisper`. */
  readonly onAside: (frame: StreamFrame) => void;
  readonly onState: (state: ConnectionState) => void;
  /** Something up to `reached` was missed that no tab knows: the page has to be read again. */
  readonly onMissed: (reached: string) => void;
  /** `onChange` has thrown: what it was to do is not done, and the page has to be read again. */
  readonly onNotTaken: (error: unknown, reached: string) => void;
  /** A surprise, after which it goes on. */
  readonly onError: (error: unknown) => void;
  /** Another connection than the real one, for a test. */
  readonly connect?: (options: ConnectionOptions) => Pick<Connection, 'open' | 'reopen' | 'renew' | 'close'>;
};

/** Of the lock, and of the channel. The number is that of the messages between tabs. */
export const SHARED_STREAM = 'nipnime-stream-2';
const BEAT_MS = 15_000;
/** More than two beats: a leader as silent as that is frozen. */
const SILENCE_MS = 40_000;
const ANSWER_MS = 3_000;
/** After so long a follower says again what it wants, or the leader would take it for gone. */
const ASK_AGAIN_MS = 5 * 60_000;
/** Tabs that are opened together, or that a new leader calls up, come within this time: one other connection for all of them. */
const GATHER_MS = 150;

/**
 * One connection for all the tabs of a browser, for all that they show together: the tab that holds the lock leads, and passes on
 * what it hears. Each tab keeps the point up to which it is complete in its own topics, and everything that a leader says names
 * the point that it continues, and its topics. A follower behind that point asks; one whose topics the connection doesn't carry
 * asks for them, and the leader connects anew from the oldest point that any tab stands at: what a newer one knows already is
 * dropped by its number. A new leader connects from its own point. So no change of leaders or topics, no sleep and no lost message
 * leaves a gap. States and events: docs/live-states.md.
 */
export class SharedStream {
  readonly #options: SharedStreamOptions;
  readonly #clock: Clock;
  readonly #tabId: string;
  readonly #wishes: Wishes;
  readonly #recent: RecentChanges;
  #position: string;
  /** Of the connection, this tab's or the leader's. */
  #connectionState: ConnectionState = 'closed';
  #shownState: ConnectionState = 'closed';
  #hasStarted = false;
  #channel: Channel | undefined;
  #lock: TabLock | undefined;
  /** Of the leader. */
  #connection: Pick<Connection, 'open' | 'reopen' | 'renew' | 'close'> | undefined;
  /** What the connection was asked for, and what it carries. */
  #request: TabWish = { topics: [], tickets: [] };
  #topics: readonly string[] = [];
  /** The last word of each whisper, by topic and key. */
  readonly #whispers = new Map<string, StreamFrame>();
  #leaderId = '';
  #isAsking = false;
  #askedAtMs = 0;
  #cancelBeat: () => void = () => undefined;
  #cancelSilence: () => void = () => undefined;
  #cancelRenewal: (() => void) | undefined;
  /** The oldest point that the next connection has to begin at for somebody; empty for this tab's own. */
  #renewalCursor = '';

  constructor(options: SharedStreamOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#tabId = options.clock.random().toString(36).slice(2);
    this.#position = options.cursor;
    this.#wishes = new Wishes(options.wish);
    this.#recent = new RecentChanges(options.cursor);
  }

  /** The point up to which everything was told. */
  get position(): string {
    return this.#position;
  }

  /** Takes part from now on; a page that does already makes sure that it is connected. */
  start(): void {
    if (this.#shownState === 'closed') {
      this.#setState(this.#hasStarted ? 'reconnecting' : 'connecting');
      this.#hasStarted = true;
      this.#share();
    }
    this.wake();
  }

  /** Takes no part any more, and has no connection; what is missed meanwhile comes after the next start. */
  stop(): void {
    if (!this.#connection) this.#post({ kind: 'leave', from: this.#tabId });
    this.rest();
    this.#lock = undefined;
    this.#channel?.close();
    this.#channel = undefined;
    this.#wishes.clear();
    this.#leaderId = '';
    this.#setState('closed');
  }

  /** Connects at once, or asks the leader for what was missed. */
  wake(): void {
    if (this.#shownState === 'closed') return;
    if (this.#connection) return this.#connection.open();
    if (!this.#lock) return this.#lead();
    this.#lock.want();
    this.#ask();
  }

  /** The network is another one: a connection of before may hang. */
  reconnect(): void {
    if (this.#connection) this.#connection.reopen();
    else this.wake();
  }

  /** Needs no connection for now, and leads nobody; it goes on listening to a tab that does. */
  rest(): void {
    this.#lock?.giveUp();
    this.#cancelSilence();
    this.#isAsking = false;
    this.#resign();
  }

  /** The page was read again by itself while nothing could be heard, and is complete up to there. */
  skipTo(cursor: string): void {
    if (this.#shownState === 'live' || !isBehind(this.#position, cursor)) return;
    this.#position = cursor;
    this.#recent.restart(cursor);
  }

  #share(): void {
    const { sharing } = this.#options;
    if (!sharing) return;
    try {
      this.#channel = sharing.openChannel();
    } catch (error) {
      // Without a lock every tab has a connection of its own.
      return this.#options.onError(error);
    }
    this.#channel.addEventListener('message', ({ data }) => this.#hear(parseTabMessage(data)));
    this.#lock = new TabLock({
      clock: this.#clock,
      locks: sharing.locks,
      name: SHARED_STREAM,
      onGranted: () => this.#lead(),
      onStolen: () => {
        this.#resign();
        this.#ask();
      },
      onUnavailable: () => {
        this.#lock = undefined;
        this.#channel?.close();
        this.#channel = undefined;
        this.#lead();
      },
    });
  }

  #lead(): void {
    if (this.#connection) return;
    this.#cancelSilence();
    this.#isAsking = false;
    // The one that led before has gone, or is frozen, and will ask.
    this.#wishes.forget(this.#leaderId);
    this.#wishes.forget(this.#tabId);
    this.#leaderId = this.#tabId;
    const { openSource, openOther, connect = (options) => new Connection(options) } = this.#options;
    this.#connection = connect({
      clock: this.#clock,
      cursor: () => this.#position,
      openSource: (cursor) => openSource(this.#nextRequest(cursor)),
      openOther: openOther && ((cursor) => openOther(this.#nextRequest(cursor))),
      previously: this.#connectionState,
      onError: this.#options.onError,
      onHello: ({ topics }, id) => {
        this.#learnTopics(topics ?? this.#request.topics);
        if (this.#position === '') this.#begin(id);
        this.#sayLeading();
      },
      onChange: (change) => {
        this.#post({ kind: 'change', change, ...this.#news });
        this.#take(change);
      },
      onAside: (frame) => {
        this.#post({ kind: 'aside', frame, ...this.#news });
        this.#takeAside(frame);
      },
      onSignedOut: () => {
        this.#wishes.dropTickets();
        this.#post({ kind: 'signed-out', from: this.#tabId });
      },
      onState: (state) => {
        if (state === 'closed') return;
        this.#setState(state);
        this.#sayLeading();
      },
    });
    this.#connection.open();
    this.#beat();
  }

  #nextRequest(cursor: string): StreamRequest {
    this.#request = this.#wishes.union(this.#clock.now());
    this.#learnTopics(this.#request.topics);
    return { cursor, ...this.#request };
  }

  /** A page without a list is complete wherever it begins. */
  #begin(id: string): void {
    this.#position = id;
    this.#recent.restart(id);
  }

  #beat(): void {
    this.#cancelBeat = this.#clock.after(BEAT_MS, () => {
      this.#sayLeading();
      this.#beat();
    });
  }

  #resign(): void {
    if (!this.#connection) return;
    this.#cancelBeat();
    this.#cancelRenewal?.();
    this.#cancelRenewal = undefined;
    this.#renewalCursor = '';
    this.#connection.close();
    this.#connection = undefined;
    this.#setState('reconnecting');
  }

  get #news(): LeaderNews {
    return {
      from: this.#tabId,
      topics: this.#topics,
      state: this.#connectionState,
      position: this.#position,
    };
  }

  #sayLeading(): void {
    this.#post({ kind: 'leading', tabs: this.#wishes.tabs, ...this.#news });
  }

  #hear(message: TabMessage | undefined): void {
    if (!message || this.#shownState === 'closed') return;
    if (this.#connection) return this.#hearFollower(message);
    switch (message.kind) {
      case 'ask':
      case 'leave':
        return;
      case 'signed-out':
        return this.#wishes.dropTickets();
      case 'answer':
        if (message.to !== this.#tabId) return;
        break;
      case 'leading':
      case 'change':
      case 'aside':
        break;
      default:
        return message satisfies never;
    }
    this.#expectSound(SILENCE_MS);
    this.#hearLeader(message);
  }

  /** Another leader is one that doesn't know yet that its lock was taken, or that has just taken this one's. */
  #hearFollower(message: TabMessage): void {
    if (message.kind === 'ask') this.#answer(message);
    else if (message.kind === 'leave') this.#wishes.forget(message.from);
  }

  #hearLeader(message: Exclude<TabMessage, { kind: 'ask' | 'leave' | 'signed-out' }>): void {
    const wasCarried = this.#isCarried;
    this.#learnTopics(message.topics);
    if (message.kind === 'leading') this.#learnTabs(message.tabs);
    const isOther = message.from !== this.#leaderId;
    this.#leaderId = message.from;
    // A new leader has not heard what the one before was asked, a connection for more topics is an answer, and one may be lost.
    const isLate = this.#clock.now() - this.#askedAtMs >= ANSWER_MS;
    const isJoining = !wasCarried && this.#isCarried;
    if (message.kind === 'answer' || isOther || isJoining || isLate) this.#isAsking = false;
    if (!this.#isCarried) return this.#hearOfOthers(message, isOther);
    this.#setState(message.state);
    switch (message.kind) {
      case 'answer':
        return this.#catchUp(message);
      case 'leading':
        if (isOther || isBehind(this.#position, message.position) || this.#isForgetful()) this.#ask();
        return;
      case 'aside':
        return this.#hearAside(message);
      case 'change':
        if (isBehind(this.#position, message.position)) return this.#ask();
        return this.#take(message.change);
      default:
        return message satisfies never;
    }
  }

  #hearAside({ frame, position }: Extract<TabMessage, { kind: 'aside' }>): void {
    const lacks = isBehind(this.#position, position);
    if (lacks) this.#ask();
    // Of what this tab has not heard yet a ping would only say that the page lacks it.
    if (!lacks || frame.type !== 'ping') this.#takeAside(frame);
  }

  /** What the leader hears is not for this tab: it has to ask for its topics, or to read its page by itself. */
  #hearOfOthers(message: LeaderNews & { readonly kind: TabMessage['kind'] }, isOther: boolean): void {
    const { topics } = this.#wishes.own;
    if (isOther || (message.kind === 'leading' && hasRoomFor(this.#topics, topics))) return this.#ask();
    if (!this.#isAsking) this.#setState(message.state);
  }

  #isForgetful(): boolean {
    return this.#clock.now() - this.#askedAtMs > ASK_AGAIN_MS;
  }

  #learnTabs(tabs: Extract<TabMessage, { kind: 'leading' }>['tabs']): void {
    this.#wishes.clear();
    for (const { id, ...wish } of tabs) this.#wishes.set(id, wish, this.#clock.now());
  }

  #learnTopics(topics: readonly string[]): void {
    // Of a topic that has joined nothing was heard so far.
    if (!includesAll(this.#topics, topics)) this.#recent.restart(this.#position);
    this.#topics = topics;
  }

  #ask(): void {
    if (this.#isAsking) return;
    this.#isAsking = true;
    this.#askedAtMs = this.#clock.now();
    this.#post({ kind: 'ask', from: this.#tabId, cursor: this.#position, ...this.#wishes.own });
    this.#expectSound(ANSWER_MS);
  }

  #answer({ from, cursor, topics, tickets }: Extract<TabMessage, { kind: 'ask' }>): void {
    const wish = { topics, tickets };
    this.#wishes.set(from, wish, this.#clock.now());
    // The new connection is the answer.
    if (!carries(this.#request, wish)) return this.#renewFrom(cursor);
    this.#post({
      kind: 'answer',
      to: from,
      changes: this.#recent.since(cursor),
      whispers: [...this.#whispers.values()],
      ...this.#news,
    });
  }

  /** Connects for more topics, from where the tab stands that wants them if that is behind this one. */
  #renewFrom(cursor: string): void {
    this.#renewalCursor = older(this.#renewalCursor, cursor);
    this.#cancelRenewal ??= this.#clock.after(GATHER_MS, () => {
      this.#cancelRenewal = undefined;
      this.#position = older(this.#position, this.#renewalCursor);
      this.#renewalCursor = '';
      this.#recent.restart(this.#position);
      this.#connection?.renew();
      this.#sayLeading();
    });
  }

  #catchUp({ changes, whispers, position }: Extract<TabMessage, { kind: 'answer' }>): void {
    for (const whisper of whispers) this.#takeAside(whisper);
    if (changes) {
      for (const change of changes) this.#take(change);
      return;
    }
    this.#position = position;
    this.#recent.restart(position);
    this.#options.onMissed(position);
  }

  #take(change: StreamChange): void {
    try {
      this.#options.onChange(change);
    } catch (error) {
      // The next change would lead past it, so that nobody would ask for it again.
      this.#options.onNotTaken(error, change.id);
    }
    if (change.id === '') return;
    if (!isOfEpoch(this.#position, change.id)) {
      this.#position = change.id;
      this.#recent.restart(change.id);
    } else if (isBehind(this.#position, change.id)) {
      this.#position = change.id;
      this.#recent.add(change);
    }
  }

  #takeAside(frame: StreamFrame): void {
    const event = parseStreamEvent(frame.type, frame.data);
    if (event?.type === 'whisper') this.#whispers.set(`${event.topic} ${event.key}`, frame);
    this.#options.onAside(frame);
  }

  #expectSound(withinMs: number): void {
    this.#cancelSilence();
    this.#cancelSilence = this.#clock.after(withinMs, () => {
      this.#isAsking = false;
      if (!this.#options.isHidden()) return this.#lock?.steal();
      // A hidden tab takes the connection from nobody. It asks again when it is looked at.
      this.#setState('reconnecting');
    });
  }

  #post(message: TabMessage): void {
    try {
      this.#channel?.postMessage(message);
    } catch (error) {
      // To this tab it is told all the same; the others notice the gap with the next message.
      this.#options.onError(error);
    }
  }

  /** Whether the connection is for what this tab shows. */
  get #isCarried(): boolean {
    return includesAll(this.#topics, this.#wishes.own.topics);
  }

  #setState(state: ConnectionState): void {
    this.#connectionState = state;
    const isOfUse = state !== 'live' || this.#isCarried;
    const shown = isOfUse ? state : 'polling';
    if (shown === this.#shownState) return;
    this.#shownState = shown;
    this.#options.onState(shown);
  }
}

/** Of two points the one that has less; where they can't be compared, or there is no second one, the first. */
function older(cursor: string, other: string): string {
  if (cursor === '' || other === '') return cursor || other;
  return isOfEpoch(other, cursor) && isBehind(other, cursor) ? other : cursor;
}
