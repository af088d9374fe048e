import { createHash } from 'node:crypto';
import { addressKey } from '../../platform/address';
import type { Count, Counters, Limit } from './counters';

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

/** No password is looked at without a count. */
export function createLoginLimits(counters: Counters): LoginLimits {
  const limit = (name: keyof typeof TRIES): Limit =>
    counters.limit(`login:${name}`, { points: TRIES[name], seconds: WINDOW_SECONDS });
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
        const { isRefused, isFirst, resetSeconds } = await limit.count(key);
        if (isRefused) return { retryAfterSeconds: resetSeconds, isFirst };
        taken.push({ limit, key });
        return undefined;
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
  };
}

/** Hashed, so that a key is short whatever somebody types. */
function keyOf(...parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 22);
}

/** How much of the API a token may use. */
export type RequestLimit = {
  readonly perMinute: number;
  count(tokenId: string): Promise<Count>;
};

export function createRequestLimit(counters: Counters, perMinute: number): RequestLimit {
  const limit = counters.limit('api', { points: perMinute, seconds: 60 });
  return { perMinute, count: (tokenId) => limit.count(tokenId) };
}
