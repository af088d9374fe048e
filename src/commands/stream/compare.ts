import { setTimeout as sleep } from 'node:timers/promises';
import { isOfEpoch, seqOf } from '../../live/state/cursor';
import { differences, type ListState } from './differences';
import type { StreamFollower } from './stream-follower';

const LOOK_MS = 20;

/**
 * What a follower's list has wrong, in sentences; empty when it equals the truth. It gets time to hear what the
 * truth knows already: a follower that doesn't get there within `patienceMs` is silently stale, which is a difference.
 *
 * @param patienceMs 3 s is what a connected client is promised; a reset or a lost connection takes longer
 */
export async function compareWithTruth(
  follower: StreamFollower,
  readTruth: () => Promise<ListState>,
  patienceMs: number,
): Promise<string[]> {
  const giveUpMs = performance.now() + patienceMs;
  for (;;) {
    const truth = await readTruth();
    while (!follower.hasReached(truth.cursor)) {
      if (performance.now() > giveUpMs) return [describeLag(follower, truth, patienceMs)];
      await sleep(LOOK_MS);
    }
    // A page that was read meanwhile may be newer than this truth.
    const { list } = follower;
    const isNewer = isOfEpoch(list.cursor, truth.cursor) && seqOf(list.cursor) > seqOf(truth.cursor);
    if (!isNewer) return differences(list, truth).map(({ text }) => text);
  }
}

function describeLag({ lastId, isLive }: StreamFollower, { cursor }: ListState, patienceMs: number): string {
  const state = isLive ? 'is connected' : 'is not connected';
  return `The client ${state} and stands at ${lastId}, the truth at ${cursor}, for ${patienceMs / 1_000} s`;
}
