import type { StreamState } from './live-stream';
import type { StreamMessage } from './stream-event';

/**
 * What the tabs of a browser tell each other. The tab with the connection leads, the others follow.
 * Tabs of before and after a deploy share the channel: a change of these messages needs another channel and lock.
 */
export type TabMessage =
  /** Of a follower that is complete up to `cursor`, and wants what came since. */
  | { readonly kind: 'ask'; readonly from: string; readonly cursor: string }
  /** The leader's answer; without `messages` it doesn't know what came since that cursor. */
  | {
      readonly kind: 'answer';
      readonly to: string;
      readonly state: StreamState;
      readonly position: string;
      readonly messages: readonly StreamMessage[] | undefined;
    }
  /** Of the leader, for who is complete up to `after`. */
  | { readonly kind: 'event'; readonly after: string; readonly message: StreamMessage }
  /** Of the leader: at the beginning, when its state changes, and as a sign of life. */
  | { readonly kind: 'leading'; readonly state: StreamState; readonly position: string };

const STATES: readonly StreamState[] = ['connecting', 'live', 'reconnecting', 'polling', 'closed'];

/** Undefined when it is none. */
export function parseTabMessage(data: unknown): TabMessage | undefined {
  if (typeof data !== 'object' || data === null) return undefined;
  const { kind, from, to, cursor, after, position, ...rest }: Record<string, unknown> = { ...data };
  const state = STATES.find((each) => each === rest.state);
  switch (kind) {
    case 'ask':
      return isText(from) && isText(cursor) ? { kind, from, cursor } : undefined;
    case 'answer':
      return isText(to) && isText(position) && state
        ? { kind, to, position, state, messages: parseMessages(rest.messages) }
        : undefined;
    case 'event': {
      const message = parseMessage(rest.message);
      return isText(after) && message ? { kind, after, message } : undefined;
    }
    case 'leading':
      return isText(position) && state ? { kind, position, state } : undefined;
    default:
      return undefined;
  }
}

function parseMessages(data: unknown): readonly StreamMessage[] | undefined {
  if (!Array.isArray(data)) return undefined;
  const messages = data.map(parseMessage);
  return messages.every((message) => message !== undefined) ? messages : undefined;
}

function parseMessage(value: unknown): StreamMessage | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { type, data, id }: Record<string, unknown> = { ...value };
  if (type !== 'upsert' && type !== 'remove' && type !== 'reset') return undefined;
  return isText(data) && isText(id) ? { type, data, id } : undefined;
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}
