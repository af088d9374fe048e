import type { Saying } from './note';

/** What leads a video, whoever asks: a key, a button, the system. */
const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2] as const;

export function togglePlaying(video: HTMLVideoElement): void {
  // Where the browser wants to be asked first, it stays paused.
  if (video.paused) void video.play().catch(() => undefined);
  else video.pause();
}

export function seek(video: HTMLVideoElement, seconds: number): void {
  if (Number.isFinite(video.duration)) video.currentTime = Math.min(Math.max(0, seconds), video.duration);
}

/** Returns what to say of it. */
export function changeSpeed(video: HTMLVideoElement, by: -1 | 1): Saying {
  const nearest = SPEEDS.findIndex((speed) => speed >= video.playbackRate);
  video.playbackRate = SPEEDS[Math.min(Math.max(0, nearest + by), SPEEDS.length - 1)] ?? 1;
  return ['speed', { speed: video.playbackRate }];
}

export function captionsOf(video: HTMLVideoElement): readonly TextTrack[] {
  return [...video.textTracks].filter(({ kind }) => kind === 'subtitles' || kind === 'captions');
}

/** Returns what to say of it. */
export function toggleCaptions(video: HTMLVideoElement): Saying {
  const tracks = captionsOf(video);
  const [first] = tracks;
  if (!first) return ['no-captions'];
  const shown = tracks.find(({ mode }) => mode === 'showing');
  if (shown) shown.mode = 'disabled';
  else first.mode = 'showing';
  if (shown) return ['captions-off'];
  return first.label ? ['captions-on-named', { name: first.label }] : ['captions-on'];
}

export async function togglePictureInPicture(video: HTMLVideoElement): Promise<void> {
  if (!document.pictureInPictureEnabled) return;
  const change = document.pictureInPictureElement
    ? document.exitPictureInPicture()
    : video.requestPictureInPicture();
  await change.catch(() => undefined);
}

/** The whole player, so that what stands over the video is there, too. */
export async function toggleFullscreen(): Promise<void> {
  const player = document.querySelector<HTMLElement>('[data-player]');
  if (!player || !document.fullscreenEnabled) return;
  const change = document.fullscreenElement ? document.exitFullscreen() : player.requestFullscreen();
  await change.catch(() => undefined);
}
