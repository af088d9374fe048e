import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';

const CHECKS_PER_MINUTE = 30;

/** Limits what one admin lets the site ask of others. Counted by each process for itself, which is a limit all the same. */
export class CheckLimits {
  readonly #limiter = new RateLimiterMemory({ points: CHECKS_PER_MINUTE, duration: 60 });

  /** Whether this admin may go on. */
  async take(adminId: string): Promise<boolean> {
    try {
      await this.#limiter.consume(adminId);
      return true;
    } catch (reason) {
      // The library rejects with its figures for a refusal, and with an error for a fault.
      if (reason instanceof RateLimiterRes) return false;
      throw reason;
    }
  }
}
