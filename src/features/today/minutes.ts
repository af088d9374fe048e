import type { NodeClock } from '../../live/turns';
import type { Whispers } from '../../live/whispers';
import type { Database } from '../../platform/database';
import { SITE_TOPIC } from '../presence/public';
import { recordMinute } from './repository';

const MINUTE_MS = 60_000;
/** So that what was committed at the end of the minute is in it. */
const AFTERWARDS_MS = 1_000;

type Needs = {
  readonly db: Database;
  readonly whispers: Pick<Whispers, 'lastOf'>;
  readonly clock: NodeClock;
  readonly onError: (error: unknown, message: string) => void;
};

/**
 * Notes after each minute how many browsers were connected and how much has changed. Every node does: they know the same, and
 * whoever is first has noted it for all. Returns a function that ends it.
 */
export function recordMinutes({ db, whispers, clock, onError }: Needs): () => void {
  let cancel: () => void;
  const record = async (minute: Date): Promise<void> => {
    const browsers = whispers.lastOf([SITE_TOPIC]).find(({ key }) => key === 'browsers')?.value;
    await recordMinute(db, minute, Number(browsers ?? 0));
  };
  const wait = (): void => {
    const nowMs = Date.now();
    const minuteMs = nowMs - (nowMs % MINUTE_MS);
    cancel = clock.after(minuteMs + MINUTE_MS + AFTERWARDS_MS - nowMs, () => {
      wait();
      record(new Date(minuteMs)).catch((error: unknown) => onError(error, 'A minute was not noted'));
    });
  };
  wait();
  return () => cancel();
}
