import { type BusListener, CHANNEL, createRedisBus } from '../../../src/live/feed/bus';
import { encodeCommit, type Note } from '../../../src/live/feed/bus-message';
import { createMessageSeal } from '../../../src/live/feed/message-seal';
import type { Commit } from '../../../src/live/log/change';
import { createAvailability } from '../../../src/platform/availability';
import { createLogger } from '../../../src/platform/log';
import { createRedis } from '../../../src/platform/redis';
import { describeWithRedis, startRedis, type TestRedis } from '../../support/redis';
import { until } from '../../support/until';

const log = createLogger('silent');
const secret = 'of all nodes';
const removal: Commit = {
  epoch: 'bustest',
  changes: [{ seq: 1, type: 'remove', kind: 'thing', key: '5', topics: ['latest'], isNew: false }],
};

const listener = (listening: Partial<BusListener>): BusListener => ({
  onCommit: () => undefined,
  onUncertain: () => undefined,
  onNote: () => undefined,
  ...listening,
});

describeWithRedis('the bus over Redis', () => {
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());

  test('brings an event from one node to another', async () => {
    const [a, b] = [createRedisBus(redis.url, log, { secret }), createRedisBus(redis.url, log, { secret })];
    const received: Commit[] = [];
    let uncertain = 0;
    await b.subscribe(
      listener({ onCommit: ({ commit }) => received.push(commit), onUncertain: () => uncertain++ }),
    );
    await until(() => uncertain === 1);
    await a.publish(removal);
    await until(() => received.length > 0);
    expect(received).toEqual([removal]);
    await Promise.all([a.close(), b.close()]);
  });

  test('what no node has written is not believed, and makes the reader turn to the log', async () => {
    const bus = createRedisBus(redis.url, log, { secret });
    const stranger = createRedisBus(redis.url, log, { secret: 'guessed' });
    const notes: Note[] = [];
    const received: Commit[] = [];
    let uncertain = 0;
    await bus.subscribe(
      listener({
        onCommit: ({ commit }) => received.push(commit),
        onUncertain: () => uncertain++,
        onNote: (note) => notes.push(note),
      }),
    );
    await until(() => uncertain === 1);
    await stranger.publish(removal);
    stranger.tell({ type: 'sure' });
    await until(() => uncertain === 2);
    const other = createRedis(redis.url, log, 'test');
    await other.connect();
    // Without a seal, with that of another text, and too short to have one.
    const sealed = createMessageSeal(secret).seal('another text');
    const forged = encodeCommit(removal, Date.now());
    for (const message of [forged, sealed.slice(0, 22) + forged, '']) {
      const before = uncertain;
      await other.publish(CHANNEL, message);
      await until(() => uncertain === before + 1);
    }
    expect(received).toEqual([]);
    expect(notes).toEqual([]);
    other.disconnect();
    await Promise.all([bus.close(), stranger.close()]);
  });

  test('a flood of what no node has written costs a look now and then', async () => {
    const bus = createRedisBus(redis.url, log, { secret });
    let uncertain = 0;
    await bus.subscribe(listener({ onUncertain: () => uncertain++ }));
    await until(() => uncertain === 1);
    const other = createRedis(redis.url, log, 'test');
    await other.connect();
    await Promise.all(Array.from({ length: 500 }, () => other.publish(CHANNEL, 'flood')));
    await until(() => uncertain > 1);
    expect(uncertain).toBeLessThan(10);
    other.disconnect();
    await bus.close();
  });

  test('a node hears what another one notes, and not what it says itself', async () => {
    const [a, b] = [0, 1].map(() => createRedisBus(redis.url, log, { secret }));
    if (!a || !b) throw new Error('There are two.');
    const heard: Record<'a' | 'b', Note[]> = { a: [], b: [] };
    await a.subscribe(listener({ onNote: (note) => heard.a.push(note) }));
    await b.subscribe(listener({ onNote: (note) => heard.b.push(note) }));
    await until(() => {
      a.tell({ type: 'whisper', topic: 'site', key: 'browsers', value: 3 });
      return heard.b.length > 0;
    });
    expect(heard.b[0]).toEqual({ type: 'whisper', topic: 'site', key: 'browsers', value: 3 });
    expect(heard.a).toEqual([]);
    await Promise.all([a.close(), b.close()]);
  });

  test('a message that can not be read makes the reader turn to the log', async () => {
    const bus = createRedisBus(redis.url, log, { secret });
    let uncertain = 0;
    await bus.subscribe(listener({ onUncertain: () => uncertain++ }));
    await until(() => uncertain === 1);
    const other = createRedis(redis.url, log, 'test');
    await other.connect();
    await other.publish(CHANNEL, '{"v":99}');
    await until(() => uncertain === 2);
    other.disconnect();
    await bus.close();
  });
});

describeWithRedis('a Redis that is frozen', () => {
  test('is away: nothing hangs, and one line says so; then all is well again', async () => {
    const redis = await startRedis();
    const lines: string[] = [];
    const told = createLogger('info', { write: (line: string) => void lines.push(line) });
    const states: boolean[] = [];
    const availability = createAvailability({
      name: 'Redis',
      log: told,
      onChange: (isUp) => states.push(isUp),
    });
    const bus = createRedisBus(redis.url, told, { secret, availability });
    const received: Commit[] = [];
    await bus.subscribe(listener({ onCommit: ({ commit }) => received.push(commit) }));
    await until(async () => {
      await bus.publish(removal);
      return received.length > 0;
    });

    redis.freeze();
    const startedMs = performance.now();
    await expect(bus.publish(removal)).rejects.toThrow();
    expect(performance.now() - startedMs).toBeLessThan(2_000);
    await until(() => states.at(-1) === false);
    // A node that starts meanwhile does so without it.
    const late = createRedisBus(redis.url, log, { secret });
    const lateMs = performance.now();
    await late.subscribe(listener({}));
    expect(performance.now() - lateMs).toBeLessThan(3_000);

    redis.thaw();
    received.length = 0;
    await until(async () => {
      await bus.publish(removal).catch(() => undefined);
      return received.length > 0 && states.at(-1) === true;
    });
    expect(lines.map((line) => JSON.parse(line).msg)).toEqual(['Redis is away', 'Redis is back']);
    await Promise.all([bus.close(), late.close()]);
    await redis.stop();
  }, 30_000);
});

test('a publish that Redis can not take is an error, at once', async () => {
  const bus = createRedisBus('redis://127.0.0.1:1', log, { secret });
  await expect(bus.publish(removal)).rejects.toThrow();
  await bus.close();
});
