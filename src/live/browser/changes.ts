import { ChangesSource } from '../state/changes-source';
import type { Clock } from '../state/clock';
import type { Source } from '../state/connection';
import type { StreamRequest } from '../state/shared-stream';

/** How long a page goes without a stream before it tries whether there is one again. */
const WITHOUT_STREAM_MS = { min: 600_000, max: 1_200_000 };

/** Loaded only by pages that get no stream, or are to have none. What is for some alone comes only by a stream. */
export function openChanges({ cursor, topics, tickets }: StreamRequest, clock: Clock): Source | undefined {
  if (tickets.length > 0) return undefined;
  const { min, max } = WITHOUT_STREAM_MS;
  const lifeMs = min + clock.random() * (max - min);
  return new ChangesSource({ clock, fetch: fetchChanges, cursor, topics, lifeMs });
}

/** @throws when there is no answer of `/changes` */
async function fetchChanges(path: string, signal: AbortSignal): Promise<string> {
  // A cache would have to keep apart what comes with cookies.
  const response = await fetch(path, { credentials: 'omit', signal });
  // 410 says what to do.
  if (!response.ok && response.status !== 410) throw new Error(`${path} answered ${response.status}`);
  return response.text();
}
