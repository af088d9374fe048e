import type { Delivery } from '../../live/hub/stream-metrics';
import type { TopicRule } from '../../live/topics';
import type { NodeClock } from '../../live/turns';
import type { Whispers } from '../../live/whispers';

/** The topics of single episodes: on how many screens their last change is, and how long the last of them waited. */
const RECEIPT = 'receipt:';

/** Whoever posts sees it; of the rest nobody has to know how many watch. */
export const RECEIPT_TOPICS: readonly TopicRule[] = [{ topic: `${RECEIPT}*`, isPrivate: true }];

export function receiptTopic(episodeId: string): string {
  return `${RECEIPT}${episodeId}`;
}

/** Less than the least that a receipt says, which is a hundredth of a second, is taken back: there is none. */
export const LEAST_TOLD = 0.01;

export function isReceiptTopic(topic: string): boolean {
  return topic.startsWith(RECEIPT);
}

/** Long enough for the page that is shown after saving to come and listen. */
const KEPT_MS = 30_000;
const LOOK_MS = 5_000;
/** Of a run of many changes, nobody reads the receipts of all. */
const MAX_KEPT = 100;

type Receipt = { readonly seq: number; screens: number; seconds: number; readonly sinceMs: number };

/** Tells those who have just saved an episode on how many screens it is, on all nodes together. */
export class Receipts {
  readonly #whispers: Pick<Whispers, 'share'>;
  readonly #clock: NodeClock;
  /** By the id of the episode, the latest change last. */
  readonly #kept = new Map<string, Receipt>();
  #cancelLook: () => void = () => undefined;

  constructor(options: { readonly whispers: Pick<Whispers, 'share'>; readonly clock: NodeClock }) {
    this.#whispers = options.whispers;
    this.#clock = options.clock;
    this.#look();
  }

  /** Takes what a batch has brought to the clients of this node. */
  delivered({ changes, connections, totalMs }: Pick<Delivery, 'changes' | 'connections' | 'totalMs'>): void {
    if (connections === 0) return;
    for (const { kind, key, seq } of changes)
      if (kind === 'episode') this.#add(key, seq, connections, totalMs);
  }

  close(): void {
    this.#cancelLook();
  }

  #add(key: string, seq: number, screens: number, ms: number): void {
    let receipt = this.#kept.get(key);
    if (receipt && receipt.seq > seq) return;
    if (!receipt || receipt.seq < seq) {
      this.#kept.delete(key);
      receipt = { seq, screens: 0, seconds: 0, sinceMs: this.#clock.now() };
      this.#kept.set(key, receipt);
      const [oldest] = this.#kept.keys();
      if (this.#kept.size > MAX_KEPT && oldest !== undefined) this.#forget(oldest);
    }
    receipt.screens += screens;
    // At least a hundredth: 0 would be none.
    receipt.seconds = Math.max(receipt.seconds, Math.ceil(ms / 10) / 100, 0.01);
    this.#tell(key, receipt);
  }

  #tell(key: string, { screens, seconds }: Pick<Receipt, 'screens' | 'seconds'>): void {
    const topic = receiptTopic(key);
    this.#whispers.share(topic, 'screens', screens);
    this.#whispers.share(topic, 'seconds', seconds, { isGreatest: true });
  }

  #forget(key: string): void {
    this.#kept.delete(key);
    this.#tell(key, { screens: 0, seconds: 0 });
  }

  #look(): void {
    this.#cancelLook = this.#clock.after(LOOK_MS, () => {
      const nowMs = this.#clock.now();
      for (const [key, { sinceMs }] of this.#kept) if (nowMs - sinceMs > KEPT_MS) this.#forget(key);
      this.#look();
    });
  }
}
