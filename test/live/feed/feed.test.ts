import { coalesced, type FeedBatch } from '../../../src/live/feed/batch';
import { type Bus, createMemoryBus } from '../../../src/live/feed/bus';
import { Feed } from '../../../src/live/feed/feed';
import { Present } from '../../../src/live/feed/present';
import type { Change, Commit } from '../../../src/live/log/change';
import { appendChanges, createLiveLog, readHead } from '../../../src/live/log/live-log';
import type { Database } from '../../../src/platform/database';
import { createLogger } from '../../../src/platform/log';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { createThings, type Things, thing } from '../../support/live';
import { until } from '../../support/until';

let database: TestDatabase;
beforeEach(async () => {
  database = await createTestDatabase();
});
afterEach(() => database.drop());

const upsert = (key: string, isNew = false, topics: readonly string[] = ['latest']): Change => ({
  type: 'upsert',
  kind: 'thing',
  key,
  topics,
  isNew,
});
const remove = (key: string): Change => ({ ...upsert(key), type: 'remove' });

const append = (...changes: Change[]): Promise<Commit> =>
  database.db.transaction((trx) => appendChanges(trx, changes));

type Following = {
  readonly feed: Feed;
  readonly batches: FeedBatch[];
  readonly bus: Bus;
  readonly things: Things;
};

/** A feed that looks at the head only when it has a reason to. All things are public but `404`. */
async function follow<T>(
  test: (following: Following) => Promise<T>,
  pollMs = 3_600_000,
  db: Database = database.db,
): Promise<T> {
  const bus = createMemoryBus();
  const things = createThings();
  for (let key = 0; key < 400; key++) things.present.set(String(key), thing(String(key), 'As it is now'));
  const feed = new Feed({
    log: createLiveLog(db),
    bus,
    present: new Present(things.lists, db),
    logger: createLogger('silent'),
    pollMs,
  });
  const batches: FeedBatch[] = [];
  feed.follow({ wants: () => true, onBatch: (batch) => batches.push(batch) });
  await feed.start();
  try {
    return await test({ feed, batches, bus, things });
  } finally {
    await feed.stop();
  }
}

const seqs = (batches: readonly FeedBatch[]): number[] =>
  batches.flatMap((batch) => (batch.type === 'changes' ? batch.changes.map(({ seq }) => seq) : []));

test('takes messages whose numbers follow each other without asking the database', async () => {
  await follow(async ({ batches, bus }) => {
    const { epoch } = await readHead(database.db);
    // Never written to the log: only the bus can have brought them.
    await bus.publish({ epoch, changes: [{ seq: 1, ...upsert('7') }] });
    await bus.publish({ epoch, changes: [{ seq: 2, ...upsert('8') }] });
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
    expect(feed.headOf(['latest'])).toEqual(feed.cursor);
    const now = jest.spyOn(performance, 'now').mockReturnValue(performance.now() + 3_001);
    expect(feed.headOf(['latest'])).toBeUndefined();
    await feed.catchUp();
    expect(feed.headOf(['latest'])).toEqual(feed.cursor);
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
    await bus.publish(first);
    await bus.publish(second);
    await until(() => batches.length > 0);
    const arrivalOf = (batch: FeedBatch | undefined) =>
      batch?.type === 'changes' ? batch.arrival : undefined;
    expect(arrivalOf(batches[0])?.busMs).toBeGreaterThanOrEqual(0);
    expect(arrivalOf(batches[0])?.receivedMs).toBeLessThanOrEqual(performance.now());
    await append(upsert('3'));
    await feed.catchUp();
    expect(arrivalOf(batches.at(-1))).toMatchObject({ busMs: undefined });
  });
});

test('tells a burst of more than 50 items of a topic as a reset of that topic alone', async () => {
  await follow(async ({ feed, batches, things }) => {
    const many = Array.from({ length: 51 }, (_, index) => upsert(String(index + 1)));
    await append(...many, upsert('1', false, ['series:44']), upsert('2', false, ['latest', 'series:44']));
    things.readings.length = 0;
    await feed.catchUp();
    expect(batches).toMatchObject([
      {
        type: 'changes',
        cursor: { seq: 53 },
        resets: ['latest'],
        changes: [
          { key: '1', topics: ['series:44'] },
          { key: '2', topics: ['series:44'] },
        ],
      },
    ]);
    expect(things.readings).toEqual([['1', '2']]);
  });
});

