/** What the stream tells, by the name of its event. docs: `GET /events` in the realtime contract. */
export type StreamEvent =
  | { readonly type: 'hello'; readonly resume: 'fresh' | 'ok' | 'reset' }
  | UpsertEvent
  | RemoveEvent
  | { readonly type: 'reset'; readonly spreadMs: number }
  | { readonly type: 'ping' }
  | { readonly type: 'bye'; readonly retryMs: number };

export type UpsertEvent = {
  readonly type: 'upsert';
  readonly episodeId: string;
  /** Number of the change that made this state. */
  readonly rev: number;
  /** The episode is public for the first time. */
  readonly isNew: boolean;
  /** `Frieren – Episode 12` */
  readonly title: string;
  readonly url: string;
  /** The rendered card: one `<article>`. */
  readonly html: string;
};

export type RemoveEvent = { readonly type: 'remove'; readonly episodeId: string; readonly rev: number };

/** An event as it came, to be passed on to other tabs; `id` is the point that it leads to. */
export type StreamMessage = {
  readonly type: 'upsert' | 'remove' | 'reset';
  readonly data: string;
  readonly id: string;
};

export const STREAM_EVENT_TYPES = ['hello', 'upsert', 'remove', 'reset', 'ping', 'bye'] as const;

/** Undefined when the data is not what the contract says. */
export function parseStreamEvent(
  type: (typeof STREAM_EVENT_TYPES)[number],
  json: string,
): StreamEvent | undefined {
  const data = parseObject(json);
  if (!data) return undefined;
  const { episodeId, rev, isNew, title, url, html, spreadMs, retryMs, resume } = data;
  switch (type) {
    case 'hello':
      return resume === 'fresh' || resume === 'ok' || resume === 'reset' ? { type, resume } : undefined;
    case 'upsert':
      return typeof episodeId === 'string' &&
        typeof rev === 'number' &&
        typeof title === 'string' &&
        typeof url === 'string' &&
        typeof html === 'string'
        ? { type, episodeId, rev, isNew: isNew === true, title, url, html }
        : undefined;
    case 'remove':
      return typeof episodeId === 'string' && typeof rev === 'number' ? { type, episodeId, rev } : undefined;
    case 'reset':
      return typeof spreadMs === 'number' ? { type, spreadMs } : undefined;
    case 'ping':
      return { type };
    case 'bye':
      return typeof retryMs === 'number' ? { type, retryMs } : undefined;
    default:
      return type satisfies never;
  }
}

function parseObject(json: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const data: unknown = JSON.parse(json);
    return typeof data === 'object' && data !== null ? { ...data } : undefined;
  } catch {
    return undefined;
  }
}
