import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../support/until';
import { ADMIN, type FaultCluster, restarted, startCluster } from './support/cluster';
import { type Fault, type Figures, runScenario } from './support/scenario';

/** Long enough that the flood goes on before, during and after. */
const BEFORE_MS = 2_000;

async function timed<T>(work: () => Promise<T>): Promise<{ readonly ms: number; readonly result: T }> {
  const startedMs = performance.now();
  const result = await work();
  return { ms: Math.round(performance.now() - startedMs), result };
}

/** Gives the status that the log-in form of a node answers with. */
async function logIn(url: string): Promise<number> {
  const headers = { Origin: url, 'Sec-Fetch-Site': 'same-origin' };
  const page = await fetch(`${url}/admin/login`);
  const _csrf = /name="_csrf" value="([^"]*)"/.exec(await page.text())?.[1] ?? '';
  const answer = await fetch(`${url}/admin/login`, {
    method: 'POST',
    redirect: 'manual',
    headers: {
      ...headers,
      Cookie: page.headers
        .getSetCookie()
        .map((cookie) => cookie.split(';')[0])
        .join('; '),
    },
    body: new URLSearchParams({ _csrf, ...ADMIN }),
  });
  await answer.arrayBuffer();
  return answer.status;
}

async function openStreams(url: string): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  return Number(/^nipnime_stream_connections(?:\{[^}]*\})? (\d+)/m.exec(metrics)?.[1]);
}

const none: Fault = { name: 'nothing', inject: async () => undefined };

const redisKilled: Fault = {
  name: 'Redis killed and restarted',
  inject: async ({ redis }) => {
    await sleep(BEFORE_MS);
    redis.service.kill('SIGKILL');
  },
};

/** While it is frozen an admin logs in, and a node starts. */
const redisFrozen: Fault = {
  name: 'Redis frozen for 12 s',
  maxLateMs: 2_000,
  inject: async (cluster) => {
    const { redis, nodes } = cluster;
    await sleep(BEFORE_MS);
    redis.service.kill('SIGSTOP');
    try {
      const [node] = nodes;
      if (!node) throw new Error('There is no node.');
      const logIns = await Promise.all(nodes.map(({ url }) => timed(() => logIn(url))));
      const formerPid = node.service.pid;
      node.service.kill('SIGINT');
      await until(() => node.service.pid !== undefined && node.service.pid !== formerPid, 30_000);
      const start = await timed(() => restarted(node, formerPid));
      console.info(
        `Redis frozen: log-in ${logIns.map(({ ms }) => ms).join(', ')} ms, start of a node ${start.ms} ms.`,
      );
      for (const { ms, result } of logIns)
        expect({ result, isInTime: ms <= 3_000 }).toEqual({ result: 303, isInTime: true });
      expect(start.ms).toBeLessThan(10_000);
      await sleep(6_000);
    } finally {
      redis.service.kill('SIGCONT');
    }
  },
};

const nodeKilled: Fault = {
  name: 'a node killed with -9',
  inject: async ({ nodes }) => {
    await sleep(BEFORE_MS);
    const [node] = nodes;
    const pid = node?.service.pid;
    node?.service.kill('SIGKILL');
    if (node) await restarted(node, pid);
  },
};

const rollingRestart: Fault = {
  name: 'rolling restart by SIGTERM',
  inject: async ({ nodes }) => {
    await sleep(BEFORE_MS);
    for (const node of nodes) {
      const { pid } = node.service;
      node.service.kill('SIGTERM');
      await restarted(node, pid);
    }
  },
};

const postgresRestarted: Fault = {
  name: 'Postgres restarted',
  maxAnswerMs: 3_500,
  // It is away for two seconds, and takes a moment to start.
  maxLateMs: 8_000,
  inject: async ({ postgres }) => {
    await sleep(BEFORE_MS);
    await postgres.restart(2_000);
  },
};

