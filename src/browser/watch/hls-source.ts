/** Whether the browser can't play an HLS playlist by itself. */
export function needsHls(video: HTMLVideoElement): boolean {
  return video.canPlayType('application/vnd.apple.mpegurl') === '';
}

type HlsOptions = { readonly onFailure: () => void; readonly signal: AbortSignal };

/** Plays the playlist by hls.js, which is loaded only here; mending lost segments is left to it. */
export async function attachHls(video: HTMLVideoElement, url: string, options: HlsOptions): Promise<void> {
  const { onFailure, signal } = options;
  const loaded = await import('hls.js').catch(() => undefined);
  if (signal.aborted) return;
  if (!loaded?.default.isSupported()) return onFailure();
  const Hls = loaded.default;
  const hls = new Hls();
  signal.addEventListener('abort', () => hls.destroy());
  hls.on(Hls.Events.ERROR, (_event, { fatal }) => {
    if (!fatal) return;
    hls.destroy();
    onFailure();
  });
  hls.loadSource(url);
  hls.attachMedia(video);
}
