import type { ResetReason } from '../feed/batch';
import type { WhisperValue } from '../feed/bus-message';
import { type Cursor, formatCursor, type LoggedChange } from '../log/change';

/**
 * The wire format of `GET /events`, version 2.
 * Data is always one line of JSON, which escapes every line break, so no content can end a field or forge one.
 * https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
function frame(event: string, data: unknown, id?: Cursor): string {
  const idLine = id ? `id: ${formatCursor(id)}\n` : '';
  return `event: ${event}\n${idLine}data: ${JSON.stringify(data)}\n\n`;
}

/** How a client stands after `hello`: nothing to resume, resumed, or told to read some of its lists again. */
export type Resume = 'fresh' | 'ok' | 'reset';

export type ByeReason = 'ttl' | 'drain' | 'busy' | 'unsure' | 'signed-out';

/** An item as pages and events carry it. */
export type ItemOnWire = {
  readonly key: string;
  readonly position: string;
  /** What its html is known by. */
  readonly tag: string;
  readonly html: string;
};

/** Milliseconds after which a browser reconnects when the connection is lost. */
export function retryFrame(retryMs: number): string {
  return `retry: ${retryMs}\n\n`;
}

/** Without `complete` the client's last id stays as it is. */
export function helloFrame(
  data: {
    readonly resume: Resume;
    readonly topics: readonly string[];
    readonly heartbeatMs: number;
    readonly ttlMs: number;
  },
  complete: Cursor | undefined,
): string {
  return frame('hello', data, complete);
}

/** @param id with the last frame of a change: who is cut in between gets all of it again */
export function upsertFrame(
  change: { readonly topic: string; readonly rev: number; readonly isNew: boolean },
  { key, position, tag, html }: ItemOnWire,
  id: Cursor | undefined,
): string {
  const { topic, rev, isNew } = change;
  return frame('upsert', { topic, key, rev, isNew, position, tag, html }, id);
}

/** @param id as that of an upsert */
export function removeFrame(
  data: { readonly topic: string; readonly key: string; readonly rev: number },
  id: Cursor | undefined,
): string {
  return frame('remove', data, id);
}

export function resetFrame(
  cursor: Cursor,
  data: { readonly topics: readonly string[]; readonly reason: ResetReason; readonly spreadMs: number },
): string {
  return frame('reset', data, cursor);
}

/** @param digests by topic; of lists that this node can tell them of */
export function pingFrame(head: Cursor, digests: Readonly<Record<string, string>>): string {
  return frame('ping', { head: formatCursor(head), digests });
}

export function whisperFrame(data: {
  readonly topic: string;
  readonly key: string;
  readonly value: WhisperValue;
}): string {
  return frame('whisper', data);
}

/**
 * In an answer that is kept for long: what a row of the log says, and nothing of the item, which may be hidden by the time that it
 * is read.
 */
export function changedFrame(
  data: Pick<LoggedChange, 'type' | 'kind' | 'key' | 'isNew'> & {
    readonly topic: string;
    readonly rev: number;
  },
  id: Cursor | undefined,
): string {
  return frame('changed', data, id);
}

/** The end of an answer of `/changes`. @param reached the point up to which it leads @param next what to ask for then */
export function nextFrame(reached: Cursor, next: string): string {
  return frame('next', { next }, reached);
}

export function byeFrame(reason: ByeReason, retryMs: number): string {
  return frame('bye', { reason, retryMs });
}
