import type { Cursor, LoggedChange } from '../log/change';

/** Why a client can't be brought up to date by events and has to read its lists again. */
export type ResetReason = 'gap' | 'epoch' | 'burst' | 'malformed' | 'ahead';

/** How the oldest change of a batch came. */
export type Arrival = {
  /** On the feed's clock. */
  readonly receivedMs: number;
  /** Milliseconds from the commit to the receipt; undefined when the change was read from the log. */
  readonly busMs: number | undefined;
};

/** A change, and what is true of its item now: undefined when that is not public. */
export type PresentChange = LoggedChange & { readonly item: unknown };

/** Changes that follow the cursor before. Of topics that nobody wants to hear of, nothing is in it. */
export type Batch = {
  readonly type: 'changes';
  /** The point that whoever applied it has reached. */
  readonly cursor: Cursor;
  /** The number that it continues. */
  readonly previous: number;
  readonly arrival?: Arrival | undefined;
  /** In order, one for each item of a topic. */
  readonly changes: readonly PresentChange[];
  /** Topics of which more has changed than a stream should carry one by one. */
  readonly resets: readonly string[];
};

/** What a feed emits; `reset` continues nothing, and is for everybody. */
export type FeedBatch =
  | Batch
  | { readonly type: 'reset'; readonly cursor: Cursor; readonly reason: ResetReason };

export type FeedListener = {
  /** Whether it wants to hear of a topic. */
  wants(topic: string): boolean;
  onBatch(batch: FeedBatch): void;
};

/** More items of a topic in one burst are told as one `reset` of the topic. */
const MAX_BURST = 50;

/**
 * The last change of each item in each topic, in order; it is new if any of those it stands for was. An item that has left a topic
 * keeps the change that says so, whatever came of it elsewhere later: who is cut in between and goes on from a number has been told
 * all that led to it.
 */
export function coalesced(changes: readonly LoggedChange[]): LoggedChange[] {
  const seen = new Set<string>();
  const newKeys = new Set(changes.flatMap(({ isNew, kind, key }) => (isNew ? [`${kind} ${key}`] : [])));
  const latest: LoggedChange[] = [];
  for (const change of changes.toReversed()) {
    if (change.type === 'reset') continue;
    const item = `${change.kind} ${change.key}`;
    const topics = change.topics.filter((topic) => !seen.has(`${item} ${topic}`));
    for (const topic of topics) seen.add(`${item} ${topic}`);
    if (topics.length > 0) latest.push({ ...change, topics, isNew: newKeys.has(item) });
  }
  return latest.reverse();
}

/** The topics of which more has changed than is told one by one. */
export function topicsInBurst(changes: readonly LoggedChange[], maxKeys = MAX_BURST): string[] {
  const keys = new Map<string, Set<string>>();
  const inBurst = new Set<string>();
  for (const change of changes) {
    for (const topic of change.topics) {
      if (change.type === 'reset') inBurst.add(topic);
      const ofTopic = keys.get(topic) ?? new Set();
      keys.set(topic, ofTopic.add(`${change.kind} ${change.key}`));
      if (ofTopic.size > maxKeys) inBurst.add(topic);
    }
  }
  return [...inBurst];
}
