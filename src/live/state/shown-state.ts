import type { ConnectionState } from './connection';

export type ShownState =
  | 'connecting'
  | 'live'
  | 'catching-up'
  | 'reconnecting'
  | 'polling'
  | 'offline'
  | 'off';

export type LiveSituation = {
  readonly isWanted: boolean;
  readonly stream: ConnectionState;
  /** What the browser says; it may well be offline and still reach this machine. */
  readonly isOnline: boolean;
  /** The items may be older than what the stream has told. */
  readonly isPending: boolean;
  /** The last time that the page asked by itself, it was answered. */
  readonly isAnswered: boolean;
};

/** "Live" and "Checking every minute" are promises about the items, not about a connection. */
export function shownState(situation: LiveSituation): ShownState {
  const { isWanted, stream, isOnline, isPending, isAnswered } = situation;
  if (!isWanted) return 'off';
  if (stream === 'live') return isPending ? 'catching-up' : 'live';
  if (!isOnline) return 'offline';
  if (stream === 'polling') return isAnswered && !isPending ? 'polling' : 'reconnecting';
  return stream === 'connecting' ? 'connecting' : 'reconnecting';
}
