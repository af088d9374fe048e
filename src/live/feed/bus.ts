import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { Availability } from '../../platform/availability';
import { within } from '../../platform/deadline';
import type { Logger } from '../../platform/log';
import { createRedis } from '../../platform/redis';
import type { Commit } from '../log/change';
import {
  type CommitMessage,
  decodeCommit,
  decodeNote,
  encodeCommit,
  encodeNote,
  type Note,
} from './bus-message';
import { createMessageSeal } from './message-seal';

/** The messenger between nodes. It has no memory: what it loses of the commits is read from the log. */
export type Bus = {
  /** Call it right after the commit. @throws when it could not be handed over; it is in the log all the same. */
  publish(commit: Commit): Promise<void>;
  subscribe(listener: BusListener): Promise<void>;
  /** Tells the other nodes something. Best effort. */
  tell(note: Note): void;
  close(): Promise<void>;
};

export type BusListener = {
  onCommit(message: CommitMessage): void;
  /** Commits may have been missed: after (re)connecting, or for a message that can't be read. */
  onUncertain(): void;
  /** Another node has said something. @param from its name, another one each time that it starts */
  onNote(note: Note, from: string): void;
};

export const CHANNEL = 'nipnime:changes';
const NOTES_CHANNEL = 'nipnime:notes';
/** How long the start of a node waits for Redis, without which it works as well. */
const CONNECT_MS = 1_000;
/** Somebody who writes what no node has written must not make this one ask the database all the time. */
const UNCERTAIN_PAUSE_MS = 250;

/**
 * Connects nodes through Redis pub/sub. Nothing that is read from there is believed unless another node has sealed it.
 * @param options.secret what all nodes share
 */
export function createRedisBus(
  url: string,
  log: Logger,
  options: { readonly secret: string; readonly availability?: Availability },
): Bus {
  const { seal, open } = createMessageSeal(options.secret);
  const nodeId = randomUUID();
  const publisher = createRedis(url, log, 'publish', options.availability);
  let subscriber: Redis | undefined;
  let uncertainTimer: NodeJS.Timeout | undefined;
  const connected = within(CONNECT_MS, 'Connecting to Redis', publisher.connect()).catch(() => undefined);

  const receiveNote = (message: string, { onNote }: BusListener): void => {
    const text = open(message);
    const heard = text === undefined ? undefined : decodeNote(text);
    if (heard && heard.from !== nodeId) onNote(heard.note, heard.from);
  };
  const receiveCommit = (message: string, { onCommit, onUncertain }: BusListener): void => {
    const text = open(message);
    const commit = text === undefined ? undefined : decodeCommit(text);
    if (commit) return onCommit(commit);
    uncertainTimer ??= setTimeout(() => {
      uncertainTimer = undefined;
      onUncertain();
    }, UNCERTAIN_PAUSE_MS);
  };

  return {
    async publish(commit) {
      const message = seal(encodeCommit(commit, Date.now()));
      await connected;
      await publisher.publish(CHANNEL, message);
    },
    async subscribe(listener) {
      const redis = createRedis(url, log, 'subscribe', options.availability);
      subscriber = redis;
      redis.on('message', (channel: string, message: string) => {
        if (channel === NOTES_CHANNEL) receiveNote(message, listener);
        else receiveCommit(message, listener);
      });
      // `ready` comes before ioredis has renewed its subscriptions: only after our own is there no gap left.
      redis.on('ready', () => {
        redis
          .subscribe(CHANNEL, NOTES_CHANNEL)
          .then(listener.onUncertain, (error: unknown) =>
            log.warn({ err: error }, 'Redis: subscribe failed'),
          );
      });
      await within(CONNECT_MS, 'Connecting to Redis', redis.connect()).catch(() => undefined);
    },
    tell(note) {
      // Who is away says nothing, and that is what the others hear.
      publisher.publish(NOTES_CHANNEL, seal(encodeNote(nodeId, note))).catch(() => undefined);
    },
    async close() {
      clearTimeout(uncertainTimer);
      publisher.disconnect();
      subscriber?.disconnect();
    },
  };
}

/** The in-process twin, for one node alone and for tests. Delivers after the publisher's turn, as a network would. */
export function createMemoryBus(): Bus {
  const listeners = new Set<BusListener>();
  return {
    async publish(commit) {
      const message = encodeCommit(commit, Date.now());
      setImmediate(() => {
        const decoded = decodeCommit(message);
        if (decoded) for (const { onCommit } of listeners) onCommit(decoded);
      });
    },
    async subscribe(listener) {
      listeners.add(listener);
    },
    tell: () => undefined,
    async close() {
      listeners.clear();
    },
  };
}
