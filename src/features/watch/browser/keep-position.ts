import type { Positions } from './positions';
import type { Viewing } from './viewing';

/** Between two notes while it plays. */
const NOTE_MS = 5_000;

/** Goes on where this browser was with the episode, on whatever server, and notes how far it gets. */
export function keepPosition(
  video: HTMLVideoElement,
  { positions, viewing, signal }: { positions: Positions; viewing: Viewing; signal: AbortSignal },
): void {
  const { episodeId } = viewing;
  let notedAtMs = 0;
  // What is noted before the video is there would be its beginning.
  let isPlaced = false;
  let hasPlayed = false;
  const note = (): void => {
    if (!isPlaced) return;
    notedAtMs = performance.now();
    const position = { seconds: video.currentTime, durationSeconds: video.duration };
    positions.keep(episodeId, position);
    // Whoever only looks at the page watches nothing.
    if (hasPlayed && Number.isFinite(video.duration)) viewing.reached(position);
  };
  const place = (): void => {
    if (isPlaced) return;
    isPlaced = true;
    const seconds = positions.find(episodeId)?.seconds;
    // Another server may have a shorter version.
    if (seconds !== undefined && seconds < video.duration) video.currentTime = seconds;
  };
  if (video.readyState >= HTMLMediaElement.HAVE_METADATA) place();
  else video.addEventListener('loadedmetadata', place, { once: true, signal });
  video.addEventListener(
    'timeupdate',
    () => {
      if (!video.paused && performance.now() - notedAtMs >= NOTE_MS) note();
    },
    { signal },
  );
  video.addEventListener('playing', () => (hasPlayed = true), { once: true, signal });
  for (const event of ['pause', 'seeked', 'ended']) video.addEventListener(event, note, { signal });
  // A phone ends a page that is hidden without another word.
  document.addEventListener('visibilitychange', note, { signal });
  window.addEventListener('pagehide', note, { signal });
  signal.addEventListener('abort', note, { once: true });
}
