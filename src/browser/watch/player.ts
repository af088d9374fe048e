import { attachHls, needsHls } from './hls-source';
import { showFailure } from './player-failure';

/**
 * Gets the page's player going: HLS where the browser can't do it alone, and a message when its source fails.
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
  if (hlsUrl && needsHls(video)) {
    void attachHls(video, hlsUrl, { onFailure: showFailure, signal });
    return;
  }
  // The error of a <source> doesn't bubble; it is caught on its way down.
  video.addEventListener('error', showFailure, { capture: true, signal });
  // It may have failed before this script ran. A player that has just come in is without a source for this one task.
  setTimeout(() => {
    const failed = video.error || video.networkState === HTMLMediaElement.NETWORK_NO_SOURCE;
    if (failed && !signal.aborted) showFailure();
  });
}
