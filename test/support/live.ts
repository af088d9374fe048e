import type { FeedBatch, FeedListener, PresentChange } from '../../src/live/feed/batch';
import { Present } from '../../src/live/feed/present';
import { AddressCounts } from '../../src/live/hub/admission';
import { Hub, type HubOptions } from '../../src/live/hub/hub';
import { Windows } from '../../src/live/hub/windows';
import { type Kind, Lists, type LiveList } from '../../src/live/list';
import type { Cursor, LoggedChange } from '../../src/live/log/change';
import { RenderedItems } from '../../src/live/rendered';
import { Topics } from '../../src/live/topics';
import type { Database } from '../../src/platform/database';

/** What the lists of a test hold. */
export type Thing = { readonly key: string; readonly text: string; readonly topics: readonly string[] };

export type Things = {
  readonly kind: Kind<Thing>;
  readonly lists: Lists;
  /** What is public, by key. */
  readonly present: Map<string, Thing>;
  /** The keys of each reading. */
  readonly readings: (readonly string[])[];
};

/** Lists `latest` and `series:*` of things that a test makes public and private as it likes. */
export function createThings(
  render: (thing: Thing, language: string) => string = ({ text }) => `<li>${text}</li>`,
): Things {
  const present = new Map<string, Thing>();
  const readings: (readonly string[])[] = [];
  const kind: Kind<Thing> = {
    name: 'thing',
    of: 'thing',
    keyOf: ({ key }) => key,
    find: async (_db, keys) => {
      readings.push(keys);
      return keys.flatMap((key) => present.get(key) ?? []);
    },
  };
  const list = (topic: string): LiveList<Thing> => ({
    topic,
    kind,
    topicsOf: ({ topics }) => topics,
    positionOf: ({ key }) => key,
    order: 'descending',
    render,
    readFirst: async () => ({ cursor: { epoch: 'k3f9', seq: 0 }, items: [], hasMore: false }),
  });
  return { kind, lists: new Lists([list('latest'), list('series:*')]), present, readings };
}

export const thing = (key: string, text = '', topics: readonly string[] = ['latest']): Thing => ({
  key,
  text,
  topics,
});

/** A change of a thing as the feed emits it. */
export const changed = (seq: number, item: Thing, isNew = false): PresentChange => ({
  ...logged(seq, item.key, item.topics),
  isNew,
  item,
});

/** A thing that is gone, as the feed emits it. */
export const removed = (seq: number, key: string, topics: readonly string[] = ['latest']): PresentChange => ({
  ...logged(seq, key, topics),
  type: 'remove',
  item: undefined,
});

export const logged = (seq: number, key: string, topics: readonly string[] = ['latest']): LoggedChange => ({
  seq,
  type: 'upsert',
  kind: 'thing',
  key,
  topics,
  isNew: false,
});

export const batchOf = (...changes: PresentChange[]): FeedBatch => {
  const seq = changes.at(-1)?.seq ?? 0;
  return { type: 'changes', cursor: { epoch: 'k3f9', seq }, previous: seq - 1, changes, resets: [] };
};

/** A database that nobody asks anything of. */
const NO_DATABASE: Database = Object.create(null);

/** A feed that a test emits from. */
export function createTestFeed(cursor: Cursor = { epoch: 'k3f9', seq: 7 }) {
  const listeners = new Set<FeedListener>();
  return {
    cursor,
    recent: (_topic: string, seq: number): readonly LoggedChange[] | undefined =>
      seq === cursor.seq ? [] : undefined,
    catchUp: async () => undefined,
    follow: (listener: FeedListener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    emit: (batch: FeedBatch) => {
      for (const { onBatch } of listeners) onBatch(batch);
    },
  };
}

/** A hub of which a test says what it has to. */
export function createTestHub(
  options: Partial<HubOptions> & Pick<HubOptions, 'feed'>,
  { lists }: Things = createThings(),
): Hub {
  const items = new RenderedItems();
  const onError = (error: unknown): void => {
    throw error;
  };
  return new Hub({
    log: { readTopics: async () => undefined },
    present: new Present(lists, NO_DATABASE),
    lists,
    items,
    windows: new Windows({ lists, items, db: NO_DATABASE, onError }),
    topics: new Topics(
      [{ topic: 'latest' }, { topic: 'series:*' }, { topic: 'desk', isPrivate: true }],
      'secret',
    ),
    findOpenSessions: async (sessions) => new Set(sessions),
    lastWhispers: () => [],
    clientAddress: (remoteAddress) => remoteAddress,
    addressLimit: new AddressCounts(20_000),
    metrics: { opened() {}, closed() {}, refused() {}, reset() {}, delivered() {} },
    onError,
    heartbeatMs: 15_000,
    timeoutMs: 1_800_000,
    maxConnections: 20_000,
    maxBufferedBytes: 65_536,
    ...options,
  });
}
