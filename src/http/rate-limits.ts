import { createHash } from 'node:crypto';
import {
  RateLimiterCluster,
  RateLimiterMemory,
  RateLimiterRedis,
  RateLimiterRes,
} from 'rate-limiter-flexible';
import { addressKey } from '../platform/address';
import type { Availability } from '../platform/availability';
import { within } from '../platform/deadline';
import type { Logger } from '../platform/log';
import { createRedis } from '../platform/redis';

/** Why a try was refused, and for how long. */
type Refusal = {
  readonly retryAfterSeconds: number;
  /** Nobody was refused for this before, in this window. */
  readonly isFirst: boolean;
};

/**
 * One try to log in. It is counted before a password is looked at: else all that come at once would pass. Each method gives
 * why the try ends here, or undefined when it may go on. `account` is the address of the account as the database folds it.
 */
export type LoginTry = {
  fromAddress(address: string): Promise<Refusal | undefined>;
  forAccount(account: string, address: string): Promise<Refusal | undefined>;
  /** In the place of the others: a device that the account knows has tries of its own, which strangers can't use up. */
  fromDevice(account: string, device: string): Promise<Refusal | undefined>;
  /** For a try that was none: the password was right, or nobody looked at it. */
  giveBack(): Promise<void>;
};

export type LoginLimits = {
  beginTry(): LoginTry;
  close(): void;
};

const WINDOW_SECONDS = 15 * 60;
const TRIES = {
  /** Of one address, whatever account it tries. */
  address: 30,
  /** Of one address for one account. */
  pair: 10,
  /** For one account, from all addresses: above what a few strangers can use up, below what makes guessing worth while. */
  account: 100,
  /** Of a device that the account knows. */
  device: 10,
} as const;

/** Whoever counts for all has this long to answer; three questions are asked for one try at the most. */
const PATIENCE_MS = 500;
/** How long somebody who did not answer isn't asked again. */
const PAUSE_MS = 5_000;

type Counter = Pick<RateLimiterMemory, 'consume' | 'reward'>;

/**
 * Counts in this process, and where several serve the site also with all of them: in Redis or, between the processes of one
 * node (`shared`), in the primary. A try has to pass both. So while nobody else answers, what this process has counted still
 * holds, and no password is looked at without a count.
 */
export function createLoginLimits(
  redisUrl: string | undefined,
  log: Logger,
  { shared, availability }: { readonly shared: boolean; readonly availability: Availability },
): LoginLimits {
  const redis = redisUrl ? createRedis(redisUrl, log, 'limits', availability) : undefined;
  void redis?.connect().catch(() => undefined);
  const others = new Others(log, () => redis !== undefined || process.connected);
  const limit = (name: keyof typeof TRIES): Limit => {
    const options = { keyPrefix: `nipnime:login:${name}`, points: TRIES[name], duration: WINDOW_SECONDS };
    const everywhere = redis
      ? new RateLimiterRedis({ storeClient: redis, ...options })
      : shared
        ? new RateLimiterCluster({ ...options, timeoutMs: PATIENCE_MS })
        : undefined;
    return new Limit(options.points, new RateLimiterMemory(options), everywhere, others);
  };
  const limits = {
    address: limit('address'),
    pair: limit('pair'),
    account: limit('account'),
    device: limit('device'),
  };
  return {
    beginTry: () => {
      const taken: { readonly limit: Limit; readonly key: string }[] = [];
      const take = async (limit: Limit, key: string): Promise<Refusal | undefined> => {
        const refusal = await limit.take(key);
        if (!refusal) taken.push({ limit, key });
        return refusal;
      };
      return {
        fromAddress: (address) => take(limits.address, addressKey(address)),
        // One after the other: what is refused by the first must not use up the second, which others share.
        forAccount: async (account, address) =>
          (await take(limits.pair, keyOf(account, addressKey(address)))) ??
          (await take(limits.account, keyOf(account))),
        fromDevice: (account, device) => take(limits.device, keyOf(account, device)),
        giveBack: async () => {
          await Promise.all(taken.splice(0).map(({ limit, key }) => limit.giveBack(key)));
        },
      };
    },
    close() {
      redis?.disconnect();
    },
  };
}

/** Hashed, so that a key is short whatever somebody types. */
function keyOf(...parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 22);
}

class Limit {
  readonly #points: number;
  readonly #here: Counter;
  readonly #everywhere: Counter | undefined;
  readonly #others: Others;

  constructor(points: number, here: Counter, everywhere: Counter | undefined, others: Others) {
    this.#points = points;
    this.#here = here;
    this.#everywhere = everywhere;
    this.#others = others;
  }

  async take(key: string): Promise<Refusal | undefined> {
    return (
      (await this.#consume(this.#here, key)) ?? (await this.#ask((counter) => this.#consume(counter, key)))
    );
  }

  async giveBack(key: string): Promise<void> {
    await this.#here.reward(key, 1);
    await this.#ask((counter) => counter.reward(key, 1));
  }

  /** Undefined when nobody answers, too. */
  async #ask<T>(question: (counter: Counter) => Promise<T>): Promise<T | undefined> {
    const everywhere = this.#everywhere;
    return everywhere && this.#others.ask(() => question(everywhere));
  }

  async #consume(counter: Counter, key: string): Promise<Refusal | undefined> {
    try {
      await counter.consume(key);
      return undefined;
    } catch (reason) {
      // The library rejects with its figures for a refusal, and with an error for a fault.
      if (!(reason instanceof RateLimiterRes)) throw reason;
      return {
        retryAfterSeconds: Math.max(1, Math.ceil(reason.msBeforeNext / 1_000)),
        isFirst: reason.consumedPoints === this.#points + 1,
      };
    }
  }
}

/** Those who count with this process. One that doesn't answer is left alone for a while: not every log-in has to wait for it. */
class Others {
  readonly #log: Logger;
  readonly #isReachable: () => boolean;
  #silentUntilMs = Number.NEGATIVE_INFINITY;
  #isAlone = false;

  /** @param isReachable a message to a primary that is gone would end this process in the middle of its last answers */
  constructor(log: Logger, isReachable: () => boolean) {
    this.#log = log;
    this.#isReachable = isReachable;
  }

  async ask<T>(question: () => Promise<T>): Promise<T | undefined> {
    if (performance.now() < this.#silentUntilMs || !this.#isReachable()) return undefined;
    try {
      const answer = await within(PATIENCE_MS, 'Counting a log-in with the others', question());
      if (this.#isAlone) this.#log.info('Tries to log in are counted together again');
      this.#isAlone = false;
      return answer;
    } catch (error) {
      this.#silentUntilMs = performance.now() + PAUSE_MS;
      // One line for an outage.
      if (!this.#isAlone) this.#log.warn({ err: error }, 'Tries to log in are counted by this process alone');
      this.#isAlone = true;
      return undefined;
    }
  }
}
