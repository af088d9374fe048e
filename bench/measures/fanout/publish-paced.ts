import { setTimeout as sleep } from 'node:timers/promises';
import type { EventPublisher, EventSize, PublishedEvent } from '../../events/event-publisher';

/** Writes under way at once. */
const CONCURRENCY = 6;

/** Makes `count` events, `rate` of them a second (or fewer, where the writes take longer). */
export async function publishPaced(
  publisher: EventPublisher,
  { size, rate, count }: { readonly size: EventSize; readonly rate: number; readonly count: number },
): Promise<readonly PublishedEvent[]> {
  const startedMs = performance.now();
  const running = new Set<Promise<unknown>>();
  const published: Promise<PublishedEvent>[] = [];
  for (let index = 0; index < count; index++) {
    const waitMs = startedMs + (index * 1_000) / rate - performance.now();
    if (waitMs > 0) await sleep(waitMs);
    while (running.size >= CONCURRENCY) await Promise.race(running);
    const event = publisher.publish(size);
    const tracked: Promise<unknown> = event.finally(() => running.delete(tracked));
    // Awaited below; until then a failure is nobody's.
    tracked.catch(() => undefined);
    running.add(tracked);
    published.push(event);
  }
  return Promise.all(published);
}
