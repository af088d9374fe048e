import type { Feed } from '../../live/feed/feed';
import type { NodeClock } from '../../live/turns';
import type { Whispers } from '../../live/whispers';
import { SITE_TOPIC } from '../presence/public';

const MINUTE_MS = 60_000;
const LOOK_MS = 1_000;

type Needs = {
  readonly feed: Pick<Feed, 'follow'>;
  readonly whispers: Pick<Whispers, 'share'>;
  readonly clock: NodeClock;
};

/**
 * Tells the back office how much has changed in the last 60 s, while it does: `changes` of the `site` topic, at most once a second. All nodes
 * read the same log, so the greatest of their counts is the site's, whichever of them has just begun. Returns a function that
 * ends it.
 */
export function tellChangeRate({ feed, whispers, clock }: Needs): () => void {
  /** The oldest first. */
  let counted: readonly { readonly atMs: number; readonly changes: number }[] = [];
  let cancel: () => void;
  const tell = (): void => {
    const sinceMs = clock.now() - MINUTE_MS;
    counted = counted.filter(({ atMs }) => atMs > sinceMs);
    const sum = counted.reduce((before, { changes }) => before + changes, 0);
    whispers.share(SITE_TOPIC, 'changes', sum, { isGreatest: true });
  };
  const look = (): void => {
    tell();
    cancel = clock.after(LOOK_MS, look);
  };
  const unfollow = feed.follow({
    wants: () => false,
    onBatch: (batch) => {
      if (batch.type === 'reset') return;
      counted = [...counted, { atMs: clock.now(), changes: batch.cursor.seq - batch.previous }];
      tell();
    },
  });
  look();
  return () => {
    unfollow();
    cancel();
  };
}
