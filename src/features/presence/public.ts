import type { Hub } from '../../live/hub/hub';
import type { TopicRule } from '../../live/topics';
import type { NodeClock } from '../../live/turns';
import type { Whispers } from '../../live/whispers';

/** What is told of the whole site: how many browsers are connected. For the back office. */
export const SITE_TOPIC = 'site';

/** The topics of single pages begin so: how many browsers have the page open. */
const HERE = 'here:';

export const PRESENCE_TOPICS: readonly TopicRule[] = [
  { topic: SITE_TOPIC, isPrivate: true },
  { topic: `${HERE}*` },
];

/** So few could be known to each other. */
const LEAST_HERE = 5;

const COUNT_MS = 1_000;
/** Pages that are counted: names are anybody's to make up. */
const MAX_PAGES = 1_000;

/** Tells how many browsers are connected, on all nodes together: the `site` topic, and each page's own. Returns a function that ends it. */
export function countBrowsers({
  hub,
  whispers,
  clock,
}: {
  readonly hub: Pick<Hub, 'connections' | 'connectionsByTopic'>;
  readonly whispers: Pick<Whispers, 'share'>;
  readonly clock: NodeClock;
}): () => void {
  let cancel: () => void;
  let counted: ReadonlySet<string> = new Set();
  const countPages = (): void => {
    const pages = [...hub.connectionsByTopic()]
      .filter(([topic]) => topic.startsWith(HERE))
      .slice(0, MAX_PAGES);
    const topics = new Set(pages.map(([topic]) => topic));
    for (const topic of counted) if (!topics.has(topic)) whispers.share(topic, 'browsers', 0);
    for (const [topic, browsers] of pages) whispers.share(topic, 'browsers', browsers);
    counted = topics;
  };
  const count = (): void => {
    whispers.share(SITE_TOPIC, 'browsers', hub.connections);
    countPages();
    cancel = clock.after(COUNT_MS, count);
  };
  count();
  return () => cancel();
}

/** From how many on it is told how many a topic's page is open in. */
export function leastTold(topic: string): number {
  return topic.startsWith(HERE) ? LEAST_HERE : 0;
}
