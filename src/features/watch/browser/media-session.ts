const SEEK_S = 10;

/** Tells the system what plays, for its own controls: the keys of a keyboard, a headset, the lock screen of a phone. */
export function showInSystem(video: HTMLVideoElement, signal: AbortSignal): void {
  if (!('mediaSession' in navigator)) return;
  const { mediaSession } = navigator;
  const text = (selector: string): string =>
    document.querySelector(selector)?.textContent?.replace(/\s+/g, ' ').trim() ?? '';
  mediaSession.metadata = new MediaMetadata({
    title: text('.watch h1'),
    artist: text('.watch__series'),
    artwork: video.poster ? [{ src: video.poster }] : [],
  });
  const follow = (step: string) => (): void =>
    document.querySelector<HTMLAnchorElement>(`[data-step="${step}"] a`)?.click();
  const handlers: readonly [MediaSessionAction, MediaSessionActionHandler][] = [
    ['nexttrack', follow('next')],
    ['previoustrack', follow('previous')],
    ['seekbackward', ({ seekOffset = SEEK_S }) => (video.currentTime -= seekOffset)],
    ['seekforward', ({ seekOffset = SEEK_S }) => (video.currentTime += seekOffset)],
    ['seekto', ({ seekTime }) => (video.currentTime = seekTime ?? video.currentTime)],
  ];
  for (const [action, handler] of handlers) set(action, handler);
  signal.addEventListener('abort', () => {
    for (const [action] of handlers) set(action, null);
  });

  function set(action: MediaSessionAction, handler: MediaSessionActionHandler | null): void {
    try {
      mediaSession.setActionHandler(action, handler);
    } catch {
      // A browser that does not know the action.
    }
  }
}
