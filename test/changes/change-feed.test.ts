import { type ChangeBus, createMemoryChangeBus } from '../../src/changes/change-bus';
import type { Change, ChangeEvent } from '../../src/changes/change-event';
import { ChangeFeed, type FeedBatch } from '../../src/changes/change-feed';
import { appendChanges, readHead } from '../../src/changes/change-log';
import { createLogger } from '../../src/platform/log';
import { publicEpisode } from '../support/catalog';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { until } from '../support/until';

let database: TestDatabase;
beforeEach(async () => {
  database = await createTestDatabase();
});
afterEach(() => database.drop());

const upsert = (episodeId: string, isNew = false): Change => ({
  type: 'upsert',
  episode: publicEpisode(episodeId),
  isNew,
});

const append = (...changes: Change[]): Promise<ChangeEvent[]> =>
  database.db.transaction((trx) => appendChanges(trx, changes));

type Following = { readonly feed: ChangeFeed; readonly batches: FeedBatch[]; readonly bus: ChangeBus };

/** A feed that looks at the head only when it has a reason to. */
async function follow<T>(test: (following: Following) => Promise<T>, pollMs = 3_600_000): Promise<T> {
  const bus = createMemoryChangeBus();
  const feed = new ChangeFeed({ db: database.db, bus, log: createLogger('silent'), pollMs });
  const batches: FeedBatch[] = [];
  feed.onBatch((batch) => batches.push(batch));
  await feed.start();
  try {
    return await test({ feed, batches, bus });
  } finally {
    await feed.stop();
  }
}

const seqs = (batches: readonly FeedBatch[]): number[] =>
  batches.flatMap((batch) => (batch.type === 'changes' ? batch.events.map(({ seq }) => seq) : []));

test('takes messages whose numbers follow each other without asking the database', async () => {
  await follow(async ({ batches, bus }) => {
    const { epoch } = await readHead(database.db);
    // Never written to the log: only the bus can have brought them.
    await bus.publish([{ epoch, seq: 1, ...upsert('7') }]);
    await bus.publish([{ epoch, seq: 2, ...upsert('8') }]);
    await until(() => seqs(batches).length === 2);
    expect(seqs(batches)).toEqual([1, 2]);
  });
});

test('takes what this node committed itself without the bus, and once', async () => {
  await follow(async ({ feed, batches, bus }) => {
    const events = await append(upsert('1'), upsert('2'));
    feed.takeOwn(events);
    await until(() => seqs(batches).length === 2);
    await bus.publish(events);
    const next = await append(upsert('3'));
    await bus.publish(next);
    await until(() => seqs(batches).includes(3));
    expect(seqs(batches)).toEqual([1, 2, 3]);
  });
});

test('knows for how long it can be sure of its cursor', async () => {
  await follow(async ({ feed }) => {
    expect(feed.sureCursor).toEqual(feed.cursor);
    const now = jest.spyOn(performance, 'now').mockReturnValue(performance.now() + 3_001);
    expect(feed.sureCursor).toBeUndefined();
    await feed.catchUp();
    expect(feed.sureCursor).toEqual(feed.cursor);
    now.mockRestore();
  });
});

test('reads the log where a message is missing, and emits everything once, in order', async () => {
  await follow(async ({ batches, bus }) => {
    await append(upsert('1'));
    await append(upsert('2'));
    const last = await append(upsert('3'));
    await bus.publish(last);
    await bus.publish(last);
    await until(() => seqs(batches).includes(3));
    expect(seqs(batches)).toEqual([1, 2, 3]);
  });
});

test('finds what no message told it by looking at the head', async () => {
  await follow(async ({ batches }) => {
    await append(upsert('1'));
    await until(() => seqs(batches).includes(1));
  }, 20);
});

test('says of a batch how its oldest change came', async () => {
  await follow(async ({ batches, bus, feed }) => {
    const [first, second] = [await append(upsert('1')), await append(upsert('2'))];
    await bus.publish([...first, ...second]);
    await until(() => batches.length > 0);
    expect(batches[0]?.arrival?.busMs).toBeGreaterThanOrEqual(0);
    expect(batches[0]?.arrival?.receivedMs).toBeLessThanOrEqual(performance.now());
    await append(upsert('3'));
    await feed.catchUp();
    expect(batches.at(-1)?.arrival).toMatchObject({ busMs: undefined });
  });
});

test('tells a burst of more than 50 episodes as one reset', async () => {
  await follow(async ({ feed, batches }) => {
    const start = feed.cursor;
    await append(...Array.from({ length: 51 }, (_, index) => upsert(String(index + 1))));
    await feed.catchUp();
    expect(batches).toMatchObject([{ type: 'reset', cursor: { ...start, seq: 51 }, reason: 'burst' }]);
  });
});

test('tells many changes of a few episodes by their latest state', async () => {
  await follow(async ({ feed, batches }) => {
    await append(
      upsert('1', true),
      upsert('2'),
      upsert('1'),
      { type: 'remove', episodeId: '2' },
      upsert('1'),
    );
    await feed.catchUp();
    expect(batches).toMatchObject([
      {
        events: [
          { seq: 4, type: 'remove', episodeId: '2' },
          { seq: 5, type: 'upsert', isNew: true },
        ],
      },
    ]);
  });
});

test('a new epoch is told as reset, even when its numbers are smaller', async () => {
  await append(upsert('1'), upsert('2'));
  await follow(async ({ feed, batches }) => {
    const old = feed.cursor;
    await database.db('change_log').delete();
    await database.db('catalog_head').update({ epoch: 'restored', seq: 1 });
    await feed.catchUp();
    expect(batches).toEqual([{ type: 'reset', cursor: { epoch: 'restored', seq: 1 }, reason: 'epoch' }]);
    expect(feed.since(old)).toEqual({ reset: 'epoch' });
  });
});

test('remembers what came before it started, as far as the log goes', async () => {
  await append(upsert('1'), upsert('2'), upsert('3'));
  await database.db('change_log').where('seq', '<=', 1).delete();
  await follow(async ({ feed }) => {
    const { epoch } = feed.cursor;
    expect(feed.since({ epoch, seq: 1 })).toMatchObject({ events: [{ seq: 2 }, { seq: 3 }] });
    expect(feed.since({ epoch, seq: 3 })).toEqual({ events: [] });
    expect(feed.since({ epoch, seq: 0 })).toEqual({ reset: 'gap' });
    expect(feed.since({ epoch, seq: 4 })).toEqual({ reset: 'ahead' });
  });
});

test('a log whose beginning was pruned away is a gap', async () => {
  await follow(async ({ feed, batches }) => {
    await append(upsert('1'), upsert('2'), upsert('3'));
    await database.db('change_log').where('seq', '<=', 2).delete();
    await feed.catchUp();
    expect(batches).toMatchObject([{ type: 'reset', reason: 'gap', cursor: { seq: 3 } }]);
  });
});
