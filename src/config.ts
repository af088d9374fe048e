import { isIP } from 'node:net';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { z } from 'zod';
import { projectRoot } from './platform/project';

const url = (protocols: readonly string[], example: string) =>
  z.string().refine((value) => {
    return URL.canParse(value) && protocols.includes(new URL(value).protocol);
  }, `must be a URL such as ${example}`);

const integer = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/, `must be a whole number from ${min} to ${max}`)
    .transform(Number)
    .refine((value) => value >= min && value <= max, `must be a whole number from ${min} to ${max}`);

/** What Express calls networks by name. https://expressjs.com/en/guide/behind-proxies.html */
const NAMED_NETWORKS: readonly string[] = ['loopback', 'linklocal', 'uniquelocal'];
const TRUST_PROXY_PROBLEM = `must be a number of proxies from 0 to 9, or a list of ${NAMED_NETWORKS.join(', ')}, addresses and networks such as 10.0.0.0/8`;

/** A number of hops, or a list of networks. Never `true`: whoever connects could then claim any address. */
const trustedProxies = z.string().transform((value, context): number | string[] => {
  const text = value.trim();
  if (/^\d$/.test(text)) return Number(text);
  const networks = text.split(',').map((network) => network.trim());
  if (!networks.every(isNetwork)) {
    context.addIssue({ code: 'custom', message: TRUST_PROXY_PROBLEM });
    return z.NEVER;
  }
  return networks;
});

function isNetwork(text: string): boolean {
  if (NAMED_NETWORKS.includes(text)) return true;
  const [address = '', prefix, ...rest] = text.split('/');
  const family = address.includes('%') ? 0 : isIP(address);
  if (family === 0 || rest.length > 0) return false;
  // Everybody (/0) is refused by Express, too.
  const maxPrefix = family === 4 ? 32 : 128;
  return prefix === undefined || (/^[1-9]\d{0,2}$/.test(prefix) && Number(prefix) <= maxPrefix);
}

const MAX_PROCESSES = 256;

const environment = z.object({
  NODE_ENV: z
    .enum(['development', 'test', 'production'], 'must be development, test or production')
    .default('development'),
  PORT: integer(0, 65_535).default(3000),
  HOST: z.string().default('127.0.0.1'),
  WEB_CONCURRENCY: integer(1, MAX_PROCESSES).optional(),
  LISTEN_BACKLOG: integer(1, 65_535).default(32_768),
  DATABASE_URL: url(['postgres:', 'postgresql:'], 'postgres://user:password@host:5432/name').optional(),
  REDIS_URL: url(['redis:', 'rediss:'], 'redis://host:6379').optional(),
  TRUST_PROXY: trustedProxies.optional(),
  DATA_DIR: z.string().default('data'),
  SESSION_SECRET: z.string().min(32, 'must have at least 32 characters (openssl rand -hex 32)').optional(),
  LOG_LEVEL: z
    .enum(
      ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
      'must be a level of pino, such as info',
    )
    .default('info'),
  /** Set by `npm run dev`. */
  NIPNIME_RELOAD_VIEWS: z.string().optional(),
  SSE_HEARTBEAT_MS: integer(1_000, 60_000).default(15_000),
  SSE_TIMEOUT_MS: integer(10_000, 86_400_000).default(1_800_000),
  SSE_MAX_CONNECTIONS: integer(1, 1_000_000).default(20_000),
  SSE_MAX_CONNECTIONS_PER_IP: integer(1, 1_000_000).default(30),
  SSE_MAX_BUFFERED_BYTES: integer(4_096, 67_108_864).default(65_536),
});

/** What the process was told by its environment. Times in milliseconds, sizes in bytes. */
export type Config = {
  readonly production: boolean;
  readonly port: number;
  readonly host: string;
  /** How many processes share the port. */
  readonly processCount: number;
  /** Connections that may wait to be accepted; the kernel cuts it to its own limit (Linux: net.core.somaxconn). */
  readonly listenBacklog: number;
  readonly databaseUrl: string | undefined;
  readonly redisUrl: string | undefined;
  /**
   * Who is believed about the address of a client: this many proxies, the proxies in these networks, or nobody.
   * In the form of Express's `trust proxy`.
   */
  readonly trustProxy: false | number | readonly string[];
  /** Absolute path of the folder for the embedded database and generated secrets. */
  readonly dataDir: string;
  readonly sessionSecret: string | undefined;
  readonly logLevel: string;
  /** Views and assets are read for each request, for whoever is changing them. */
  readonly reloadViews: boolean;
  readonly stream: {
    readonly heartbeatMs: number;
    readonly timeoutMs: number;
    readonly maxConnections: number;
    readonly maxConnectionsPerAddress: number;
    readonly maxBufferedBytes: number;
  };
};

export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/**
 * Reads the environment; an empty variable counts as unset.
 * @throws {ConfigError} with one line for every variable that is wrong.
 */
export function loadConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const parsed = environment.safeParse(given);
  const problems = parsed.success
    ? []
    : parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`);
  if (given.NODE_ENV === 'production' && given.SESSION_SECRET === undefined) {
    problems.push('SESSION_SECRET must be set in production (openssl rand -hex 32)');
  }
  if (!parsed.success || problems.length > 0) {
    throw new ConfigError(`The configuration is wrong:\n${problems.map((line) => `  ${line}`).join('\n')}`);
  }
  const { data } = parsed;
  const production = data.NODE_ENV === 'production';
  return {
    production,
    port: data.PORT,
    host: data.HOST,
    processCount: data.WEB_CONCURRENCY ?? (production ? Math.min(availableParallelism(), MAX_PROCESSES) : 1),
    listenBacklog: data.LISTEN_BACKLOG,
    databaseUrl: data.DATABASE_URL,
    redisUrl: data.REDIS_URL,
    trustProxy: data.TRUST_PROXY ?? false,
    dataDir: resolve(projectRoot(), data.DATA_DIR),
    sessionSecret: data.SESSION_SECRET,
    logLevel: data.LOG_LEVEL,
    reloadViews: data.NIPNIME_RELOAD_VIEWS === '1',
    stream: {
      heartbeatMs: data.SSE_HEARTBEAT_MS,
      timeoutMs: data.SSE_TIMEOUT_MS,
      maxConnections: data.SSE_MAX_CONNECTIONS,
      maxConnectionsPerAddress: data.SSE_MAX_CONNECTIONS_PER_IP,
      maxBufferedBytes: data.SSE_MAX_BUFFERED_BYTES,
    },
  };
}
