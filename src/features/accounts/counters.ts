import {
  RateLimiterCluster,
  RateLimiterMemory,
  RateLimiterRedis,
  RateLimiterRes,
} from 'rate-limiter-flexible';
import type { Availability } from '../../platform/availability';
import { within } from '../../platform/deadline';
import type { Logger } from '../../platform/log';
import { createRedis } from '../../platform/redis';

/** What is left to somebody who was counted. */
export type Count = {
  readonly isRefused: boolean;
  /** Refused, and nobody was before in this window. */
  readonly isFirst: boolean;
  readonly remaining: number;
  /** Until the window ends. */
  readonly resetSeconds: number;
};

export type Counters = {
  /** @param points in each window of so many seconds */
  limit(name: string, window: { readonly points: number; readonly seconds: number }): Limit;
  /** Whether this process counts for itself just now, since who counts for all does not answer. */
  isAlone(): boolean;
  close(): void;
};

/** Whoever counts for all has this long to answer; three questions are asked for one try at the most. */
const PATIENCE_MS = 500;
/** How long somebody who did not answer isn't asked again. */
const PAUSE_MS = 5_000;

type Counter = Pick<RateLimiterMemory, 'consume' | 'reward'>;

/**
 * Counts in this process, and where several serve the site also with all of them: in Redis or, between the processes of one
 * node (`shared`), in the primary. Whoever is counted has to pass both. So while nobody else answers, what this process has counted
 * still holds, and nothing goes on without a count.
 */
export function createCounters(
  redisUrl: string | undefined,
  log: Logger,
  { shared, availability }: { readonly shared: boolean; readonly availability: Availability },
): Counters {
  const redis = redisUrl ? createRedis(redisUrl, log, 'limits', availability) : undefined;
  void redis?.connect().catch(() => undefined);
  const others = new Others(log, () => redis !== undefined || process.connected);
  return {
    limit: (name, { points, seconds }) => {
      const options = { keyPrefix: `nipnime:${name}`, points, duration: seconds };
      const everywhere = redis
        ? new RateLimiterRedis({ storeClient: redis, ...options })
        : shared
          ? new RateLimiterCluster({ ...options, timeoutMs: PATIENCE_MS })
          : undefined;
      return new Limit(points, new RateLimiterMemory(options), everywhere, others);
    },
    isAlone: () => others.isSilent,
    close() {
      redis?.disconnect();
    },
  };
}

export class Limit {
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

  async count(key: string): Promise<Count> {
    const here = await this.#consume(this.#here, key);
    if (here.isRefused) return here;
    return (await this.#ask((counter) => this.#consume(counter, key))) ?? here;
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

  async #consume(counter: Counter, key: string): Promise<Count> {
    const { figures, isRefused } = await consumed(counter, key);
    return {
      isRefused,
      isFirst: isRefused && figures.consumedPoints === this.#points + 1,
      remaining: Math.max(0, figures.remainingPoints),
      resetSeconds: Math.max(1, Math.ceil(figures.msBeforeNext / 1_000)),
    };
  }
}

async function consumed(
  counter: Counter,
  key: string,
): Promise<{ readonly figures: RateLimiterRes; readonly isRefused: boolean }> {
  try {
    return { figures: await counter.consume(key), isRefused: false };
  } catch (reason) {
    // The library rejects with its figures for a refusal, and with an error for a fault.
    if (!(reason instanceof RateLimiterRes)) throw reason;
    return { figures: reason, isRefused: true };
  }
}

/** Those who count with this process. One that doesn't answer is left alone for a while: not everybody has to wait for it. */
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

  /** Whether they are left alone, after they did not answer. */
  get isSilent(): boolean {
    return performance.now() < this.#silentUntilMs;
  }

  async ask<T>(question: () => Promise<T>): Promise<T | undefined> {
    if (this.isSilent || !this.#isReachable()) return undefined;
    try {
      const answer = await within(PATIENCE_MS, 'Counting with the others', question());
      if (this.#isAlone)
        this.#log.info('Tries to log in, and requests of the API, are counted together again');
      this.#isAlone = false;
      return answer;
    } catch (error) {
      this.#silentUntilMs = performance.now() + PAUSE_MS;
      // One line for an outage.
      if (!this.#isAlone)
        this.#log.warn(
          { err: error },
          'Tries to log in, and requests of the API, are counted by this process alone',
        );
      this.#isAlone = true;
      return undefined;
    }
  }
}
