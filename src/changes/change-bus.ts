import type { Redis } from 'ioredis';
import type { Logger } from '../platform/log';
import { createRedis } from '../platform/redis';
import { type ChangeEvent, decodeChangeEvent, encodeChangeEvent } from './change-event';

/** The messenger between nodes. It has no memory: what it loses is read from the change log. */
export type ChangeBus = {
  /** Call it right after the commit. @throws when the messages could not be handed over; they are in the change log all the same. */
  publish(events: readonly ChangeEvent[]): Promise<void>;
  /** `onUncertain` is called when messages may have been missed: after (re)connecting, or for one that can't be read. */
  subscribe(
    onEvent: (event: ChangeEvent, committedAtMs: number) => void,
    onUncertain: () => void,
  ): Promise<void>;
  close(): Promise<void>;
};

export const CHANNEL = 'nipnime:changes';

/** Connects nodes through Redis pub/sub. Subscribing does not wait for Redis: a node also works without. */
export function createRedisChangeBus(url: string, log: Logger): ChangeBus {
  const publisher = createRedis(url, log, 'publish');
  let subscriber: Redis | undefined;
  const connected = publisher.connect().catch(() => undefined);

  return {
    async publish(events) {
      const committedAtMs = Date.now();
      await connected;
      await Promise.all(
        events.map((event) => publisher.publish(CHANNEL, encodeChangeEvent(event, committedAtMs))),
      );
    },
    async subscribe(onEvent, onUncertain) {
      const redis = createRedis(url, log, 'subscribe');
      subscriber = redis;
      redis.on('message', (_channel: string, message: string) => {
        const change = decodeChangeEvent(message);
        if (change) onEvent(change.event, change.committedAtMs);
        else onUncertain();
      });
      // `ready` comes before ioredis has renewed its subscriptions: only after our own is there no gap left.
      redis.on('ready', () => {
        redis
          .subscribe(CHANNEL)
          .then(onUncertain, (error: unknown) => log.warn({ err: error }, 'Redis: subscribe failed'));
      });
      await redis.connect().catch(() => undefined);
    },
    async close() {
      publisher.disconnect();
      subscriber?.disconnect();
    },
  };
}

/** The in-process twin, for one node alone and for tests. Delivers after the publisher's turn, as a network would. */
export function createMemoryChangeBus(): ChangeBus {
  const listeners = new Set<(event: ChangeEvent, committedAtMs: number) => void>();
  return {
    async publish(events) {
      const committedAtMs = Date.now();
      const messages = events.map((event) => encodeChangeEvent(event, committedAtMs));
      setImmediate(() => {
        for (const message of messages) {
          const change = decodeChangeEvent(message);
          if (change) for (const listener of listeners) listener(change.event, change.committedAtMs);
        }
      });
    },
    async subscribe(onEvent) {
      listeners.add(onEvent);
    },
    async close() {
      listeners.clear();
    },
  };
}