test('tells many changes of a few items by their latest state', async () => {
  await follow(async ({ feed, batches, things }) => {
    things.present.delete('2');
    await append(upsert('1', true), upsert('2'), upsert('1'), remove('2'), upsert('1'));
    await feed.catchUp();
    expect(batches).toMatchObject([
      {
        changes: [
          { seq: 4, key: '2', item: undefined },
          { seq: 5, key: '1', isNew: true, item: { text: 'As it is now' } },
        ],
      },
    ]);
  });
});

test('reads nothing of what nobody wants to know, and goes on all the same', async () => {
  const things = createThings();
  const feed = new Feed({
    log: createLiveLog(database.db),
    bus: createMemoryBus(),
    present: new Present(things.lists, database.db),
    logger: createLogger('silent'),
  });
  const batches: FeedBatch[] = [];
  feed.follow({ wants: (topic) => topic === 'series:44', onBatch: (batch) => batches.push(batch) });
  await feed.start();
  await append(upsert('1'), upsert('2', false, ['latest', 'series:45']));
  await feed.catchUp();
  expect(things.readings).toEqual([]);
  expect(batches).toMatchObject([{ changes: [], cursor: { seq: 2 } }]);
  await feed.stop();
});

test('what can not be read for the moment is read again, and nothing is lost or out of order', async () => {
  await follow(async ({ feed, batches, things }) => {
    const find = jest
      .spyOn(things.kind, 'find')
      .mockRejectedValueOnce(Object.assign(new Error('away'), { code: 'ECONNREFUSED', syscall: 'connect' }));
    feed.takeOwn(await append(upsert('1')));
    feed.takeOwn(await append(upsert('2')));
    await until(() => seqs(batches).length === 2);
    expect(seqs(batches)).toEqual([1, 2]);
    expect(find.mock.calls.length).toBeGreaterThan(1);
  });
});

test('what can never be read is a reset of its topics, and holds up nothing', async () => {
  await follow(async ({ feed, batches, things }) => {
    jest.spyOn(things.kind, 'find').mockRejectedValueOnce(new TypeError('a bug'));
    feed.takeOwn(await append(upsert('1', false, ['series:44'])));
    await until(() => batches.length === 1);
    expect(batches).toMatchObject([{ type: 'changes', changes: [], resets: ['series:44'] }]);
    feed.takeOwn(await append(upsert('2')));
    await until(() => batches.length === 2);
    expect(seqs(batches)).toEqual([2]);
  });
});

test('knows the head of each topic as soon as it has heard of a change', async () => {
  await follow(async ({ feed }) => {
    feed.takeOwn(await append(upsert('1', false, ['series:44'])));
    expect(feed.headOf(['series:44'])).toMatchObject({ seq: 1 });
    expect(feed.headOf(['latest'])).toMatchObject({ seq: 0 });
    await feed.catchUp();
    feed.takeOwn(await append(upsert('1')));
    expect(feed.headOf(['series:44'])).toMatchObject({ seq: 1 });
    expect(feed.headOf(['latest', 'series:44'])).toMatchObject({ seq: 2 });
  });
});

test('a new epoch is told as reset, even when its numbers are smaller', async () => {
  await append(upsert('1'), upsert('2'));
  await follow(async ({ feed, batches }) => {
    await database.db('live_log').delete();
    await database.db('live_head').update({ epoch: 'restored', seq: 1 });
    await feed.catchUp();
    expect(batches).toEqual([{ type: 'reset', cursor: { epoch: 'restored', seq: 1 }, reason: 'epoch' }]);
  });
});

test('remembers of each topic what came before it started, as far as the log goes', async () => {
  await append(upsert('1'), upsert('2', false, ['series:44']), upsert('3'));
  await database.db('live_log').where('seq', '<=', 1).delete();
  await follow(async ({ feed }) => {
    expect(feed.recent('latest', 1)).toMatchObject([{ seq: 3 }]);
    expect(feed.recent('series:44', 1)).toMatchObject([{ seq: 2 }]);
    expect(feed.recent('series:45', 1)).toEqual([]);
    expect(feed.recent('latest', 0)).toBeUndefined();
    expect(feed.recent('series:45', 0)).toBeUndefined();
  });
});

