import { setTimeout as sleep } from 'node:timers/promises';
import { type FaultCluster, restarted, startCluster } from './support/cluster';
import { type Fault, type Figures, runScenario } from './support/scenario';

/** Long enough that the flood goes on before, during and after. */
const BEFORE_MS = 2_000;

const none: Fault = { name: 'nothing', inject: async () => undefined };

const redisKilled: Fault = {
  name: 'Redis killed and restarted',
  inject: async ({ redis }) => {
    await sleep(BEFORE_MS);
    redis.service.kill('SIGKILL');
  },
};

const redisStopped: Fault = {
  name: 'Redis stopped for 10 s',
  inject: async ({ redis }) => {
    await sleep(BEFORE_MS);
    redis.service.kill('SIGSTOP');
    await sleep(10_000);
    redis.service.kill('SIGCONT');
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
  inject: async (cluster, clients) => {
    const all = [redisKilled, nodeKilled, postgresRestarted, redisCutOff, clientsDropped];
    await Promise.all(all.map((fault) => fault.inject(cluster, clients)));
    await redisStopped.inject(cluster, clients);
    await rollingRestart.inject(cluster, clients);
  },
};

const FAULTS = [
  none,
  redisKilled,
  redisStopped,
  nodeKilled,
  rollingRestart,
  postgresRestarted,
  redisCutOff,
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
      const result = await runScenario(cluster, fault, seed);
      figures.push(processes === 1 ? result : { ...result, fault: `${fault.name}, two processes a node` });
      expect(result).toMatchObject({ missed: 0, doubled: 0, leaks: 0 });
      expect(result.changes).toBeGreaterThanOrEqual(500);
    },
  );
});
