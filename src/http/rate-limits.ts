import {
  type IRateLimiterOptions,
  RateLimiterCluster,
  RateLimiterMemory,
  RateLimiterRedis,
} from 'rate-limiter-flexible';
import { addressKey } from '../platform/address';
import type { Logger } from '../platform/log';
import { createRedis } from '../platform/redis';

/** Wrong passwords, counted by account and by address. */
export type LoginLimits = {
  /** Seconds until another try is allowed; 0 when it is allowed now. */
  retryAfterSeconds(email: string, address: string): Promise<number>;
  failed(email: string, address: string): Promise<void>;
  succeeded(email: string): Promise<void>;
  close(): void;
};

const WINDOW_SECONDS = 15 * 60;
const PER_ACCOUNT = { points: 10, duration: WINDOW_SECONDS };
const PER_ADDRESS = { points: 30, duration: WINDOW_SECONDS };

/**
 * Counts in Redis, so that all nodes count together; where there is none, in this process or, if it is `shared`, in the
 * primary of the processes that share a port. While Redis is away every process counts for itself.
 */
export function createLoginLimits(
  redisUrl: string | undefined,
  log: Logger,
  { shared }: { readonly shared: boolean },
): LoginLimits {
  const redis = redisUrl ? createRedis(redisUrl, log, 'limits') : undefined;
  void redis?.connect().catch(() => undefined);
  const limiter = (keyPrefix: string, limit: IRateLimiterOptions) => {
    if (!redis && shared) return new RateLimiterCluster({ keyPrefix, ...limit });
    const memory = new RateLimiterMemory({ keyPrefix, ...limit });
    return redis
      ? new RateLimiterRedis({ storeClient: redis, keyPrefix, insuranceLimiter: memory, ...limit })
      : memory;
  };
  const byAccount = limiter('nipnime:login:account', PER_ACCOUNT);
  const byAddress = limiter('nipnime:login:address', PER_ADDRESS);
  const account = (email: string) => email.trim().toLowerCase().slice(0, 254);

  return {
    async retryAfterSeconds(email, address) {
      const [ofAccount, ofAddress] = await Promise.all([
        byAccount.get(account(email)),
        byAddress.get(addressKey(address)),
      ]);
      const waits = [
        ofAccount && ofAccount.consumedPoints >= PER_ACCOUNT.points ? ofAccount.msBeforeNext : 0,
        ofAddress && ofAddress.consumedPoints >= PER_ADDRESS.points ? ofAddress.msBeforeNext : 0,
      ];
      return Math.ceil(Math.max(...waits) / 1_000);
    },
    async failed(email, address) {
      await Promise.all([byAccount.penalty(account(email), 1), byAddress.penalty(addressKey(address), 1)]);
    },
    async succeeded(email) {
      await byAccount.delete(account(email));
    },
    close() {
      redis?.disconnect();
    },
  };
}