test('a log whose beginning was pruned away is a gap', async () => {
  await follow(async ({ feed, batches }) => {
    await append(upsert('1'), upsert('2'), upsert('3'));
    await database.db('live_log').where('seq', '<=', 2).delete();
    await feed.catchUp();
    expect(batches).toMatchObject([{ type: 'reset', reason: 'gap', cursor: { seq: 3 } }]);
  });
});

/** The same database, whose answers to reads of the head wait for the gate, as they do on a slow network. */
function slowHead(gate: Gate): Database {
  return new Proxy(database.db, {
    apply(target, self, args: [string]) {
      const query = Reflect.apply(target, self, args);
      if (args[0] !== 'live_head') return query;
      const { first } = query;
      query.first = async () => {
        const row: unknown = await first.call(query);
        await gate.pass();
        return row;
      };
      return query;
    },
  });
}

type Gate = ReturnType<typeof createGate>;

function createGate() {
  let way = Promise.resolve();
  let open = (): void => undefined;
  let arrived = (): void => undefined;
  return {
    pass: (): Promise<void> => {
      arrived();
      return way;
    },
    /** Resolves when the next one stands before it. */
    close: (): Promise<void> => {
      way = new Promise((resolve) => {
        open = resolve;
      });
      return new Promise((resolve) => {
        arrived = resolve;
      });
    },
    open: () => open(),
  };
}

test('a head that was read before a commit and arrives after it is no other history', async () => {
  const gate = createGate();
  await follow(
    async ({ feed, batches }) => {
      const isRead = gate.close();
      const look = feed.catchUp();
      await isRead;
      feed.takeOwn(await append(upsert('1')));
      await until(() => batches.length > 0);
      gate.open();
      await look;
      await feed.catchUp();
      expect(batches.map(({ type }) => type)).toEqual(['changes']);
      expect(feed.cursor.seq).toBe(1);
    },
    3_600_000,
    slowHead(gate),
  );
});

test('who asks during a look gets what was committed before it asked', async () => {
  const gate = createGate();
  await follow(
    async ({ feed }) => {
      const isRead = gate.close();
      const look = feed.catchUp();
      await isRead;
      const { changes } = await append(upsert('1'));
      const asked = feed.catchUp();
      gate.open();
      await asked;
      expect(feed.cursor.seq).toBe(changes[0]?.seq);
      await look;
    },
    3_600_000,
    slowHead(gate),
  );
});

test('a look that hangs is given up, and what it brings later changes nothing', async () => {
  const gate = createGate();
  await follow(
    async ({ feed, batches }) => {
      await append(upsert('1'));
      void gate.close();
      await expect(feed.catchUp()).rejects.toMatchObject({ code: 'ETIMEDOUT' });
      gate.open();
      await feed.catchUp();
      expect(seqs(batches)).toEqual([1]);
    },
    3_600_000,
    slowHead(gate),
  );
}, 15_000);

test('writers in this process and looks in quick succession never reset anybody', async () => {
  await follow(async ({ feed, batches }) => {
    let isOver = false;
    const writers = Array.from({ length: 4 }, async (_, writer) => {
      for (let count = 0; count < 100; count++)
        feed.takeOwn(await append(upsert(String(1_000 * writer + count))));
    });
    const looker = (async () => {
      while (!isOver) await feed.catchUp();
    })();
    await Promise.all(writers);
    isOver = true;
    await looker;
    await feed.catchUp();
    expect(batches.filter(({ type }) => type === 'reset')).toEqual([]);
    expect(feed.cursor.seq).toBe(400);
  }, 5);
}, 30_000);

test('a row of another version is told, or makes those read again whom it concerns', async () => {
  await follow(async ({ feed, batches }) => {
    await append(upsert('1'), upsert('2', false, ['series:44']), upsert('3', false, ['series:45']));
    await database.db('live_log').where({ seq: 1 }).update({ kind: 'of tomorrow' });
    await database.db('live_log').where({ seq: 2 }).update({ type: 'of tomorrow' });
    await feed.catchUp();
    expect(batches).toMatchObject([
      {
        changes: [
          { seq: 1, item: undefined },
          { seq: 3, key: '3' },
        ],
        resets: ['series:44'],
      },
    ]);
  });
});

