import { z } from 'zod';

/** A point in the order of changes. Written `<epoch>.<seq>`: the id of stream events. */
export type Cursor = {
  /** Random token; changes only when the change log is truncated or a backup is restored. */
  readonly epoch: string;
  readonly seq: number;
};

const publicEpisodeSchema = z.object({
  episodeId: z.string(),
  kind: z.enum(['regular', 'special']),
  /** Shortest decimal form: `12`, `12.5`. */
  number: z.string(),
  title: z.string(),
  durationSeconds: z.number().nullable(),
  still: z.string().nullable(),
  /** ISO 8601, UTC, milliseconds. */
  publishedAt: z.string(),
  seriesId: z.string(),
  seriesSlug: z.string(),
  seriesTitle: z.string(),
  /** BCP 47 tag of `seriesTitle`. */
  seriesTitleLanguage: z.string(),
  seriesKind: z.enum(['tv', 'movie', 'ova', 'web']),
  seasonYear: z.number().nullable(),
  season: z.enum(['winter', 'spring', 'summer', 'fall']).nullable(),
});

/** What anybody may see of an episode on a card: one row of the view `public_episodes`. */
export type PublicEpisode = Readonly<z.infer<typeof publicEpisodeSchema>>;

/** A change before it has its number. `reset` stands for more episodes than a stream should carry one by one. */
export type Change =
  | { readonly type: 'upsert'; readonly episode: PublicEpisode; readonly isNew: boolean }
  | { readonly type: 'remove'; readonly episodeId: string }
  | { readonly type: 'reset' };

/** A change of the public catalog, numbered in commit order. */
export type ChangeEvent = Cursor & Change;

export type UpsertEvent = Extract<ChangeEvent, { type: 'upsert' }>;
export type RemoveEvent = Extract<ChangeEvent, { type: 'remove' }>;

/** What the column `change_log.payload` holds for an upsert. */
export const upsertPayloadSchema = z.object({ episode: publicEpisodeSchema, isNew: z.boolean() });

const VERSION = 1;
const position = {
  v: z.literal(VERSION),
  committedAtMs: z.number(),
  epoch: z.string(),
  seq: z.number().int().positive(),
};
const messageSchema = z.discriminatedUnion('type', [
  z.object({ ...position, type: z.literal('upsert'), ...upsertPayloadSchema.shape }),
  z.object({ ...position, type: z.literal('remove'), episodeId: z.string() }),
  z.object({ ...position, type: z.literal('reset') }),
]);

/**
 * The message that carries an event over Redis.
 * @param committedAtMs `Date.now()` right after the commit
 */
export function encodeChangeEvent(event: ChangeEvent, committedAtMs: number): string {
  return JSON.stringify({ v: VERSION, committedAtMs, ...event });
}

/** Undefined for a message of another version or shape: the reader then turns to the change log. */
export function decodeChangeEvent(
  message: string,
): { readonly event: ChangeEvent; readonly committedAtMs: number } | undefined {
  let json: unknown;
  try {
    json = JSON.parse(message);
  } catch {
    return undefined;
  }
  const parsed = messageSchema.safeParse(json);
  if (!parsed.success) return undefined;
  const { v: _version, committedAtMs, ...event } = parsed.data;
  return { event, committedAtMs };
}

export function formatCursor({ epoch, seq }: Cursor): string {
  return `${epoch}.${seq}`;
}

const CURSOR = /^([a-z0-9]{1,32})\.(0|[1-9][0-9]{0,14})$/;

/** Undefined when the text is no cursor (a cursor has at most 48 characters). */
export function parseCursor(text: string): Cursor | undefined {
  if (text.length > 64) return undefined;
  const [, epoch, seq] = CURSOR.exec(text) ?? [];
  return epoch === undefined || seq === undefined ? undefined : { epoch, seq: Number(seq) };
}

/**
 * One event per episode: its latest state. An upsert is new if any of the events it stands for was.
 * The result is in order; its last event has the number of the input's last.
 */
export function compactChanges(events: readonly ChangeEvent[]): ChangeEvent[] {
  const latest = new Map<string, ChangeEvent>();
  const others: ChangeEvent[] = [];
  for (const event of events) {
    if (event.type === 'reset') {
      others.push(event);
      continue;
    }
    const id = changedEpisodeId(event);
    const earlier = latest.get(id);
    const wasNew = earlier?.type === 'upsert' && earlier.isNew;
    latest.set(id, event.type === 'upsert' && wasNew ? { ...event, isNew: true } : event);
  }
  return [...others, ...latest.values()].sort((a, b) => a.seq - b.seq);
}

export function changedEpisodeId(event: UpsertEvent | RemoveEvent): string {
  return event.type === 'upsert' ? event.episode.episodeId : event.episodeId;
}
