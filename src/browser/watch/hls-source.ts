/** Whether the browser can't play an HLS playlist by itself. */
export function needsHls(video: HTMLVideoElement): boolean {
  return video.canPlayType('application/vnd.apple.mpegurl') === '';
}

/** Plays the playlist by hls.js, which is loaded only here. Its own mending of lost segments is left to it. */
export async function attachHls(video: HTMLVideoElement, url: string, onFailure: () => void): Promise<void> {
  const loaded = await import('hls.js/light').catch(() => undefined);
  // The visitor has switched to another server while it was loading.
  if (!video.isConnected) return;
  if (!loaded?.default.isSupported()) return onFailure();
  const Hls = loaded.default;
  const hls = new Hls({ enableWorker: true });
  hls.on(Hls.Events.ERROR, (_event, { fatal }) => {
    if (!fatal) return;
    hls.destroy();
    onFailure();
  });
  hls.loadSource(url);
  hls.attachMedia(video);
  video.addEventListener('emptied', () => {
    if (!video.isConnected) hls.destroy();
  });
}
