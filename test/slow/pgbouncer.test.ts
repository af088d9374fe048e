import { createApiToken } from '../../src/features/accounts/api-tokens';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { describeWithPgBouncer, startPgBouncer, type TestPgBouncer } from '../support/pgbouncer';
import { startRedis, type TestRedis } from '../support/redis';
import { type ServerProcess, startServer } from '../support/server-process';
import { openStream, type StreamClient } from '../support/stream-client';
import { until } from '../support/until';

/** Two nodes start, on an empty database. */
jest.setTimeout(120_000);

/** Fewer than either node would have for itself. */
const POOL_SIZE = 6;

describeWithPgBouncer('two nodes whose transactions share the connections of a PgBouncer', () => {
  let database: TestDatabase;
  let bouncer: TestPgBouncer;
  let redis: TestRedis;
  let nodes: ServerProcess[];
  let streams: StreamClient[];
  let token: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    [bouncer, redis] = await Promise.all([startPgBouncer(database.url, POOL_SIZE), startRedis()]);
    const env = {
      NODE_ENV: 'production',
      SESSION_SECRET: 'a secret that is only for this test',
      DATABASE_URL: bouncer.url,
      REDIS_URL: redis.url,
      WEB_CONCURRENCY: '1',
    };
    nodes = await Promise.all([startServer(env), startServer(env)]);
    await Promise.all(nodes.map((node) => node.untilReady()));
    token = await createApiToken(database.db, 'test');
    streams = await Promise.all(nodes.map(({ url }) => openStream(`${url}/events`)));
    await Promise.all(streams.map((stream) => stream.next('hello')));
  });
  afterAll(async () => {
    for (const stream of streams ?? []) stream.close();
    for (const node of nodes ?? []) node.process.kill('SIGINT');
    await Promise.all((nodes ?? []).map((node) => node.stop()));
    await Promise.all([bouncer?.stop(), redis?.stop()]);
    await database?.drop();
  });

  const call = async (node: number, path: string, body: object): Promise<Response> =>
    fetch(`${nodes[node]?.url}/api/v1/${path}`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
  const videoServers = [{ name: 'Main', kind: 'file', url: 'https://video.example/1.mp4' }];
  let seriesId: string;

  test('what one posts is on the streams of both', async () => {
    const series = await call(0, 'series', { title: 'Frieren', kind: 'tv' });
    expect(series.status).toBe(201);
    const { id }: { id: string } = JSON.parse(await series.text());
    seriesId = id;
    for (const [index, node] of [0, 1, 0, 1].entries()) {
      const episode = { seriesId, number: String(index + 1), status: 'published', videoServers };
      expect((await call(node, 'episodes', episode)).status).toBe(201);
      await Promise.all(streams.map((stream) => stream.next('upsert')));
    }
  });

  test('many at once wait for their turn, and all get it, each with limits of its own', async () => {
    const posts = Array.from({ length: 12 }, (_, index) =>
      call(index % 2, 'episodes', { seriesId, number: String(100 + index), status: 'draft', videoServers }),
    );
    const pages = Array.from({ length: 12 }, (_, index) => fetch(`${nodes[index % 2]?.url}/series`));
    const answers = await Promise.all([...posts, ...pages]);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 201]));
  });

  test('a scheduled episode is published once, whichever of them does it', async () => {
    const publishAt = new Date(Date.now() + 5_000).toISOString();
    const post = { seriesId, number: '200', status: 'scheduled', publishAt, videoServers };
    expect((await call(0, 'episodes', post)).status).toBe(201);
    const events = await Promise.all(streams.map((stream) => stream.next('upsert')));
    expect(new Set(events.map(({ data }) => data.key)).size).toBe(1);
  });

  test('jobs are done, without the notifications that it passes on to nobody', async () => {
    const name = 'prune-live-log';
    await database.db.raw('select graphile_worker.add_job(?)', [name]);
    await until(async () => {
      const job = await database.db('graphile_worker.jobs').where({ task_identifier: name }).first();
      return job === undefined;
    }, 30_000);
  });

  test('all is well again when it was restarted', async () => {
    await bouncer.restart();
    const episode = { seriesId, number: '300', status: 'published', videoServers };
    await until(async () => (await call(1, 'episodes', episode)).status === 201, 30_000);
    await Promise.all(streams.map((stream) => stream.next('upsert')));
    const texts = nodes
      .flatMap((node) => node.lines())
      .filter((line) => typeof line !== 'string' && line.level >= 50);
    expect(texts).toEqual([]);
  });
});