test('nodes of the version before read what this one writes, and are read', async () => {
  const { db } = database;
  const series = await db('series').insert({ slug: 's', title: 'S', kind: 'tv' }).returning('id');
  const [episode] = await db('episodes')
    .insert({ series_id: series[0].id, number: 1, title: '', status: 'draft' })
    .returning('id');
  await append({ ...upsert(episode.id, true), kind: 'episode' }, { ...upsert('9'), kind: 'of today' });
  const rows = await db('change_log').select('seq', 'type', 'episode_id', 'payload').orderBy('seq');
  expect(rows).toEqual([
    { seq: '1', type: 'upsert', episode_id: episode.id, payload: { isNew: true } },
    { seq: '2', type: 'remove', episode_id: '0', payload: null },
  ]);
  // As that version numbers and writes.
  await db.raw('update catalog_head as head set seq = head.seq + 3 returning head.epoch, head.seq');
  await db('change_log').insert([
    { seq: 3, type: 'upsert', episode_id: episode.id, payload: JSON.stringify({ episode: {}, isNew: true }) },
    { seq: 4, type: 'remove', episode_id: episode.id, payload: null },
    { seq: 5, type: 'reset', episode_id: null, payload: null },
  ]);
  const topics = ['latest', `series:${series[0].id}`];
  expect(await createLiveLog(db).readSince(2, 10)).toEqual([
    { seq: 3, type: 'upsert', kind: 'episode', key: episode.id, topics, isNew: true },
    { seq: 4, type: 'remove', kind: 'episode', key: episode.id, topics, isNew: false },
    { seq: 5, type: 'reset', kind: '', key: '', topics: ['latest'], isNew: false },
  ]);
  expect(await db('change_log').where('seq', '<', 3).delete()).toBe(2);
});

describe('when committed changes are lost', () => {
  test('under the same epoch, the epoch is renewed before their numbers are given out again', async () => {
    await follow(async ({ feed, batches }) => {
      const lost = await append(upsert('1'), upsert('2'));
      await feed.catchUp();
      await database.db('live_log').where('seq', '>', 1).delete();
      await database.db('live_head').update({ seq: 1 });
      await feed.catchUp();
      expect(batches.at(-1)).toMatchObject({ type: 'reset', reason: 'epoch' });
      const again = await append(upsert('3'));
      expect(again.changes[0]?.seq).toBe(lost.changes[1]?.seq);
      expect(again.epoch).not.toBe(lost.epoch);
    });
  });

  test('and the database has another history, the first who looks or writes renews the epoch', async () => {
    for (const find of ['look', 'write'] as const) {
      await follow(async ({ feed, batches }) => {
        const former = feed.cursor.epoch;
        await database.db('live_head').update({ history: 'of another timeline' });
        if (find === 'write') await append(upsert('1'));
        await feed.catchUp();
        expect(batches.at(-1)).toMatchObject({ type: 'reset', reason: 'epoch' });
        expect(feed.cursor.epoch).not.toBe(former);
        expect(await readHead(database.db)).toEqual(feed.cursor);
      });
    }
  });

  test('what has never been noted down is this history, whatever it is', async () => {
    const { epoch } = await readHead(database.db);
    await database.db('live_head').update({ history: null });
    await follow(async ({ feed }) => expect(feed.cursor.epoch).toBe(epoch));
    await database.db('live_head').update({ history: null });
    expect((await append(upsert('1'))).epoch).toBe(epoch);
  });
});

test('an item that has left a topic keeps the change that says so, whatever came of it later', () => {
  const change = (seq: number, key: string, topics: readonly string[], isNew = false) => ({
    ...upsert(key, isNew, topics),
    seq,
  });
  const moved = [
    change(1, '6', ['latest', 'series:2'], true),
    change(2, '6', ['latest', 'series:2', 'series:1']),
    change(3, '3', ['latest']),
    change(4, '6', ['latest', 'series:1']),
  ];
  expect(coalesced(moved)).toEqual([
    change(2, '6', ['series:2'], true),
    change(3, '3', ['latest']),
    change(4, '6', ['latest', 'series:1'], true),
  ]);
});
