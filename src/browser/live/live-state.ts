import type { StreamState } from './live-stream';

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
  readonly stream: StreamState;
  /** What the browser says; it may well be offline and still reach this machine. */
  readonly isOnline: boolean;
  /** The cards may be older than what the stream has told. */
  readonly isPending: boolean;
  /** The last time that the page asked by itself, it was answered. */
  readonly isAnswered: boolean;
};

const WORDS: Readonly<Record<ShownState, string>> = {
  connecting: 'Connecting',
  live: 'Live',
  'catching-up': 'Catching up',
  reconnecting: 'Reconnecting',
  polling: 'Checking every minute',
  offline: 'Offline – reconnecting',
  off: 'Off',
};

/** "Live" and "Checking every minute" are promises about the cards, not about a connection. */
export function shownState(situation: LiveSituation): ShownState {
  const { isWanted, stream, isOnline, isPending, isAnswered } = situation;
  if (!isWanted) return 'off';
  if (stream === 'live') return isPending ? 'catching-up' : 'live';
  if (!isOnline) return 'offline';
  if (stream === 'polling') return isAnswered && !isPending ? 'polling' : 'reconnecting';
  return stream === 'connecting' ? 'connecting' : 'reconnecting';
}

/** Says next to the grid how the connection is. Not announced: it would interrupt at every short loss. */
export function showLiveState(label: HTMLElement, state: ShownState): void {
  label.hidden = false;
  label.dataset.liveState = state;
  label.textContent = WORDS[state];
}
