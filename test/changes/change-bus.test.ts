import { CHANNEL, createRedisChangeBus } from '../../src/changes/change-bus';
import type { ChangeEvent } from '../../src/changes/change-event';
import { createLogger } from '../../src/platform/log';
import { createRedis } from '../../src/platform/redis';
import { describeWithRedis, startRedis, type TestRedis } from '../support/redis';
import { until } from '../support/until';

const log = createLogger('silent');
const removal: ChangeEvent = { epoch: 'bustest', seq: 1, type: 'remove', episodeId: '5' };

describeWithRedis('the bus over Redis', () => {
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());

  test('brings an event from one node to another', async () => {
    const [a, b] = [createRedisChangeBus(redis.url, log), createRedisChangeBus(redis.url, log)];
    const received: ChangeEvent[] = [];
    let uncertain = 0;
    await b.subscribe(
      (event) => received.push(event),
      () => uncertain++,
    );
    await until(() => uncertain === 1);
    await a.publish([removal]);
    await until(() => received.length > 0);
    expect(received).toEqual([removal]);
    await Promise.all([a.close(), b.close()]);
  });

  test('a message that can not be read makes the reader turn to the log', async () => {
    const bus = createRedisChangeBus(redis.url, log);
    let uncertain = 0;
    await bus.subscribe(
      () => undefined,
      () => uncertain++,
    );
    await until(() => uncertain === 1);
    const other = createRedis(redis.url, log, 'test');
    await other.connect();
    await other.publish(CHANNEL, '{"v":99}');
    await until(() => uncertain === 2);
    other.disconnect();
    await bus.close();
  });
});

test('a publish that Redis can not take is an error, at once', async () => {
  const bus = createRedisChangeBus('redis://127.0.0.1:1', log);
  await expect(bus.publish([removal])).rejects.toThrow();
  await bus.close();
});
