import { type Counters, createCounters } from '../../../src/features/accounts/counters';
import {
  createLoginLimits,
  createRequestLimit,
  type LoginLimits,
} from '../../../src/features/accounts/rate-limits';
import { createAvailability } from '../../../src/platform/availability';
import { createLogger } from '../../../src/platform/log';
import { describeWithRedis, startRedis, type TestRedis } from '../../support/redis';
import { until } from '../../support/until';

const log = createLogger('silent');

describeWithRedis('tries to log in on several nodes', () => {
  let redis: TestRedis;
  let counters: Counters[];
  let nodes: LoginLimits[];
  beforeAll(async () => {
    redis = await startRedis();
    const availability = createAvailability({ name: 'Redis', log, onChange: () => undefined });
    counters = [1, 2].map(() => createCounters(redis.url, log, { shared: false, availability }));
    nodes = counters.map(createLoginLimits);
  });
  afterAll(async () => {
    redis?.thaw();
    for (const each of counters ?? []) each.close();
    await redis?.stop();
  });

  /** Takes tries of one account and address, in turns of the nodes; gives how many were allowed. */
  async function take(count: number, account: string, address: string): Promise<number> {
    let allowed = 0;
    for (let index = 0; index < count; index++) {
      const refusal = await nodes[index % 2]?.beginTry().forAccount(account, address);
      if (!refusal) allowed += 1;
    }
    return allowed;
  }

  test('are counted together, and given back to all', async () => {
    // Until both are connected each counts for itself.
    let round = 0;
    await until(async () => (await take(12, `connecting${round++}@example.org`, '192.0.2.1')) === 10);

    for (let index = 0; index < 30; index++) {
      const loginTry = nodes[index % 2]?.beginTry();
      expect(await loginTry?.forAccount('right@example.org', '192.0.2.2')).toBeUndefined();
      await loginTry?.giveBack();
    }
    expect(await take(12, 'right@example.org', '192.0.2.2')).toBe(10);
  }, 60_000);

  test('are counted by each node, with what it has counted before, while Redis is frozen; and nobody waits for long', async () => {
    expect(await take(8, 'frozen@example.org', '192.0.2.3')).toBe(8);
    expect(counters.map((each) => each.isAlone())).toEqual([false, false]);
    redis.freeze();
    const startedMs = performance.now();
    // Each has counted four.
    expect(await take(40, 'frozen@example.org', '192.0.2.3')).toBe(12);
    expect(counters.map((each) => each.isAlone())).toEqual([true, true]);
    expect(performance.now() - startedMs).toBeLessThan(3_000);
  }, 20_000);
});

test('what an account’s limits refuse is not counted against all others of the account', async () => {
  const availability = createAvailability({ name: 'Redis', log, onChange: () => undefined });
  const limits = createLoginLimits(createCounters(undefined, log, { shared: false, availability }));
  const tryFrom = (address: string) => limits.beginTry().forAccount('ada@example.org', address);
  for (let index = 0; index < 500; index++) await tryFrom('192.0.2.1');
  for (let host = 1; host <= 9; host++)
    for (let index = 0; index < 10; index++) expect(await tryFrom(`198.51.100.${host}`)).toBeUndefined();
  const refusal = await tryFrom('203.0.113.1');
  expect(refusal).toMatchObject({ isFirst: true });
  expect(refusal?.retryAfterSeconds).toBeGreaterThan(880);
  expect(await tryFrom('203.0.113.2')).toMatchObject({ isFirst: false });
});

test('a token has its requests of a minute, and no more', async () => {
  const availability = createAvailability({ name: 'Redis', log, onChange: () => undefined });
  const limit = createRequestLimit(createCounters(undefined, log, { shared: false, availability }), 3);
  const left = [];
  for (let index = 0; index < 4; index++) left.push(await limit.count('1'));
  expect(left.map(({ remaining, isRefused }) => [remaining, isRefused])).toEqual([
    [2, false],
    [1, false],
    [0, false],
    [0, true],
  ]);
  expect(left[3]?.resetSeconds).toBeGreaterThan(50);
  expect(await limit.count('2')).toMatchObject({ remaining: 2 });
});
