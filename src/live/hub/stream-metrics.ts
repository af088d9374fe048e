import type { ResetReason } from '../feed/batch';
import type { LoggedChange } from '../log/change';

/**
 * Why a connection ended. `client`: it went by itself. `slow`: it was cut because it didn't read. `unsure`: this node could not
 * look at the head, and another one could. `signed-out`: the session that it hung on is over.
 */
export type CloseReason = 'client' | 'ttl' | 'drain' | 'slow' | 'unsure' | 'signed-out';

/** What the hub tells to whoever keeps the figures. */
export type StreamMetrics = {
  opened(resume: 'fresh' | 'ok' | 'reset'): void;
  closed(reason: CloseReason): void;
  refused(reason: 'busy' | 'drain' | 'unsure' | 'signed-out'): void;
  /** So many streams were told to read a list, or all of theirs, again. */
  reset(reason: ResetReason, streams: number): void;
  /** An item could not be rendered; its clients were told that it is not there. */
  unrenderable?(): void;
  delivered(delivery: Delivery): void;
};

/** One batch on its way to all connections; the stages of the oldest event in it. */
export type Delivery = {
  readonly events: number;
  /** What was told. */
  readonly changes: readonly LoggedChange[];
  readonly connections: number;
  /** On the wire, over all connections, of the writes that ended with this batch. */
  readonly bytes: number;
  /** Commit to receipt; undefined for changes that were not published by the bus but read from the change log. */
  readonly busMs: number | undefined;
  /** Receipt to emission: gathering a burst, or filling a gap. */
  readonly feedMs: number;
  /** Rendering the cards. */
  readonly renderMs: number;
  /** Framing and compressing, all encodings that are in use. */
  readonly encodeMs: number;
  /** Ready to be written to the last write, with the turns that others got in between. */
  readonly writeMs: number;
  /** Commit to the last write. */
  readonly totalMs: number;
};
