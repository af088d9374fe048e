import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import type { Bucket } from '../features/images/s3-store';
import { projectRoot } from '../platform/project';
import { readSecretFiles } from '../platform/secret-files';
import type { TrustProxy } from '../web/client-address';
import { MAX_PROCESSES, MIN_SECRET_LENGTH, SECRETS, settings } from './settings';
import { isPlaceholderPassword, isWeakSecret } from './weak-secret';

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
    /** Off: public topics alone are to be had by `/changes`, which caches keep. */
    readonly forEverybody: boolean;
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
  const parsed = settings.safeParse(given);
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
      forEverybody: data.LIVE_TRANSPORT === 'stream',
    },
  };
}
