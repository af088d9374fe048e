import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OpenDatabase } from '../../platform/open-database';
import { type Nginx, startNginx } from './nginx';
import { type NodeProcess, startNodeProcess } from './node-process';
import { freePort } from './ports';
import type { Programs } from './programs';
import { type Redis, startRedis } from './redis';
import { Service } from './service';

/** What Docker's `restart: unless-stopped` does at first, too. */
const RESTART_AFTER_MS = 1_000;

export type FleetOptions = {
  readonly nodeCount: number;
  /** Where nginx listens. */
  readonly host: string;
  readonly port: number;
  readonly programs: Programs;
  readonly openDatabase: () => Promise<OpenDatabase>;
  /** Undefined: a Redis is started. */
  readonly redisUrl: string | undefined;
  readonly sessionSecret: string;
  /** Further variables for the nodes. */
  readonly env: NodeJS.ProcessEnv;
  /** Called with every line of every program, under its name, and with what happens to the programs under `fleet`. */
  readonly onLine: (name: string, line: string) => void;
  /** Interrupts the start. */
  readonly signal: AbortSignal;
};

/** The parts of the site on one machine: Postgres, Redis, nodes, and nginx in front of them. */
export class Fleet {
  readonly #options: FleetOptions;
  #folder: string | undefined;
  #database: OpenDatabase | undefined;
  #redis: Redis | undefined;
  #nodes: readonly NodeProcess[] = [];
  #nginx: Nginx | undefined;
  #accessLog: Service | undefined;

  constructor(options: FleetOptions) {
    this.#options = options;
  }

  get nodes(): readonly NodeProcess[] {
    return this.#nodes;
  }

  get redis(): Redis | undefined {
    return this.#redis;
  }

  get nginx(): Nginx | undefined {
    return this.#nginx;
  }

  /** Resolves when nginx takes requests. If it fails, `stop()` ends what it has started by then. */
  async start(): Promise<void> {
    const { host, port, programs, signal, sessionSecret, env } = this.#options;
    this.#folder = await mkdtemp(join(tmpdir(), 'nipnime-fleet-'));
    this.#database = await this.#options.openDatabase();
    signal.throwIfAborted();
    if (programs.redis) {
      this.#redis = await startRedis({
        program: programs.redis,
        folder: this.#folder,
        signal,
        ...this.#service('redis'),
      });
    }
    const redisUrl = this.#redis?.url ?? this.#options.redisUrl;
    if (!redisUrl) throw new Error('Nodes that share no Redis learn of each other’s changes late.');
    const { url: databaseUrl } = this.#database;
    await this.#startNodes({ databaseUrl, redisUrl, sessionSecret, env, signal });
    this.#nginx = await startNginx({
      program: programs.nginx,
      host,
      port,
      upstreamPorts: this.#nodes.map((node) => node.port),
      folder: join(this.#folder, 'nginx'),
      signal,
      ...this.#service('nginx'),
    });
    this.#accessLog = new Service(this.#service('nginx'), {
      file: 'tail',
      args: ['-n', '+1', '-f', this.#nginx.accessLog],
    });
  }

  /** The nodes go first, while nginx still passes on what they answer. Resolves when everything has ended. */
  async stop(signal: NodeJS.Signals): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.service.stop(signal)));
    await this.#nginx?.stop();
    await this.#accessLog?.stop();
    await this.#redis?.service.stop();
    await this.#database?.close();
    if (this.#folder) await rm(this.#folder, { recursive: true, force: true });
  }

  /** Ends everything without waiting. */
  kill(): void {
    const nodes = this.#nodes.map((node) => node.service);
    for (const service of [...nodes, this.#nginx?.service, this.#accessLog, this.#redis?.service]) {
      service?.kill('SIGTERM');
    }
  }

  async #startNodes(shared: Omit<Parameters<typeof startNodeProcess>[0], 'name' | 'port'>): Promise<void> {
    const names = Array.from({ length: this.#options.nodeCount }, (_, index) => `node ${index + 1}`);
    const starts = await Promise.allSettled(
      names.map(async (name) =>
        startNodeProcess({ ...shared, ...this.#service(name), port: await freePort() }),
      ),
    );
    // Nodes that did start are kept, so that `stop()` ends them if another one did not.
    this.#nodes = starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []));
    for (const start of starts) if (start.status === 'rejected') throw start.reason;
  }

  #service(name: string) {
    const { onLine } = this.#options;
    return {
      name,
      onLine: (line: string) => onLine(name, line),
      onChange: (message: string) => onLine('fleet', message),
      restartAfterMs: RESTART_AFTER_MS,
    };
  }
}
