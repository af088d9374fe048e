import type { Bus } from './feed/bus';
import type { Note, Share, WhisperValue } from './feed/bus-message';
import type { NodeClock } from './turns';

/** A value is told at most this often; of those in between only the last one matters. */
const GATHER_MS = 1_000;
/** How often a node repeats its shares, which is also how the others know that it is there. */
const REPEAT_MS = 3_000;
/** A node that has been silent for as long has no share any more; with the pause between two looks it is gone within ten seconds. */
const SILENCE_MS = 6_500;

/** What needs no memory: the latest value of something, told over the bus alone. Who comes later is told the last one. */
export class Whispers {
  readonly #bus: Pick<Bus, 'tell'>;
  readonly #clock: NodeClock;
  readonly #deliver: (topic: string, key: string, value: WhisperValue) => void;
  readonly #leastSum: (topic: string) => number;
  /** By topic and key. */
  readonly #last = new Map<string, Map<string, WhisperValue>>();
  /** What was told lately, each with a function that calls off the end of its pause; and what is told then. */
  readonly #paused = new Map<string, () => void>();
  readonly #waiting = new Map<string, () => void>();
  readonly #own = new Map<string, Share>();
  /** By the node, and then by their names. */
  readonly #others = new Map<
    string,
    { readonly shares: ReadonlyMap<string, Share>; readonly heardMs: number }
  >();
  #cancelRepeat: () => void = () => undefined;

  /**
   * @param options.deliver tells the clients of this node
   * @param options.leastSum a sum over all nodes that is smaller is told to nobody; a value that was told before is taken back by null
   */
  constructor(options: {
    readonly bus: Pick<Bus, 'tell'>;
    readonly clock: NodeClock;
    readonly deliver: (topic: string, key: string, value: WhisperValue) => void;
    readonly leastSum?: (topic: string) => number;
  }) {
    this.#bus = options.bus;
    this.#clock = options.clock;
    this.#deliver = options.deliver;
    this.#leastSum = options.leastSum ?? (() => 0);
    this.#repeat();
  }

  /** Tells all clients of the topic, on every node. */
  say(topic: string, key: string, value: WhisperValue): void {
    this.#set(topic, key, value, () => this.#bus.tell({ type: 'whisper', topic, key, value }));
  }

  /** This node's share of a value that is the sum over all nodes, or the greatest of their shares. 0 is none. */
  share(topic: string, key: string, value: number, { isGreatest }: Pick<Share, 'isGreatest'> = {}): void {
    const share = { topic, key, value, isGreatest };
    const name = nameOf(share);
    if ((this.#own.get(name)?.value ?? 0) === value) return;
    if (value === 0) this.#own.delete(name);
    else this.#own.set(name, share);
    this.#gather('shares', () => this.#tellShares());
    this.#add(share);
  }

  /** What a client of these topics is told when it comes. */
  lastOf(
    topics: readonly string[],
  ): readonly { readonly topic: string; readonly key: string; readonly value: WhisperValue }[] {
    return topics.flatMap((topic) =>
      [...(this.#last.get(topic) ?? [])].map(([key, value]) => ({ topic, key, value })),
    );
  }

  /** Takes what another node has said. */
  hear(note: Note, from: string): void {
    if (note.type === 'whisper') this.#set(note.topic, note.key, note.value);
    if (note.type !== 'shares') return;
    const before = this.#others.get(from)?.shares ?? new Map<string, Share>();
    const shares = new Map(note.shares.map((share) => [nameOf(share), share]));
    this.#others.set(from, { shares, heardMs: this.#clock.now() });
    for (const share of new Map([...before, ...shares]).values()) this.#add(share);
  }

  close(): void {
    this.#cancelRepeat();
    for (const cancel of this.#paused.values()) cancel();
    this.#paused.clear();
    // So that the others need not wait for the silence.
    if (this.#own.size > 0) this.#bus.tell({ type: 'shares', shares: [] });
  }

  #set(topic: string, key: string, value: WhisperValue, thenTell: () => void = () => undefined): void {
    const ofTopic = this.#last.get(topic) ?? new Map<string, WhisperValue>();
    if (ofTopic.get(key) === value) return;
    this.#last.set(topic, ofTopic.set(key, value));
    this.#gather(nameOf({ topic, key }), () => {
      this.#deliver(topic, key, value);
      thenTell();
    });
  }

  /** Runs `tell` at once if nothing of that name was told lately, else when its time has come; the last one counts. */
  #gather(name: string, tell: () => void): void {
    if (this.#paused.has(name)) {
      this.#waiting.set(name, tell);
      return;
    }
    tell();
    this.#paused.set(
      name,
      this.#clock.after(GATHER_MS, () => {
        this.#paused.delete(name);
        const next = this.#waiting.get(name);
        this.#waiting.delete(name);
        if (next) this.#gather(name, next);
      }),
    );
  }

  #repeat(): void {
    this.#cancelRepeat = this.#clock.after(REPEAT_MS, () => {
      this.#tellShares();
      this.#forgetSilent();
      this.#repeat();
    });
  }

  #tellShares(): void {
    this.#bus.tell({ type: 'shares', shares: [...this.#own.values()] });
  }

  #forgetSilent(): void {
    for (const [node, { shares, heardMs }] of this.#others) {
      if (this.#clock.now() - heardMs < SILENCE_MS) continue;
      this.#others.delete(node);
      for (const share of shares.values()) this.#add(share);
    }
  }

  /** Adds up what all nodes have of it. */
  #add({ topic, key, isGreatest }: Share): void {
    const name = nameOf({ topic, key });
    let sum = this.#own.get(name)?.value ?? 0;
    for (const { shares } of this.#others.values()) {
      const value = shares.get(name)?.value ?? 0;
      sum = isGreatest ? Math.max(sum, value) : sum + value;
    }
    const isSecret = sum < this.#leastSum(topic);
    if (isSecret && !this.#last.get(topic)?.has(key)) return;
    this.#set(topic, key, isSecret ? null : sum);
    // Nobody is left who could be told of it later.
    if (isSecret || sum === 0) this.#last.get(topic)?.delete(key);
  }
}

function nameOf({ topic, key }: { readonly topic: string; readonly key: string }): string {
  return `${topic} ${key}`;
}
