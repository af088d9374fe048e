import { type Finding, ok, problem, warning } from './finding';

/** What the clocks of machines that are set by NTP differ by at most, with some room for a slow answer. */
const USUAL_MS = 1_000;
/** A code of an authenticator app holds for 30 s. */
const MAX_MS = 30_000;

/**
 * Compares another machine's clock with this one's.
 * @param readMs asks it for its time, in milliseconds since 1970
 */
export async function compareClocks(about: string, readMs: () => Promise<number>): Promise<Finding> {
  const sentMs = Date.now();
  const theirMs = await readMs();
  const receivedMs = Date.now();
  // It was read at some moment between: what that leaves open is no difference.
  const aheadMs = theirMs > receivedMs ? theirMs - receivedMs : theirMs < sentMs ? theirMs - sentMs : 0;
  const seconds = `${(Math.abs(aheadMs) / 1_000).toFixed(1)} s`;
  if (Math.abs(aheadMs) <= USUAL_MS) return ok(about, 'its clock agrees with that of this machine');
  const how = `its clock is ${seconds} ${aheadMs > 0 ? 'ahead of' : 'behind'} that of this machine: let NTP set both`;
  return Math.abs(aheadMs) > MAX_MS
    ? problem(about, `${how}; scheduled episodes, sessions and one-time codes go by them`)
    : warning(about, how);
}
