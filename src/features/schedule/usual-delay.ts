/** How long after its broadcast an episode of a series is usually here. */
export type UsualDelay = {
  readonly medianMs: number;
  /** What it would have been wrong by in the past: half of the times by less. */
  readonly spreadMs: number;
};

const MINUTE_MS = 60_000;
/** Posted a little ahead of its broadcast, as where a service has it first. */
const EARLIEST_MS = -60 * MINUTE_MS;
/** What comes later was caught up on, and says nothing of what is usual. */
const LATEST_MS = 3 * 24 * 60 * MINUTE_MS;
/** Of the last season: who posts, and how, changes with time. */
const MAX_POSTINGS = 12;
const MIN_POSTINGS = 5;
/** A guess needs something to be made from. */
const MIN_BEFORE = 2;
const MAX_SPREAD_MS = 10 * MINUTE_MS;

/**
 * The delays between broadcasts and what was posted for them, in the order of time: of each broadcast that of the first posting.
 * @param broadcasts in the order of time
 */
export function delaysOf(broadcasts: readonly Date[], postings: readonly Date[]): number[] {
  const inOrder = postings.map((time) => time.getTime()).sort((a, b) => a - b);
  const delays: number[] = [];
  let next = 0;
  for (const [index, broadcast] of broadcasts.entries()) {
    const begins = broadcast.getTime() + EARLIEST_MS;
    const following = broadcasts[index + 1];
    const ends = Math.min(
      broadcast.getTime() + LATEST_MS,
      following ? following.getTime() + EARLIEST_MS : Number.POSITIVE_INFINITY,
    );
    while (next < inOrder.length && (inOrder[next] ?? 0) < begins) next++;
    const posted = inOrder[next];
    if (posted !== undefined && posted < ends) delays.push(posted - broadcast.getTime());
  }
  return delays;
}

/**
 * The median of the last delays; undefined where there are fewer than five, or where what it would have said of each of them by those
 * before was wrong by more than ten minutes in half of the cases.
 * @param delays in milliseconds, in the order of time
 */
export function usualDelay(delays: readonly number[]): UsualDelay | undefined {
  const last = delays.slice(-MAX_POSTINGS);
  if (last.length < MIN_POSTINGS) return undefined;
  const errors = last
    .slice(MIN_BEFORE)
    .map((delay, index) => Math.abs(delay - median(last.slice(0, index + MIN_BEFORE))));
  const spreadMs = median(errors);
  return spreadMs <= MAX_SPREAD_MS ? { medianMs: median(last), spreadMs } : undefined;
}

/** Of at least one value. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}
