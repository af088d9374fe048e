import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { keptSecret } from '../platform/kept-secret';
import { createLogger } from '../platform/log';
import { openDatabase } from '../platform/open-database';
import { loadConfig } from '../process/config';
import { Fleet } from './fleet/fleet';
import { isFree } from './fleet/ports';
import { findPrograms } from './fleet/programs';
import { runCommand, UsageError } from './support/run-command';

const HELP = `Runs the site as several nodes behind nginx on this machine, as docker-compose.yml does with containers.

  npm run fleet -- [--nodes 3] [--port 8080]

nginx runs on deploy/nginx.conf. It and redis-server (or valkey-server) have to be installed. Redis is started unless
REDIS_URL is set; the database is that of DATABASE_URL, or the site's own in DATA_DIR. HOST=0.0.0.0 lets other machines in.
A node that dies is started again after a second. Ctrl-C stops everything; SIGTERM, too, and lets nodes in production drain.

  --nodes N   1 to 7 nodes (default 3)
  --port N    where nginx listens (default 8080)
  --help      prints this
`;

/** The embedded database takes 100 connections; a node makes up to 13, and this command a few. */
const MAX_NODES = 7;

runCommand(HELP, async (args) => {
  const { nodeCount, port } = readOptions(args);
  const config = loadConfig(process.env);
  const programs = findPrograms(process.env.PATH, { redis: config.redisUrl === undefined });
  if (!(await isFree(config.host, port))) {
    throw new UsageError(`--port: something listens on ${port} already.`);
  }
  const interruption = new AbortController();
  const interrupted = firstSignal(interruption);
  const fleet = new Fleet({
    nodeCount,
    port,
    host: config.host,
    programs,
    openDatabase: () => openDatabase(config, createLogger(config.logLevel)),
    redisUrl: config.redisUrl,
    sessionSecret: config.sessionSecret ?? (await keptSecret(join(config.dataDir, 'session-secret'))),
    env: process.env,
    onLine: say,
    signal: interruption.signal,
  });
  process.once('exit', () => fleet.kill());
  try {
    await fleet.start();
    describe(fleet, port, config.databaseUrl);
    const signal = await interrupted;
    say('fleet', 'Stopping');
    await fleet.stop(signal);
  } catch (error) {
    await fleet.stop('SIGINT');
    if (error !== interruption.signal.reason) throw error;
  }
  say('fleet', 'Everything has stopped');
});

function readOptions(args: string[]): { readonly nodeCount: number; readonly port: number } {
  const { nodes, port } = parseArgs({
    args,
    options: { nodes: { type: 'string', default: '3' }, port: { type: 'string', default: '8080' } },
  }).values;
  return { nodeCount: wholeNumber('--nodes', nodes, MAX_NODES), port: wholeNumber('--port', port, 65_535) };
}

function wholeNumber(name: string, text: string, max: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > max) throw new UsageError(`${name} must be a whole number from 1 to ${max}.`);
  return value;
}

/** Resolves with the first signal. Later ones change nothing: a terminal signals the whole group, and npm its child as well. */
function firstSignal(interruption: AbortController): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        interruption.abort();
        resolve(signal === 'SIGHUP' ? 'SIGINT' : signal);
      });
    }
  });
}

function describe({ nginx, nodes, redis }: Fleet, port: number, databaseUrl: string | undefined): void {
  const parts = [
    ['nginx', `http://localhost:${port}`, nginx?.service.pid],
    ...nodes.map((node) => [node.service.name, node.url, node.service.pid]),
    ...(redis ? [['redis', `redis://${new URL(redis.url).host}`, redis.service.pid]] : []),
  ];
  for (const [name, url, pid] of parts) {
    say('fleet', `${String(name).padEnd(7)} ${String(url).padEnd(26)} pid ${pid}`);
  }
  for (const { service, metricsUrl } of nodes) say('fleet', `metrics of ${service.name}: ${metricsUrl}`);
  if (!databaseUrl) say('fleet', 'postgres embedded, in DATA_DIR');
  say('fleet', `nipnime is ready: http://localhost:${port}`);
}

function say(name: string, line: string): void {
  process.stdout.write(`${name.padEnd(7)} | ${line}\n`);
}
