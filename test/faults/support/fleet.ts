import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Nginx, startNginx } from '../../../src/commands/fleet/nginx';
import { type NodeProcess, startNodeProcess } from '../../../src/commands/fleet/node-process';
import { findPrograms } from '../../../src/commands/fleet/programs';
import { type Redis, startRedis } from '../../../src/commands/fleet/redis';
import { createAdmin } from '../../../src/features/accounts/admin-users';
import { createApiToken } from '../../../src/features/accounts/api-tokens';
import { createDatabase, type Database, migrate, WORKING } from '../../../src/platform/database';
import { freePort } from '../../support/redis';
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy';
import { until } from '../../support/until';
import { type BreakablePostgres, startPostgres } from './breakable-postgres';

type FaultNode = NodeProcess & {
  /** Between this node and Redis. */
  readonly redisLink: TcpProxy;
  /** Between this node and Postgres. */
  readonly postgresLink: TcpProxy;
};

/** Three nodes behind nginx as shipped, with a Postgres and a Redis that can be broken. */
export type FaultFleet = {
  readonly url: string;
  readonly token: string;
  readonly db: Database;
  readonly nodes: readonly FaultNode[];
  readonly redis: Redis;
  readonly postgres: BreakablePostgres;
  /** Every line that a process has written. */
  readonly lines: readonly string[];
  stop(): Promise<void>;
};

export const ADMIN = { email: 'faults@example.org', password: 'a boat of nine blue lanterns' };

const NODES = 3;
/** As fast as a supervisor would. */
const RESTART_AFTER_MS = 500;

export async function startFleet(env: Readonly<Record<string, string>> = {}): Promise<FaultFleet> {
  const { nginx: nginxProgram, redis: redisProgram } = findPrograms(process.env.PATH, { redis: true });
  if (!redisProgram) throw new Error('findPrograms() found no Redis, and did not say so.');
  const folder = await mkdtemp(join(tmpdir(), 'nipnime-fleet-'));
  const lines: string[] = [];
  const onLine = (line: string): void => {
    lines.push(line);
  };
  const postgres = await startPostgres();
  const db = createDatabase((await postgres.openLink()).url, { maxConnections: 4, limits: WORKING });
  await migrate(db);
  // Something to see, so that no node imports the data set.
  await db('series').insert({ slug: 'first', title: 'First', kind: 'tv' });
  const token = await createApiToken(db, 'faults');
  await createAdmin(db, ADMIN.email, ADMIN.password);

  const redis = await startRedis({
    program: redisProgram,
    name: 'redis',
    onLine,
    restartAfterMs: RESTART_AFTER_MS,
  });
  const nodes = await Promise.all(
    Array.from({ length: NODES }, async (_, index): Promise<FaultNode> => {
      const redisLink = await startTcpProxy({ port: Number(new URL(redis.url).port) });
      const postgresLink = await postgres.openLink();
      const node = await startNodeProcess({
        name: `node ${index + 1}`,
        onLine,
        restartAfterMs: RESTART_AFTER_MS,
        port: await freePort(),
        databaseUrl: postgresLink.url,
        redisUrl: `redis://127.0.0.1:${redisLink.port}`,
        sessionSecret: 'a secret that is only for the fault tests',
        env: { PATH: process.env.PATH, LOG_LEVEL: 'debug', SSE_MAX_CONNECTIONS_PER_IP: '10000', ...env },
      });
      return { ...node, redisLink, postgresLink: postgresLink.network };
    }),
  );
  const port = await freePort();
  const nginx: Nginx = await startNginx({
    program: nginxProgram,
    port,
    upstreamPorts: nodes.map((node) => node.port),
    folder: join(folder, 'nginx'),
    name: 'nginx',
    onLine,
  });
  return {
    url: `http://127.0.0.1:${port}`,
    token,
    db,
    nodes,
    redis,
    postgres,
    lines,
    async stop() {
      await Promise.all(nodes.map((node) => node.service.stop('SIGINT')));
      await nginx.stop();
      await redis.service.stop('SIGKILL');
      await Promise.all(nodes.map((node) => node.redisLink.close()));
      await db.destroy();
      await postgres.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Far longer than a start takes, even where all else is broken at once. */
const START_PATIENCE_MS = 60_000;

/** Waits until a process that was ended runs again as another, and answers. */
export async function restarted(node: NodeProcess, formerPid: number | undefined): Promise<void> {
  await until(async () => {
    if (node.service.pid === undefined || node.service.pid === formerPid) return false;
    return fetch(`${node.url}/readyz`).then(
      (response) => response.ok,
      () => false,
    );
  }, START_PATIENCE_MS);
}
