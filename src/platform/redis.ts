import { Redis } from 'ioredis';
import type { Logger } from './log';

/**
 * A client that fails at once while Redis is away, instead of queueing commands: what it carries is either
 * in the change log already or can be refused. It reconnects for ever, after 0.1–2 s.
 */
export function createRedis(url: string, log: Logger, role: string): Redis {
  const redis = new Redis(url, {
    connectionName: `nipnime-${role}`,
    enableOfflineQueue: false,
    lazyConnect: true,
    maxRetriesPerRequest: 0,
    // Else a process that stops while Redis is away would stay for two seconds more.
    disconnectTimeout: 100,
    retryStrategy: (attempt) => Math.min(100 * attempt, 2_000),
  });
  let reported = false;
  redis.on('error', (error: Error) => {
    // One line for an outage, not one for each attempt to reconnect.
    if (!reported) log.warn({ role, reason: error.message }, 'Redis is away');
    reported = true;
  });
  redis.on('ready', () => {
    if (reported) log.info({ role }, 'Redis is back');
    reported = false;
  });
  return redis;
}
