const MIN_MS = 1_000;
const MAX_MS = 60_000;
const FIRST_MAX_MS = 3_000;

/**
 * How long to wait after so many failures in a row: anything from a second to a bound that doubles up to a minute.
 * All of it is random, so that browsers which were cut off together don't come back together.
 * https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function backoffMs(failures: number, random: () => number = Math.random): number {
  const maxMs = Math.min(FIRST_MAX_MS * 2 ** failures, MAX_MS);
  return MIN_MS + random() * (maxMs - MIN_MS);
}
