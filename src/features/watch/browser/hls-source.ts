import type Hls from 'hls.js';
import { systemClock } from '../../../live/state/clock';
import { withDeadline } from '../../../live/state/deadline';

/** For loading hls.js: after that, what the browser can do by itself is better than nothing. */
const LOAD_MS = 10_000;
/** A second media error within this time is one that mending does not help against. */
const MENDED_MS = 10_000;

/**
 * Whether a playlist may be played by hls.js. It is, wherever there are Media Source Extensions: some browsers with them say
 * "maybe" to a playlist, and then play it badly. Without them, as on older iPhones, the browser plays it well by itself.
 */
export function hasMediaSource(): boolean {
  return 'ManagedMediaSource' in window || 'MediaSource' in window;
}

type HlsOptions = {
  /** The playlist can't be played. */
  readonly onFailure: () => void;
  /** hls.js could not be loaded, or can do nothing here: the element is left to the browser. */
  readonly onUnavailable: () => void;
  readonly signal: AbortSignal;
};

/** Plays the playlist by hls.js, which is loaded only here; trying again for lost segments is left to it. */
export async function attachHls(video: HTMLVideoElement, url: string, options: HlsOptions): Promise<void> {
  const { onFailure, onUnavailable, signal } = options;
  const loaded = await withDeadline(systemClock, LOAD_MS, () => import('hls.js'), signal).catch(
    () => undefined,
  );
  if (signal.aborted) return;
  if (!loaded?.default.isSupported()) return onUnavailable();
  const hls = new loaded.default();
  signal.addEventListener('abort', () => hls.destroy());
  followErrors(hls, loaded.default, onFailure);
  hls.loadSource(url);
  hls.attachMedia(video);
}

/** https://github.com/video-dev/hls.js/blob/master/docs/API.md#fatal-error-recovery */
function followErrors(hls: Hls, { Events, ErrorTypes }: typeof Hls, onFailure: () => void): void {
  let mendedAtMs = Number.NEGATIVE_INFINITY;
  hls.on(Events.ERROR, (_event, { fatal, type }) => {
    if (!fatal) return;
    const isMended = performance.now() - mendedAtMs < MENDED_MS;
    if (type === ErrorTypes.MEDIA_ERROR && !isMended) {
      mendedAtMs = performance.now();
      return hls.recoverMediaError();
    }
    hls.destroy();
    onFailure();
  });
}