const redisCutOff: Fault = {
  name: 'one node cut off from Redis for 8 s',
  inject: async ({ nodes }) => {
    await sleep(BEFORE_MS);
    nodes[0]?.redisLink.cut();
    await sleep(8_000);
    nodes[0]?.redisLink.mend();
  },
};

const redisCutOffFromAll: Fault = {
  name: 'all nodes cut off from Redis for 8 s',
  inject: async ({ nodes }) => {
    await sleep(BEFORE_MS);
    for (const { redisLink } of nodes) redisLink.cut();
    await sleep(8_000);
    for (const { redisLink } of nodes) redisLink.mend();
  },
};

const postgresSilent: Fault = {
  name: 'all open connections to Postgres go silent, twice',
  // A write may have been in the middle of its transaction.
  maxAnswerMs: 6_000,
  maxLateMs: 8_000,
  inject: async ({ nodes }) => {
    for (let time = 0; time < 2; time++) {
      await sleep(BEFORE_MS);
      for (const { postgresLink } of nodes) postgresLink.mute();
      await sleep(6_000);
    }
  },
};

const postgresCutOff: Fault = {
  name: 'one node cut off from Postgres for 12 s',
  maxAnswerMs: 3_500,
  inject: async ({ nodes, lines }) => {
    await sleep(BEFORE_MS);
    const [node] = nodes;
    if (!node) throw new Error('There is no node.');
    node.postgresLink.cut();
    await until(async () => (await fetch(`${node.url}/readyz`)).status === 503);
    await until(async () => (await openStreams(node.url)) === 0, 10_000);
    await sleep(4_000);
    node.postgresLink.mend();
    expect(lines.some((line) => line.includes('"Postgres is away"'))).toBe(true);
  },
};

const clientsDropped: Fault = {
  name: '20 % of the clients dropped every second',
  inject: async (_cluster, clients) => {
    for (let second = 0; second < 12; second++) {
      await sleep(1_000);
      for (const client of clients) if (Math.random() < 0.2) client.drop();
    }
  },
};

const everything: Fault = {
  name: 'all of these together',
  maxAnswerMs: 10_000,
  maxLateMs: 20_000,
  inject: async (cluster, clients) => {
    const all = [redisKilled, nodeKilled, postgresRestarted, redisCutOff, postgresSilent, clientsDropped];
    await Promise.all(all.map((fault) => fault.inject(cluster, clients)));
    await redisFrozen.inject(cluster, clients);
    await rollingRestart.inject(cluster, clients);
  },
};

const FAULTS = [
  none,
  redisKilled,
  redisFrozen,
  nodeKilled,
  rollingRestart,
  postgresRestarted,
  redisCutOff,
  redisCutOffFromAll,
  postgresSilent,
  postgresCutOff,
  clientsDropped,
  everything,
];

const figures: Figures[] = [];
afterAll(() => console.table(figures));

describe.each([
  { processes: 1, faults: FAULTS },
  { processes: 2, faults: [everything] },
])('with nodes of $processes process(es)', ({ processes, faults }) => {
  let cluster: FaultCluster;
  beforeAll(async () => {
    cluster = await startCluster({ WEB_CONCURRENCY: String(processes) });
  });
  afterAll(() => cluster?.stop());

  test.each(faults.map((fault, index) => ({ ...fault, seed: 1_000 + index })))(
    'every grid equals the database after: $name',
    async ({ seed, ...fault }) => {
      const { maxAnswerMs = 1_500, maxLateMs = 3_000 } = fault;
      const result = await runScenario(cluster, fault, seed);
      figures.push(processes === 1 ? result : { ...result, fault: `${fault.name}, two processes a node` });
      expect(result).toMatchObject({ missed: 0, doubled: 0, leaks: 0 });
      expect(result.changes).toBeGreaterThanOrEqual(500);
      expect(result.slowestPostMs).toBeLessThanOrEqual(maxAnswerMs);
      expect(result.slowestPageMs).toBeLessThanOrEqual(maxAnswerMs);
      expect(result.latestMs).toBeLessThanOrEqual(maxLateMs);
    },
  );
});
