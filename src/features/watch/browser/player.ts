import type { AutoplayPreference } from './autoplay';
import { showFailure, takeBackFailure } from './failures';
import { attachHls, hasMediaSource } from './hls-source';
import { keepPosition } from './keep-position';
import { showInSystem } from './media-session';
import type { Positions } from './positions';
import { offerSkip } from './skip-intro';
import { followTools } from './tools';
import { offerNext } from './up-next';
import type { Viewing } from './viewing';

/** A source of which nothing has come within this time does not play. */
const PATIENCE_MS = 15_000;

type PlayerOptions = {
  readonly positions: Positions;
  readonly viewing: Viewing;
  readonly autoplay: AutoplayPreference;
  /** It takes the place of one that played, or follows it. */
  readonly isPlaying: boolean;
};

/** The page's player, until it is replaced. */
export type Player = {
  /** Undefined for an embedded one: what goes on in it can't be seen from here. */
  readonly video: HTMLVideoElement | undefined;
  stop(): void;
};

/** Gets the page's player going: playlists, a message when its source fails, and the position. */
export function startPlayer({ isPlaying, autoplay, ...options }: PlayerOptions): Player {
  const life = new AbortController();
  const video = document.querySelector<HTMLVideoElement>('[data-video]') ?? undefined;
  followTools(video, life.signal);
  if (video) {
    startVideo(video, life.signal);
    keepPosition(video, { ...options, signal: life.signal });
    offerSkip(video, life.signal);
    offerNext(video, { preference: autoplay, signal: life.signal });
    showInSystem(video, life.signal);
    // Where the browser wants to be asked first, the visitor presses play.
    if (isPlaying) void video.play().catch(() => undefined);
  } else if (document.querySelector('[data-player] iframe')) options.viewing.followEmbed(life.signal);
  return { video, stop: () => life.abort() };
}

function startVideo(video: HTMLVideoElement, signal: AbortSignal): void {
  const { hlsUrl } = video.dataset;
  const followSource = (): void => watchSource(video, signal);
  watchSilence(video, signal);
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

/** A host that takes the request and never answers makes no error. */
function watchSilence(video: HTMLVideoElement, signal: AbortSignal): void {
  const timer = setTimeout(() => {
    const isWaiting = video.networkState === HTMLMediaElement.NETWORK_LOADING;
    if (isWaiting && video.readyState === HTMLMediaElement.HAVE_NOTHING) showFailure();
  }, PATIENCE_MS);
  signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
  video.addEventListener(
    'loadedmetadata',
    () => {
      clearTimeout(timer);
      takeBackFailure();
    },
    { once: true, signal },
  );
}
