import { attachHls, hasMediaSource } from './hls-source';
import { showFailure } from './player-failure';

/**
 * Gets the page's player going: playlists, and a message when its source fails.
 * Returns what ends that, for when the player is replaced.
 */
export function startPlayer(): () => void {
  const life = new AbortController();
  const video = document.querySelector<HTMLVideoElement>('[data-video]');
  // What goes on in an embedded player can't be seen from here.
  if (video) startVideo(video, life.signal);
  return () => life.abort();
}

function startVideo(video: HTMLVideoElement, signal: AbortSignal): void {
  const { hlsUrl } = video.dataset;
  const followSource = (): void => watchSource(video, signal);
  if (!hlsUrl || !hasMediaSource()) return followSource();
  void attachHls(video, hlsUrl, { onFailure: showFailure, onUnavailable: followSource, signal });
}

/** For what the browser plays by itself. */
function watchSource(video: HTMLVideoElement, signal: AbortSignal): void {
  // The error of a <source> doesn't bubble; it is caught on its way down.
  video.addEventListener('error', showFailure, { capture: true, signal });
  // It may have failed before this script ran. A player that has just come in is without a source for this one task.
  setTimeout(() => {
    const failed = video.error || video.networkState === HTMLMediaElement.NETWORK_NO_SOURCE;
    if (failed && !signal.aborted) showFailure();
  });
}
