import type { Clock } from './clock';
import type { Channel } from './shared-stream';
import type { Locks } from './tab-lock';

export type ChannelLocksOptions = {
  readonly clock: Clock;
  /** Reaches the other tabs, not this one. */
  readonly openChannel: (name: string) => Channel;
};

/** Whoever holds the lock answers within this time; nobody does when nobody has it. */
const ANSWER_MS = 250;
/** A holder says so as often; timers of hidden tabs may be slow. */
const BEAT_MS = 15_000;
/** A holder as silent as that is asked. */
const SILENCE_MS = 40_000;

type LockMessage =
  | { readonly kind: 'want' | 'free' | 'steal'; readonly from: string }
  | { readonly kind: 'held'; readonly from: string; readonly rank: number };

/**
 * Web Locks by messages between tabs, for where the browser has none: on plain http from another machine. Who wants the lock asks,
 * and takes it when nobody answers; of those who ask together the one with the smallest name goes first. Two may hold it for a
 * moment, when a message is late: the one that came second loses it as if it had been stolen.
 */
export class ChannelLocks implements Locks {
  readonly #options: ChannelLocksOptions;

  constructor(options: ChannelLocksOptions) {
    this.#options = options;
  }

  request(...[name, options, held]: Parameters<Locks['request']>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const claim = new Claim(this.#options, name, { held, resolve, reject });
      if ('steal' in options) return claim.steal();
      options.signal.addEventListener('abort', () => claim.withdraw(options.signal.reason), { once: true });
      claim.ask();
    });
  }
}

type ClaimOptions = {
  readonly held: () => Promise<void>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (reason: unknown) => void;
};

class Claim {
  readonly #options: ClaimOptions;
  readonly #clock: Clock;
  readonly #channel: Channel;
  readonly #id: string;
  #state: 'asking' | 'queued' | 'held' | 'over' = 'queued';
  /** Of two that hold the lock the one with the lower rank keeps it. */
  #rank = 0;
  #cancelTimer: () => void = () => undefined;

  constructor({ clock, openChannel }: ChannelLocksOptions, name: string, options: ClaimOptions) {
    this.#options = options;
    this.#clock = clock;
    this.#id = clock.random().toString(36).slice(2);
    this.#channel = openChannel(name);
    this.#channel.addEventListener('message', ({ data }) => {
      const message = parse(data);
      if (message && this.#state !== 'over') this.#hear(message);
    });
  }

  ask(): void {
    this.#state = 'asking';
    this.#post({ kind: 'want', from: this.#id });
    this.#wait(ANSWER_MS, () => this.#take(this.#clock.now()));
  }

  steal(): void {
    this.#post({ kind: 'steal', from: this.#id });
    // Ahead of all that came by asking, and of who has stolen it before.
    this.#take(-this.#clock.now());
  }

  /** One that holds the lock gives it back by ending what it does with it. */
  withdraw(reason: unknown): void {
    if (this.#state !== 'held') this.#end(() => this.#options.reject(reason));
  }

  #hear(message: LockMessage): void {
    switch (message.kind) {
      case 'want':
        return this.#hearWant(message.from);
      case 'held':
        return this.#state === 'held' ? this.#hearRival(message) : this.#queue();
      case 'steal':
        return this.#state === 'held' ? this.#lose() : this.#queue();
      case 'free':
        if (this.#state === 'queued') this.ask();
        return;
      default:
        return message satisfies never;
    }
  }

  #hearWant(from: string): void {
    if (this.#state === 'held') return this.#sayHeld();
    if (this.#state !== 'asking') return;
    // The other one may have come too late to hear of this one.
    if (this.#id < from) this.#post({ kind: 'want', from: this.#id });
    else this.#wait(ANSWER_MS, () => this.#take(this.#clock.now()));
  }

  #hearRival({ from, rank }: Extract<LockMessage, { kind: 'held' }>): void {
    const isAhead = rank === this.#rank ? from < this.#id : rank < this.#rank;
    if (isAhead) this.#lose();
    else this.#sayHeld();
  }

  #queue(): void {
    this.#state = 'queued';
    this.#wait(SILENCE_MS, () => this.ask());
  }

  #take(rank: number): void {
    this.#state = 'held';
    this.#rank = rank;
    this.#beat();
    const { held, resolve, reject } = this.#options;
    const giveBack = (settle: () => void): void => {
      if (this.#state === 'over') return;
      this.#post({ kind: 'free', from: this.#id });
      this.#end(settle);
    };
    held().then(
      () => giveBack(() => resolve(undefined)),
      (error: unknown) => giveBack(() => reject(error)),
    );
  }

  #beat(): void {
    this.#sayHeld();
    this.#wait(BEAT_MS, () => this.#beat());
  }

  #sayHeld(): void {
    this.#post({ kind: 'held', from: this.#id, rank: this.#rank });
  }

  #lose(): void {
    this.#end(() => this.#options.reject(new DOMException('Another tab has the lock.', 'AbortError')));
  }

  #end(settle: () => void): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    this.#cancelTimer();
    this.#channel.close();
    settle();
  }

  #wait(ms: number, task: () => void): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#clock.after(ms, task);
  }

  #post(message: LockMessage): void {
    this.#channel.postMessage(message);
  }
}

function parse(data: unknown): LockMessage | undefined {
  if (typeof data !== 'object' || data === null) return undefined;
  const { kind, from, rank }: Readonly<Record<string, unknown>> = { ...data };
  if (typeof from !== 'string') return undefined;
  if (kind === 'want' || kind === 'free' || kind === 'steal') return { kind, from };
  return kind === 'held' && typeof rank === 'number' ? { kind, from, rank } : undefined;
}
