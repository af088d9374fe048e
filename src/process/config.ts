import { isIP } from 'node:net';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { z } from 'zod';
import type { Bucket } from '../features/images/s3-store';
import { projectRoot } from '../platform/project';
import { readSecretFiles } from '../platform/secret-files';
import type { TrustProxy } from '../web/client-address';
import { isPlaceholderPassword, isWeakSecret } from './weak-secret';

const url = (protocols: readonly string[], example: string) =>
  z.string().refine((value) => {
    return URL.canParse(value) && protocols.includes(new URL(value).protocol);
  }, `must be a URL such as ${example}`);

/** An origin: a path behind it would be lost, since the site's own links all begin at the root. */
const origin = url(['http:', 'https:'], 'https://anime.example').refine((value) => {
  return URL.canParse(value) && new URL(value).href === `${new URL(value).origin}/`;
}, 'must have nothing behind the host and the port');

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
  // Express refuses a network of everybody (/0), too.
  const maxPrefix = family === 4 ? 32 : 128;
  return prefix === undefined || (/^[1-9]\d{0,2}$/.test(prefix) && Number(prefix) <= maxPrefix);
}

const MAX_PROCESSES = 256;
const MIN_SECRET_LENGTH = 32;

/** A bucket with who may use it: `s3://key:secret@s3.example/bucket?region=eu-central-1`. */
const bucket = z.string().transform((value, context): Bucket => {
  const given = URL.canParse(value) && isPercentEncoded(value) ? new URL(value) : undefined;
  const protocol = given && BUCKET_PROTOCOLS[given.protocol];
  const path = given?.pathname.replace(/\/$/, '') ?? '';
  const parameters = [...(given?.searchParams.keys() ?? [])];
  const isWhole = given?.host && given.username && given.password && path.length > 1;
  if (!given || !protocol || !isWhole || parameters.some((name) => name !== 'region')) {
    context.addIssue({ code: 'custom', message: BUCKET_PROBLEM });
    return z.NEVER;
  }
  return {
    url: `${protocol}//${given.host}${path}`,
    region: given.searchParams.get('region') || 'us-east-1',
    accessKeyId: decodeURIComponent(given.username),
    secretAccessKey: decodeURIComponent(given.password),
  };
});
/** Whether each % begins a byte of UTF-8. */
function isPercentEncoded(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

const BUCKET_PROTOCOLS: Readonly<Record<string, string>> = { 's3:': 'https:', 's3+http:': 'http:' };
const BUCKET_PROBLEM =
  'must be the address of a bucket with a key, such as s3://KEY:SECRET@s3.example/bucket?region=eu-central-1 (s3+http:// without TLS); other signs than letters and digits of the secret are percent-encoded';

const environment = z.object({
  NODE_ENV: z
    .enum(['development', 'test', 'production'], 'must be development, test or production')
    .default('development'),
  PORT: integer(0, 65_535).default(3000),
  HOST: z.string().default('127.0.0.1'),
  SITE_URL: origin.transform((value) => new URL(value).origin).optional(),
  OFFLINE_PAGE: z.enum(['on', 'off'], 'must be on or off').default('on'),
  METRICS_PORT: integer(0, 65_535).optional(),
  METRICS_HOST: z.string().default('127.0.0.1'),
  WEB_CONCURRENCY: integer(1, MAX_PROCESSES).optional(),
  LISTEN_BACKLOG: integer(1, 65_535).default(32_768),
  DATABASE_URL: url(['postgres:', 'postgresql:'], 'postgres://user:password@host:5432/name').optional(),
  REDIS_URL: url(['redis:', 'rediss:'], 'redis://host:6379').optional(),
  TRUST_PROXY: trustedProxies.optional(),
  DATA_DIR: z.string().default('data'),
  STORAGE_URL: bucket.optional(),
  SESSION_SECRET: z
    .string()
    .min(MIN_SECRET_LENGTH, `must have at least ${MIN_SECRET_LENGTH} characters (openssl rand -hex 32)`)
    .optional(),
  LOG_LEVEL: z
    .enum(
      ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
      'must be a level of pino, such as info',
    )
    .default('info'),
  /** Set by `npm run dev`. */
  NIPNIME_RELOAD_VIEWS: z.string().optional(),
  TITLE_READINGS: z.enum(['on', 'off'], 'must be on or off').default('on'),
  SERVER_CHECKS: z.enum(['on', 'off'], 'must be on or off').default('off'),
  API_REQUESTS_PER_MINUTE: integer(1, 1_000_000).default(6_000),
  SSE_AHEAD_OF_HTTP: z.enum(['on', 'off'], 'must be on or off').default('on'),
  SSE_HEARTBEAT_MS: integer(1_000, 60_000).default(15_000),
  SSE_TIMEOUT_MS: integer(10_000, 86_400_000).default(1_800_000),
  SSE_MAX_CONNECTIONS: integer(1, 1_000_000).default(20_000),
  SSE_MAX_CONNECTIONS_PER_IP: integer(1, 1_000_000).default(30),
  SSE_MAX_BUFFERED_BYTES: integer(4_096, 67_108_864).default(65_536),
});

/** Settings that a file can hold: `<name>_FILE` names it. */
const SECRETS = ['DATABASE_URL', 'REDIS_URL', 'STORAGE_URL', 'SESSION_SECRET'];

/** The names of all variables that are read. */
export const SETTINGS: readonly string[] = [
  ...Object.keys(environment.shape),
  ...SECRETS.map((name) => `${name}_FILE`),
];

/** The settings of the process, from its environment. Times are in milliseconds, sizes in bytes. */
export type Config = {
  readonly production: boolean;
  readonly port: number;
  readonly host: string;
  /** Where visitors find the site, such as `https://anime.example`; undefined: where they say that they have found it. */
  readonly siteUrl: string | undefined;
  /** Browsers keep a page for when they can't reach the site; off: those that have it lose it. */
  readonly offlinePage: boolean;
  /** Where Prometheus reads the figures; undefined where nobody does. */
  readonly metrics: { readonly port: number; readonly host: string } | undefined;
  /** How many processes share the port. */
  readonly processCount: number;
  /** Connections that may wait to be accepted; the kernel cuts it to its own limit (Linux: net.core.somaxconn). */
  readonly listenBacklog: number;
  readonly databaseUrl: string | undefined;
  readonly redisUrl: string | undefined;
  readonly trustProxy: TrustProxy;
  /** Absolute path of the folder for the embedded database and generated secrets. */
  readonly dataDir: string;
  /** Where uploaded pictures are kept; undefined: in a folder of `dataDir`. */
  readonly storage: Bucket | undefined;
  readonly sessionSecret: string | undefined;
  readonly logLevel: string;
  /** Whether Japanese titles are read, in a process of its own that takes some 400 MB while it runs. */
  readonly titleReadings: boolean;
  /** Whether the addresses of video servers are asked by night whether they answer. */
  readonly serverChecks: boolean;
  /** Of one token. */
  readonly apiRequestsPerMinute: number;
  /** Whether views and assets are read for each request, so that somebody who changes them sees the change. */
  readonly reloadViews: boolean;
  readonly stream: {
    /** Plain requests for the stream are taken from their connections before Node's HTTP parser is made for them. */
    readonly aheadOfHttp: boolean;
    readonly heartbeatMs: number;
    readonly timeoutMs: number;
    readonly maxConnections: number;
    readonly maxConnectionsPerAddress: number;
    readonly maxBufferedBytes: number;
  };
};

type Environment = Readonly<Record<string, string | undefined>>;

export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

type Problem = { readonly name: string; readonly message: string };

/** What production refuses besides what is refused everywhere. */
function weakSecrets(given: Environment): Problem[] {
  const problems: Problem[] = [];
  const { SESSION_SECRET: secret = '' } = given;
  if (secret.length >= MIN_SECRET_LENGTH && isWeakSecret(secret)) {
    problems.push({
      name: 'SESSION_SECRET',
      message: 'is too easy to guess for production (openssl rand -hex 32 makes a good one)',
    });
  }
  for (const name of SECRETS) {
    const value = given[name] ?? '';
    if (!URL.canParse(value)) continue;
    const { password } = new URL(value);
    if (password && isPlaceholderPassword(password)) {
      problems.push({
        name,
        message:
          'has a placeholder for a password, which production refuses (openssl rand -hex 32 makes a good one)',
      });
    }
  }
  return problems;
}

/**
 * Reads the environment, and the files of secrets that it names; an empty variable counts as unset.
 * @throws {ConfigError} with one line for every variable that is wrong.
 */
export function loadConfig(env: Environment): Config {
  const fromFiles = readSecretFiles(env, SECRETS);
  const set = Object.entries(env).filter(([, value]) => value !== '');
  const given: Environment = { ...Object.fromEntries(set), ...Object.fromEntries(fromFiles.values) };
  const parsed = environment.safeParse(given);
  const wrong = (parsed.error?.issues ?? []).map(({ path, message }) => ({ name: path.join('.'), message }));
  if (given.NODE_ENV === 'production') wrong.push(...weakSecrets(given));
  const problems = wrong.map(({ name, message }) => {
    const file = fromFiles.files.get(name);
    return `${name}${file === undefined ? '' : ` in ${file}`} ${message}`;
  });
  problems.unshift(...fromFiles.problems);
  if (given.NODE_ENV === 'production' && !given.SESSION_SECRET && !env.SESSION_SECRET_FILE) {
    problems.push(
      'SESSION_SECRET, or SESSION_SECRET_FILE, must be set in production (openssl rand -hex 32 makes one)',
    );
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
    siteUrl: data.SITE_URL,
    offlinePage: data.OFFLINE_PAGE === 'on',
    metrics:
      data.METRICS_PORT === undefined ? undefined : { port: data.METRICS_PORT, host: data.METRICS_HOST },
    processCount: data.WEB_CONCURRENCY ?? (production ? Math.min(availableParallelism(), MAX_PROCESSES) : 1),
    listenBacklog: data.LISTEN_BACKLOG,
    databaseUrl: data.DATABASE_URL,
    redisUrl: data.REDIS_URL,
    trustProxy: data.TRUST_PROXY ?? false,
    dataDir: resolve(projectRoot(), data.DATA_DIR),
    storage: data.STORAGE_URL,
    sessionSecret: data.SESSION_SECRET,
    logLevel: data.LOG_LEVEL,
    titleReadings: data.TITLE_READINGS === 'on',
    serverChecks: data.SERVER_CHECKS === 'on',
    apiRequestsPerMinute: data.API_REQUESTS_PER_MINUTE,
    reloadViews: data.NIPNIME_RELOAD_VIEWS === '1',
    stream: {
      aheadOfHttp: data.SSE_AHEAD_OF_HTTP === 'on',
      heartbeatMs: data.SSE_HEARTBEAT_MS,
      timeoutMs: data.SSE_TIMEOUT_MS,
      maxConnections: data.SSE_MAX_CONNECTIONS,
      maxConnectionsPerAddress: data.SSE_MAX_CONNECTIONS_PER_IP,
      maxBufferedBytes: data.SSE_MAX_BUFFERED_BYTES,
    },
  };
}
