import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { Availability } from '../platform/availability';
import { within } from '../platform/deadline';
import type { Logger } from '../platform/log';
import { createRedis } from '../platform/redis';
import { type ChangeEvent, decodeChangeEvent, encodeChangeEvent } from './change-event';
import { createMessageSeal } from './message-seal';

/** The messenger between nodes. It has no memory: what it loses is read from the change log. */
export type ChangeBus = {
  /** Call it right after the commit. @throws when the messages could not be handed over; they are in the change log all the same. */
  publish(events: readonly ChangeEvent[]): Promise<void>;
  /** `onUncertain` is called when messages may have been missed: after (re)connecting, or for one that can't be read. */
  subscribe(
    onEvent: (event: ChangeEvent, committedAtMs: number) => void,
    onUncertain: () => void,
  ): Promise<void>;
  /** Tells the other nodes that this one is sure of the head. Best effort. */
  saySure(): void;
  /** Milliseconds since another node said so; infinite where there is none. */
  readonly otherSureMs: () => number;
  close(): Promise<void>;
};

export const CHANNEL = 'nipnime:changes';
const SURE_CHANNEL = 'nipnime:sure';
/** How long the start of a node waits for Redis, without which it works as well. */
const CONNECT_MS = 1_000;
/** Somebody who writes what no node has written must not make this one ask the database all the time. */
const UNCERTAIN_PAUSE_MS = 250;

/**
 * Connects nodes through Redis pub/sub. Nothing that is read from there is believed unless another node has sealed it.
 * @param options.secret what all nodes share
 */
export function createRedisChangeBus(
  url: string,
  log: Logger,
  options: { readonly secret: string; readonly availability?: Availability },
): ChangeBus {
  const { seal, open } = createMessageSeal(options.secret);
  const nodeId = randomUUID();
  const publisher = createRedis(url, log, 'publish', options.availability);
  let subscriber: Redis | undefined;
  let uncertainTimer: NodeJS.Timeout | undefined;
  let otherSureAtMs = Number.NEGATIVE_INFINITY;
  const connected = within(CONNECT_MS, 'Connecting to Redis', publisher.connect()).catch(() => undefined);

  const receiveSure = (message: string): void => {
    const sender = open(message);
    if (sender !== undefined && sender !== nodeId) otherSureAtMs = performance.now();
  };
  const receiveChange = (
    message: string,
    onEvent: (event: ChangeEvent, committedAtMs: number) => void,
    onUncertain: () => void,
  ): void => {
    const text = open(message);
    const change = text === undefined ? undefined : decodeChangeEvent(text);
    if (change) return onEvent(change.event, change.committedAtMs);
    uncertainTimer ??= setTimeout(() => {
      uncertainTimer = undefined;
      onUncertain();
    }, UNCERTAIN_PAUSE_MS);
  };

  return {
    async publish(events) {
      const committedAtMs = Date.now();
      await connected;
      await Promise.all(
        events.map((event) => publisher.publish(CHANNEL, seal(encodeChangeEvent(event, committedAtMs)))),
      );
    },
    async subscribe(onEvent, onUncertain) {
      const redis = createRedis(url, log, 'subscribe', options.availability);
      subscriber = redis;
      redis.on('message', (channel: string, message: string) => {
        if (channel === SURE_CHANNEL) receiveSure(message);
        else receiveChange(message, onEvent, onUncertain);
      });
      // `ready` comes before ioredis has renewed its subscriptions: only after our own is there no gap left.
      redis.on('ready', () => {
        redis
          .subscribe(CHANNEL, SURE_CHANNEL)
          .then(onUncertain, (error: unknown) => log.warn({ err: error }, 'Redis: subscribe failed'));
      });
      await within(CONNECT_MS, 'Connecting to Redis', redis.connect()).catch(() => undefined);
    },
    saySure() {
      // Who is away says nothing, and that is what the others hear.
      publisher.publish(SURE_CHANNEL, seal(nodeId)).catch(() => undefined);
    },
    otherSureMs: () => performance.now() - otherSureAtMs,
    async close() {
      clearTimeout(uncertainTimer);
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
    saySure: () => undefined,
    otherSureMs: () => Number.POSITIVE_INFINITY,
    async close() {
      listeners.clear();
    },
  };
}
