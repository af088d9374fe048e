import { captionsOf, toggleCaptions, togglePictureInPicture } from './controls';

const SPEED = 'nipnime.speed';

/**
 * The controls below the player for what the browser's own ones hide in a menu, or don't have: speed, which is kept on the device,
 * picture in picture, captions. Each is shown as far as there is something to lead.
 */
export function followTools(video: HTMLVideoElement | undefined, signal: AbortSignal): void {
  const find = <E extends HTMLElement>(selector: string): E | null => document.querySelector<E>(selector);
  const speed = find<HTMLSelectElement>('[data-speed]');
  const [picture, captions] = [find('[data-picture]'), find('[data-captions]')];
  const show = (): void => {
    const tracks = video ? captionsOf(video) : [];
    if (speed?.parentElement) speed.parentElement.hidden = !video;
    if (picture) picture.hidden = !video || !document.pictureInPictureEnabled;
    if (captions) {
      captions.hidden = tracks.length === 0;
      captions.setAttribute('aria-pressed', String(tracks.some(({ mode }) => mode === 'showing')));
    }
    if (speed && video) speed.value = String(video.playbackRate);
  };
  show();
  if (!video) return;
  // A new source begins at the default.
  video.defaultPlaybackRate = keptSpeed();
  video.playbackRate = video.defaultPlaybackRate;
  speed?.addEventListener('change', () => (video.playbackRate = Number(speed.value)), { signal });
  picture?.addEventListener('click', () => void togglePictureInPicture(video), { signal });
  captions?.addEventListener('click', () => void toggleCaptions(video), { signal });
  video.addEventListener(
    'ratechange',
    () => {
      video.defaultPlaybackRate = video.playbackRate;
      keepSpeed(video.playbackRate);
      show();
    },
    { signal },
  );
  for (const event of ['addtrack', 'removetrack', 'change'])
    video.textTracks.addEventListener(event, show, { signal });
  show();
}

function keptSpeed(): number {
  try {
    const speed = Number(localStorage.getItem(SPEED));
    return speed >= 0.25 && speed <= 4 ? speed : 1;
  } catch {
    return 1;
  }
}

function keepSpeed(speed: number): void {
  try {
    localStorage.setItem(SPEED, String(speed));
  } catch {
    // Then it holds for this page alone.
  }
}
