import type { StreamState } from './live-stream';

const WORDS: Readonly<Record<StreamState, string>> = {
  connecting: 'Connecting',
  live: 'Live',
  reconnecting: 'Reconnecting',
  closed: 'Not live',
};

/** Says next to the grid how the connection is. Not announced: it would interrupt at every short loss. */
export function showLiveState(label: HTMLElement, state: StreamState): void {
  label.hidden = false;
  label.dataset.liveState = state;
  label.textContent = WORDS[state];
}
