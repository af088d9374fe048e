import { type ChangeEvent, type Cursor, formatCursor, type UpsertEvent } from '../changes/change-event';
import type { ResetReason } from '../changes/change-feed';

/**
 * The wire format of `GET /events`.
 * Data is always one line of JSON, which escapes every line break, so no content can end a field or forge one.
 * https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
function frame(event: string, data: unknown, id?: Cursor): string {
  const idLine = id ? `id: ${formatCursor(id)}\n` : '';
  return `event: ${event}\n${idLine}data: ${JSON.stringify(data)}\n\n`;
}

/** What the stream tells of an upsert besides the event itself. */
export type RenderedCard = {
  /** `Frieren – Episode 12` */
  readonly title: string;
  readonly url: string;
  readonly html: string;
};

/** How a client stands after `hello`: nothing to resume, resumed, or told to read the page again. */
export type Resume = 'fresh' | 'ok' | 'reset';

export type ByeReason = 'ttl' | 'drain' | 'busy' | 'unsure';

/** Milliseconds after which a browser reconnects when the connection is lost. */
export function retryFrame(retryMs: number): string {
  return `retry: ${retryMs}\n\n`;
}

/** Without `complete` the client's last id stays as it is. */
export function helloFrame(
  data: { readonly resume: Resume; readonly heartbeatMs: number; readonly ttlMs: number },
  complete: Cursor | undefined,
): string {
  return frame('hello', data, complete);
}

export function upsertFrame(event: UpsertEvent, card: RenderedCard): string {
  const { episodeId, seriesId, publishedAt } = event.episode;
  const { title, url, html } = card;
  return frame(
    'upsert',
    { episodeId, rev: event.seq, isNew: event.isNew, seriesId, publishedAt, title, url, html },
    event,
  );
}

export function removeFrame(event: Extract<ChangeEvent, { type: 'remove' }>): string {
  return frame('remove', { episodeId: event.episodeId, rev: event.seq }, event);
}

export function resetFrame(cursor: Cursor, reason: ResetReason, spreadMs: number): string {
  return frame('reset', { reason, spreadMs }, cursor);
}

export function pingFrame(head: Cursor): string {
  return frame('ping', { head: formatCursor(head) });
}

export function byeFrame(reason: ByeReason, retryMs: number): string {
  return frame('bye', { reason, retryMs });
}
