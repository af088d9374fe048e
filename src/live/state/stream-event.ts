/** What the stream tells, by the name of its event: `GET /events` in the realtime contract. */
export type StreamEvent =
  | HelloEvent
  | UpsertEvent
  | RemoveEvent
  | ResetEvent
  | PingEvent
  | WhisperEvent
  | { readonly type: 'bye'; readonly reason: string; readonly retryMs: number };

export type HelloEvent = {
  readonly type: 'hello';
  readonly resume: 'fresh' | 'ok' | 'reset';
  /** What this connection carries; undefined when the server doesn't say. */
  readonly topics: readonly string[] | undefined;
};

export type UpsertEvent = {
  readonly type: 'upsert';
  readonly topic: string;
  readonly key: string;
  /** Number of the change that made this state. */
  readonly rev: number;
  /** The item is public for the first time. */
  readonly isNew: boolean;
  /** Where it belongs: see `comparePositions`. */
  readonly position: string;
  /** What the html is known by: see `tagOf`. */
  readonly tag: string;
  /** One element. */
  readonly html: string;
};

export type RemoveEvent = {
  readonly type: 'remove';
  readonly topic: string;
  readonly key: string;
  readonly rev: number;
};

type ResetEvent = {
  readonly type: 'reset';
  /** Whose lists have to be read again; undefined for all. */
  readonly topics: readonly string[] | undefined;
  readonly reason: string;
  /** Within which time each reader picks a moment of its own. */
  readonly spreadMs: number;
};

export type PingEvent = {
  readonly type: 'ping';
  /** The cursor at which the digests are true. */
  readonly head: string;
  /** By topic. */
  readonly digests: Readonly<Record<string, string>>;
};

export type WhisperEvent = {
  readonly type: 'whisper';
  readonly topic: string;
  readonly key: string;
  readonly value: string | number | boolean | null;
};

/** An event as it came, to be passed on to other tabs. */
export type StreamFrame = { readonly type: FrameType; readonly data: string };
export type FrameType = (typeof FRAME_TYPES)[number];

/** All frames of one change, or of one `reset`; who has taken them is complete up to `id`. */
export type StreamChange = { readonly id: string; readonly frames: readonly StreamFrame[] };

export const FRAME_TYPES = ['hello', 'upsert', 'remove', 'reset', 'ping', 'whisper', 'bye'] as const;

/** Over which time a reset is spread that a client gives itself. */
export const OWN_RESET_SPREAD_MS = 8_000;

/** Undefined when the data is not what the contract says. */
export function parseStreamEvent(type: FrameType, json: string): StreamEvent | undefined {
  const data = parseObject(json);
  if (!data) return undefined;
  const { topic, key, rev, resume, reason = '', retryMs } = data;
  switch (type) {
    case 'hello':
      return resume === 'fresh' || resume === 'ok' || resume === 'reset'
        ? { type, resume, topics: parseTexts(data.topics) }
        : undefined;
    case 'upsert':
      return parseUpsert(data);
    case 'remove':
      return isText(topic) && isText(key) && isNumber(rev) ? { type, topic, key, rev } : undefined;
    case 'reset':
      return parseReset(data);
    case 'ping':
      return isText(data.head) ? { type, head: data.head, digests: parseDigests(data.digests) } : undefined;
    case 'whisper':
      return parseWhisper(data);
    case 'bye':
      return isNumber(retryMs) ? { type, reason: String(reason), retryMs } : undefined;
    default:
      return type satisfies never;
  }
}

type Fields = Readonly<Record<string, unknown>>;

function parseUpsert({ topic, key, rev, isNew, position, tag, html }: Fields): UpsertEvent | undefined {
  if (!isText(topic) || !isText(key) || !isNumber(rev)) return undefined;
  if (!isText(position) || !isText(tag) || !isText(html)) return undefined;
  return { type: 'upsert', topic, key, rev, isNew: isNew === true, position, tag, html };
}

function parseReset({ topics, reason = '', spreadMs }: Fields): ResetEvent | undefined {
  if (!isNumber(spreadMs)) return undefined;
  return { type: 'reset', topics: parseTexts(topics), reason: String(reason), spreadMs };
}

function parseWhisper({ topic, key, value }: Fields): WhisperEvent | undefined {
  if (!isText(topic) || !isText(key)) return undefined;
  const isPlain = value === null || isText(value) || isNumber(value) || typeof value === 'boolean';
  return isPlain ? { type: 'whisper', topic, key, value } : undefined;
}

function parseDigests(value: unknown): Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(Object.entries(value).filter(([, digest]) => isText(digest)));
}

function parseTexts(value: unknown): readonly string[] | undefined {
  return Array.isArray(value) && value.every(isText) ? value : undefined;
}

function parseObject(json: string): Fields | undefined {
  try {
    const data: unknown = JSON.parse(json);
    return typeof data === 'object' && data !== null ? { ...data } : undefined;
  } catch {
    return undefined;
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number';
}
