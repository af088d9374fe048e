import request from 'supertest';
import { createAdmin } from '../../src/features/accounts/admin-users';
import { createApiToken } from '../../src/features/accounts/api-tokens';
import { createTestApp, type TestApp } from '../support/app';
import { newSeries } from '../support/catalog';
import { sendLogin } from '../support/login';
import { describeWithRedis, startRedis, type TestRedis } from '../support/redis';
import { until } from '../support/until';

const PASSWORD = 'a boat of nine blue lanterns';

describeWithRedis('while Redis is frozen', () => {
  let redis: TestRedis;
  let app: TestApp;
  let token: string;
  let seriesId: string;
  beforeAll(async () => {
    redis = await startRedis();
    app = await createTestApp({ REDIS_URL: redis.url });
    token = await createApiToken(app.database.db, 'test');
    await createAdmin(app.database.db, 'ada@example.org', PASSWORD);
    seriesId = (await newSeries(app.catalog)).id;
    expect((await post(1)).status).toBe(201);
    redis.freeze();
  });
  afterAll(async () => {
    redis?.thaw();
    await app?.close();
    await redis?.stop();
  });

  const post = (number: number, more: Record<string, unknown> = {}) =>
    request(app.app)
      .post('/api/v1/episodes')
      .set('Authorization', `Bearer ${token}`)
      .send({
        seriesId,
        number,
        status: 'published',
        videoServers: [{ name: 'Main', kind: 'file', url: '/media/clip.mp4' }],
        ...more,
      });

  /** The status, and whether it came in that time. */
  async function timed(promise: PromiseLike<{ readonly status: number }>, withinMs: number) {
    const startedMs = performance.now();
    const { status } = await promise;
    return { status, isInTime: performance.now() - startedMs <= withinMs };
  }

  test('an episode is posted, and answered at once', async () => {
    for (const number of [2, 3, 4])
      expect(await timed(post(number), 1_500)).toEqual({ status: 201, isInTime: true });
  });

  test('an admin logs in, and a wrong password is refused', async () => {
    const agent = request.agent(app.app);
    const logIn = (password: string) => sendLogin(agent, { email: 'ada@example.org', password });
    expect(await timed(logIn('something else'), 3_000)).toEqual({ status: 422, isInTime: true });
    expect(await timed(logIn(PASSWORD), 3_000)).toEqual({ status: 303, isInTime: true });
  }, 15_000);

  test('scheduled episodes are published, one after the other', async () => {
    const publishAt = new Date(Date.now() + 1_000);
    for (const number of [10, 11, 12]) {
      expect((await post(number, { status: 'scheduled', publishAt: publishAt.toISOString() })).status).toBe(
        201,
      );
    }
    const waiting = () => app.database.db('episodes').where({ status: 'scheduled' }).first('id');
    await until(async () => (await waiting()) === undefined);
    expect(Date.now() - publishAt.getTime()).toBeLessThan(2_000);
  });

  test('a node starts', async () => {
    const startedMs = performance.now();
    const late = await createTestApp({ REDIS_URL: redis.url });
    expect(performance.now() - startedMs).toBeLessThan(10_000);
    expect((await request(late.app).get('/episodes/latest')).status).toBe(200);
    await late.close();
  }, 15_000);

  test('the node is ready all the same, and says what is missing, as a gauge does', async () => {
    const { status, text } = await request(app.app).get('/readyz');
    expect(status).toBe(200);
    expect(text).toMatch(
      /^degraded\nRedis has been away for \d+ s: .+\nEach process counts for itself: .+\n$/,
    );
    const gauge = async () =>
      /nipnime_dependency_up\{dependency="redis"\} (\d)/.exec(await app.registry.metrics())?.[1];
    await until(async () => (await gauge()) === '0');
    redis.thaw();
    await until(async () => (await gauge()) === '1');
    await until(async () => (await request(app.app).get('/readyz')).text === 'ready\n');
  });
});
