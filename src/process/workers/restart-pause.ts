const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 30_000;
/** A worker that has lived this long did not die of its start. */
const STABLE_MS = 30_000;

/** Returns the milliseconds before a worker is replaced: more each time that the last one died soon, so that a crash loop stays cheap. */
export function restartPauseMs(lastPauseMs: number, livedMs: number): number {
  if (livedMs >= STABLE_MS) return FIRST_PAUSE_MS;
  return Math.min(Math.max(FIRST_PAUSE_MS, lastPauseMs * 2), MAX_PAUSE_MS);
}
