import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { addressKey } from '../../platform/address';

/** Whether a report counts. `repeated`: this address has reported this episode already. */
export type ReportOutcome =
  | { readonly outcome: 'counts' | 'repeated' }
  | { readonly outcome: 'refused'; readonly retryAfterSeconds: number };

const HOUR_S = 3_600;
/** Of one address, whatever it reports: a whole evening of broken episodes. */
const REPORTS_PER_HOUR = 20;

/**
 * Limits what one address reports. Counted by each process for itself: who gets past it by reaching several makes a number in the
 * list of reports higher, and nothing else.
 */
export class ReportLimits {
  readonly #all = new RateLimiterMemory({ points: REPORTS_PER_HOUR, duration: HOUR_S });
  readonly #ofEpisode = new RateLimiterMemory({ points: 1, duration: 24 * HOUR_S });

  async take(address: string, episodeId: string): Promise<ReportOutcome> {
    const client = addressKey(address);
    const refusal = await refusalOf(this.#all, client);
    if (refusal) return { outcome: 'refused', retryAfterSeconds: Math.ceil(refusal.msBeforeNext / 1_000) };
    const isRepeated = await refusalOf(this.#ofEpisode, `${client} ${episodeId}`);
    return { outcome: isRepeated ? 'repeated' : 'counts' };
  }
}

async function refusalOf(limiter: RateLimiterMemory, key: string): Promise<RateLimiterRes | undefined> {
  try {
    await limiter.consume(key);
    return undefined;
  } catch (reason) {
    // The library rejects with its figures for a refusal, and with an error for a fault.
    if (reason instanceof RateLimiterRes) return reason;
    throw reason;
  }
}
