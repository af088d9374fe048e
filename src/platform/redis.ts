import { Redis, type RedisOptions } from 'ioredis';
import { type Availability, createAvailability } from './availability';
import type { Logger } from './log';

/** Redis answers within a millisecond, or something is wrong with it. */
const ANSWER_MS = 1_000;
const CONNECT_MS = 2_000;
const PING_MS = 2_000;

const SENTINEL_PORT = 26_379;
/** The protocol of the addresses that name sentinels. */
const SENTINEL = 'redis+sentinel:';

/**
 * Makes a client that fails at once while Redis is away, instead of queueing commands: what it carries is either
 * in the change log already or can be refused. It reconnects for ever, after 0.1–2 s. A Redis that does not answer (it is
 * frozen, or the connection went silent) counts as away: the client asks every two seconds, for ioredis itself has no deadline.
 * @param availability keeps whether Redis is there; all clients of one process share it, so that an outage is one line in the log
 */
export function createRedis(
  url: string,
  log: Logger,
  role: string,
  availability: Availability = createAvailability({ name: 'Redis', log, onChange: () => undefined }),
): Redis {
  const options = {
    connectionName: `nipnime-${role}`,
    enableOfflineQueue: false,
    lazyConnect: true,
    maxRetriesPerRequest: 0,
    connectTimeout: CONNECT_MS,
    commandTimeout: ANSWER_MS,
    sentinelCommandTimeout: ANSWER_MS,
    // This is the connection's own deadline: commands that were sent in vain must not pile up in it.
    socketTimeout: ANSWER_MS,
    keepAlive: 10_000,
    // By default, a process that stops while Redis is away stays for two seconds more.
    disconnectTimeout: 100,
    retryStrategy: (attempt: number) => Math.min(100 * attempt, 2_000),
  } satisfies RedisOptions;
  const redis = url.startsWith(SENTINEL)
    ? new Redis({ ...options, ...sentinelsOf(url) })
    : new Redis(url, options);
  const reportFailure = (error: unknown): void => availability.failed(reasonOf(error));
  const pinging = setInterval(() => {
    if (redis.status === 'ready') redis.ping().then(availability.succeeded, reportFailure);
  }, PING_MS);
  pinging.unref();
  redis.once('end', () => clearInterval(pinging));
  redis.on('error', reportFailure);
  redis.on('ready', availability.succeeded);
  return redis;
}

/** The servers that know which Redis leads: `redis+sentinel://:password@host,host,host:26379/name`. */
function sentinelsOf(
  url: string,
): Pick<RedisOptions, 'sentinels' | 'name' | 'username' | 'password' | 'sentinelPassword'> {
  const { username, password, hostname, port, pathname, searchParams } = new URL(url);
  const sentinelPassword = searchParams.get('sentinel-password');
  return {
    sentinels: hostname.split(',').map((host) => ({ host, port: Number(port || SENTINEL_PORT) })),
    name: decodeURIComponent(pathname.slice(1)),
    ...(username && { username: decodeURIComponent(username) }),
    ...(password && { password: decodeURIComponent(password) }),
    ...(sentinelPassword && { sentinelPassword }),
  };
}

/** https://redis.io/docs/latest/commands/auth/ */
const REFUSED_LOGIN = /^(WRONGPASS|NOAUTH|ERR AUTH)\b/;

/** Nothing of the address, which holds the password. */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const [, code] = REFUSED_LOGIN.exec(message) ?? [];
  return code === undefined ? message : `it refuses the user or the password of REDIS_URL (${code})`;
}
