import type { ConnectionState } from './connection';
import { FRAME_TYPES, type StreamChange, type StreamFrame } from './stream-event';

/** What a tab wants to hear. */
export type TabWish = {
  readonly topics: readonly string[];
  /** Signed lists of further topics. */
  readonly tickets: readonly string[];
};

/** What the leader says of the connection with all that it says. */
export type LeaderNews = {
  readonly from: string;
  /** What the connection carries; until the server has greeted, what it was asked for. */
  readonly topics: readonly string[];
  readonly state: ConnectionState;
  /** Up to here everything of these topics was heard. */
  readonly position: string;
};

/**
 * What the tabs of a browser tell each other. The tab with the connection leads, the others follow.
 * Tabs of before and after a deploy share the channel: a change of these messages needs another channel and lock.
 */
export type TabMessage =
  /** Of a follower that is complete up to `cursor` in its topics, and wants what came since. */
  | ({ readonly kind: 'ask'; readonly from: string; readonly cursor: string } & TabWish)
  /** Of a follower that wants nothing any more. */
  | { readonly kind: 'leave'; readonly from: string }
  /** Of the leader: the session that the tickets hung on is over. */
  | { readonly kind: 'signed-out'; readonly from: string }
  /** The leader's answer; without `changes` it doesn't know what came since that cursor. */
  | ({
      readonly kind: 'answer';
      readonly to: string;
      readonly changes: readonly StreamChange[] | undefined;
      /** The last word of each whisper. */
      readonly whispers: readonly StreamFrame[];
    } & LeaderNews)
  /** Of the leader, for who is complete up to `position`: what leads further. */
  | ({ readonly kind: 'change'; readonly change: StreamChange } & LeaderNews)
  /** Of the leader: a frame that leads nowhere. */
  | ({ readonly kind: 'aside'; readonly frame: StreamFrame } & LeaderNews)
  /** Of the leader: at the beginning, when something about the connection changes, and as a sign of life. */
  | ({
      readonly kind: 'leading';
      /** Who else the connection is for: whoever leads next begins with all of them. */
      readonly tabs: readonly ({ readonly id: string } & TabWish)[];
    } & LeaderNews);

const STATES: readonly ConnectionState[] = ['connecting', 'live', 'reconnecting', 'polling', 'closed'];

/** Undefined when it is none. */
export function parseTabMessage(data: unknown): TabMessage | undefined {
  const fields = record(data);
  const { kind, from, cursor } = fields;
  if (!isText(from)) return undefined;
  if (kind === 'leave' || kind === 'signed-out') return { kind, from };
  if (kind === 'ask') {
    const wish = parseWish(fields);
    return isText(cursor) && wish ? { kind, from, cursor, ...wish } : undefined;
  }
  return parseLeaderMessage(fields, from);
}

function parseLeaderMessage(fields: Fields, from: string): TabMessage | undefined {
  const { kind, position, to } = fields;
  const topics = listOf(fields.topics, asText);
  const state = STATES.find((each) => each === fields.state);
  if (!topics || !state || !isText(position)) return undefined;
  const news: LeaderNews = { from, topics, state, position };
  switch (kind) {
    case 'answer': {
      const whispers = listOf(fields.whispers, parseFrame);
      return isText(to) && whispers
        ? { kind, to, whispers, changes: listOf(fields.changes, parseChange), ...news }
        : undefined;
    }
    case 'change': {
      const change = parseChange(fields.change);
      return change && { kind, change, ...news };
    }
    case 'aside': {
      const frame = parseFrame(fields.frame);
      return frame && { kind, frame, ...news };
    }
    case 'leading': {
      const tabs = listOf(fields.tabs, parseTab);
      return tabs && { kind, tabs, ...news };
    }
    default:
      return undefined;
  }
}

function parseTab(value: unknown): ({ readonly id: string } & TabWish) | undefined {
  const fields = record(value);
  const wish = parseWish(fields);
  return isText(fields.id) && wish ? { id: fields.id, ...wish } : undefined;
}

function parseWish(fields: Fields): TabWish | undefined {
  const [topics, tickets] = [listOf(fields.topics, asText), listOf(fields.tickets, asText)];
  return topics && tickets ? { topics, tickets } : undefined;
}

function parseChange(value: unknown): StreamChange | undefined {
  const { id, ...fields } = record(value);
  const frames = listOf(fields.frames, parseFrame);
  return isText(id) && frames ? { id, frames } : undefined;
}

function parseFrame(value: unknown): StreamFrame | undefined {
  const { type, data } = record(value);
  const known = FRAME_TYPES.find((each) => each === type);
  return known && isText(data) ? { type: known, data } : undefined;
}

/** Undefined when it is no list, or one with something else in it. */
function listOf<T>(value: unknown, parse: (each: unknown) => T | undefined): readonly T[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const parsed = value.map(parse);
  return parsed.every((each) => each !== undefined) ? parsed : undefined;
}

type Fields = Readonly<Record<string, unknown>>;

function record(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function asText(value: unknown): string | undefined {
  return isText(value) ? value : undefined;
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}
