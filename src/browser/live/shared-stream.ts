import { isBehind } from './cursor';
import type { LiveStreamOptions, StreamState } from './live-stream';
import { RecentMessages } from './recent-messages';
import type { StreamMessage } from './stream-event';
import { type Locks, TabLock } from './tab-lock';
import { parseTabMessage, type TabMessage } from './tab-message';

/** What is used of a BroadcastChannel. */
export type Channel = {
  postMessage(message: unknown): void;
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void;
  close(): void;
};

export type SharedStreamOptions = {
  /** The point up to which the page is complete. */
  readonly cursor: string;
  /** Undefined where the browser can't share: then every tab has a connection of its own. */
  readonly sharing: { readonly locks: Locks; readonly openChannel: () => Channel } | undefined;
  readonly connect: (options: Omit<LiveStreamOptions, 'openSource'>) => Connection;
  readonly isHidden: () => boolean;
  readonly onMessage: (message: StreamMessage) => void;
  readonly onState: (state: StreamState) => void;
  /** Something up to `reached` was missed that no tab knows: the page has to be read again. */
  readonly onMissed: (reached: string) => void;
  /** `onMessage` has thrown: what it was to do is not done, and the page has to be read again. */
  readonly onNotTaken: (error: unknown, reached: string) => void;
  /** A surprise, after which it goes on. */
  readonly onError: (error: unknown) => void;
};

export type Connection = { open(): void; reopen(): void; close(): void };

/** Of the lock, and of the channel. */
export const SHARED_STREAM = 'nipnime-stream';
const BEAT_MS = 15_000;
/** More than two beats: a leader as silent as that is frozen. */
const SILENCE_MS = 40_000;
const ANSWER_MS = 3_000;

/**
 * One connection for all the tabs of a browser: the tab that holds the lock leads, and passes on what it hears.
 * Each tab keeps the point up to which it is complete, and everything that a leader says names the point that it
 * continues. A follower behind that point asks; a new leader connects from its own. So no change of leaders, no sleep
 * and no lost message leaves a gap; what comes twice is dropped by its number.
 */
export class SharedStream {
  readonly #options: SharedStreamOptions;
  readonly #tabId = Math.random().toString(36).slice(2);
  readonly #recent: RecentMessages;
  #position: string;
  #state: StreamState = 'closed';
  #hasStarted = false;
  #channel: Channel | undefined;
  #lock: TabLock | undefined;
  /** Of the leader. */
  #connection: Connection | undefined;
  #beatTimer: ReturnType<typeof setInterval> | undefined;
  #silenceTimer: ReturnType<typeof setTimeout> | undefined;
  #isAsking = false;

  constructor(options: SharedStreamOptions) {
    this.#options = options;
    this.#position = options.cursor;
    this.#recent = new RecentMessages(options.cursor);
  }

  /** The point up to which everything was told. */
  get position(): string {
    return this.#position;
  }

  /** Takes part from now on; a page that does already makes sure that it is connected. */
  start(): void {
    if (this.#state === 'closed') {
      this.#setState(this.#hasStarted ? 'reconnecting' : 'connecting');
      this.#hasStarted = true;
      this.#share();
    }
    this.wake();
  }

  /** Takes no part any more, and has no connection; what is missed meanwhile comes after the next start. */
  stop(): void {
    this.rest();
    this.#lock = undefined;
    this.#channel?.close();
    this.#channel = undefined;
    this.#setState('closed');
  }

  /** Connects at once, or asks the leader for what was missed. */
  wake(): void {
    if (this.#state === 'closed') return;
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
    clearTimeout(this.#silenceTimer);
    this.#isAsking = false;
    this.#resign();
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
    clearTimeout(this.#silenceTimer);
    this.#isAsking = false;
    this.#connection = this.#options.connect({
      cursor: () => this.#position,
      previously: this.#state,
      onError: this.#options.onError,
      onMessage: (message) => {
        this.#post({ kind: 'event', after: this.#position, message });
        this.#take(message);
      },
      onState: (state) => {
        if (state === 'closed') return;
        this.#setState(state);
        this.#sayLeading();
      },
    });
    this.#connection.open();
    this.#beatTimer = setInterval(() => this.#sayLeading(), BEAT_MS);
  }

  #resign(): void {
    if (!this.#connection) return;
    clearInterval(this.#beatTimer);
    this.#connection.close();
    this.#connection = undefined;
    this.#setState('reconnecting');
  }

  #sayLeading(): void {
    this.#post({ kind: 'leading', state: this.#state, position: this.#position });
  }

  #hear(message: TabMessage | undefined): void {
    if (!message || this.#state === 'closed') return;
    if (this.#connection) {
      // Another leader is one that doesn't know yet that its lock was taken, or that has just taken this one's.
      if (message.kind === 'ask') this.#answer(message);
      return;
    }
    if (message.kind === 'ask' || (message.kind === 'answer' && message.to !== this.#tabId)) return;
    this.#expectSound(SILENCE_MS);
    switch (message.kind) {
      case 'answer':
        this.#isAsking = false;
        this.#setState(message.state);
        return this.#catchUp(message);
      case 'leading':
        // A new leader has not heard what the one before was asked.
        this.#isAsking = false;
        this.#setState(message.state);
        if (isBehind(this.#position, message.position)) this.#ask();
        return;
      case 'event':
        // A reset says that nothing continues, so it needs nothing before it.
        if (message.message.type === 'reset' || !isBehind(this.#position, message.after)) {
          return this.#take(message.message);
        }
        return this.#ask();
      default:
        return message satisfies never;
    }
  }

  #ask(): void {
    if (this.#isAsking) return;
    this.#isAsking = true;
    this.#post({ kind: 'ask', from: this.#tabId, cursor: this.#position });
    this.#expectSound(ANSWER_MS);
  }

  #answer({ from, cursor }: Extract<TabMessage, { kind: 'ask' }>): void {
    const { state, position } = { state: this.#state, position: this.#position };
    this.#post({ kind: 'answer', to: from, state, position, messages: this.#recent.since(cursor) });
  }

  #catchUp({ messages, position }: Extract<TabMessage, { kind: 'answer' }>): void {
    if (messages) {
      for (const message of messages) this.#take(message);
      return;
    }
    this.#position = position;
    this.#recent.restart(position);
    this.#options.onMissed(position);
  }

  #take(message: StreamMessage): void {
    try {
      this.#options.onMessage(message);
    } catch (error) {
      // The next event would lead past it, so that nobody would ask for it again.
      this.#options.onNotTaken(error, message.id);
    }
    if (message.id === '') return;
    if (message.type === 'reset') {
      this.#position = message.id;
      this.#recent.restart(message.id);
    } else if (isBehind(this.#position, message.id)) {
      this.#position = message.id;
      this.#recent.add(message);
    }
  }

  #expectSound(withinMs: number): void {
    clearTimeout(this.#silenceTimer);
    this.#silenceTimer = setTimeout(() => {
      this.#isAsking = false;
      // A hidden tab takes the connection from nobody. It asks again when it is looked at.
      if (!this.#options.isHidden()) this.#lock?.steal();
    }, withinMs);
  }

  #post(message: TabMessage): void {
    try {
      this.#channel?.postMessage(message);
    } catch (error) {
      // To this tab it is told all the same; the others notice the gap with the next message.
      this.#options.onError(error);
    }
  }

  #setState(state: StreamState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#options.onState(state);
  }
}
