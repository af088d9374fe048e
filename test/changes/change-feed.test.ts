import { type ChangeBus, createMemoryChangeBus } from '../../src/changes/change-bus';
import type { Change, ChangeEvent } from '../../src/changes/change-event';
import { ChangeFeed, type FeedBatch } from '../../src/changes/change-feed';
import { appendChanges, readHead } from '../../src/changes/change-log';
import type { Database } from '../../src/platform/database';
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
async function follow<T>(
  test: (following: Following) => Promise<T>,
  pollMs = 3_600_000,
  db: Database = database.db,
): Promise<T> {
  const bus = createMemoryChangeBus();
  const findPublic = async (ids: readonly string[]) =>
    ids.filter((id) => id !== '404').map((id) => publicEpisode(id, { title: 'As it is now' }));
  const feed = new ChangeFeed({ db, bus, log: createLogger('silent'), pollMs, findPublic });
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

/** The same database, whose answers to reads of the head wait for the gate, as they do on a slow network. */
function slowHead(gate: Gate): Database {
  return new Proxy(database.db, {
    apply(target, self, args: [string]) {
      const query = Reflect.apply(target, self, args);
      if (args[0] !== 'catalog_head') return query;
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
      const events = await append(upsert('1'));
      feed.takeOwn(events);
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
      const [event] = await append(upsert('1'));
      const asked = feed.catchUp();
      gate.open();
      await asked;
      expect(feed.cursor.seq).toBe(event?.seq);
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

test('a row that another version wrote is told as what is true of its episode now', async () => {
  await append(upsert('1', true), upsert('404'), upsert('3'));
  const corrupt = (seq: number, change: string) =>
    database.db.raw(`update change_log set payload = ${change} where seq = ?`, [seq]);
  await corrupt(1, `payload #- '{episode,seriesKind}'`);
  await corrupt(2, `'"another shape"'`);
  await follow(async ({ feed, batches }) => {
    const { epoch } = feed.cursor;
    expect(feed.since({ epoch, seq: 0 })).toMatchObject({
      events: [
        { seq: 1, type: 'upsert', isNew: true, episode: { episodeId: '1', title: 'As it is now' } },
        { seq: 2, type: 'remove', episodeId: '404' },
        { seq: 3, type: 'upsert', episode: { episodeId: '3' } },
      ],
    });
    await append(upsert('4'), upsert('5'));
    await corrupt(4, `jsonb_set(payload, '{episode,kind}', '"of tomorrow"')`);
    await feed.catchUp();
    expect(batches).toMatchObject([
      { type: 'changes', events: [{ seq: 4, episode: { title: 'As it is now' } }, { seq: 5 }] },
    ]);
  });
});

test('a row that speaks of nothing that is known makes everybody read again, and stops nothing', async () => {
  await database.db.raw('alter table change_log drop constraint change_log_type_check');
  await append(upsert('1'));
  await database
    .db('change_log')
    .update({ type: 'whisper', payload: null, episode_id: null })
    .catch(() => undefined);
  await database.db.raw('alter table change_log drop constraint change_log_check');
  await database.db('change_log').update({ type: 'whisper', payload: null, episode_id: null });
  await follow(async ({ feed, batches }) => {
    expect(feed.since({ epoch: feed.cursor.epoch, seq: 0 })).toEqual({ reset: 'burst' });
    await append(upsert('2'));
    await feed.catchUp();
    expect(batches).toMatchObject([{ type: 'changes', events: [{ seq: 2 }] }]);
  });
});

describe('when committed changes are lost', () => {
  test('under the same epoch, the epoch is renewed before their numbers are given out again', async () => {
    await follow(async ({ feed, batches }) => {
      const [, second] = await append(upsert('1'), upsert('2'));
      await feed.catchUp();
      await database.db('change_log').where('seq', '>', 1).delete();
      await database.db('catalog_head').update({ seq: 1 });
      await feed.catchUp();
      expect(batches.at(-1)).toMatchObject({ type: 'reset', reason: 'epoch' });
      const [again] = await append(upsert('3'));
      expect(again?.seq).toBe(second?.seq);
      expect(again?.epoch).not.toBe(second?.epoch);
    });
  });

  test('and the database has another history, the first who looks or writes renews the epoch', async () => {
    for (const find of ['look', 'write'] as const) {
      await follow(async ({ feed, batches }) => {
        const former = feed.cursor.epoch;
        await database.db('catalog_head').update({ history: 'of another timeline' });
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
    await database.db('catalog_head').update({ history: null });
    await follow(async ({ feed }) => expect(feed.cursor.epoch).toBe(epoch));
    await database.db('catalog_head').update({ history: null });
    const [event] = await append(upsert('1'));
    expect(event?.epoch).toBe(epoch);
  });
});
