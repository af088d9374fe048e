import { wordOf } from '../../../web/browser/words';
import type { AutoplayPreference } from './autoplay';

const WAIT_S = 6;
/** Tells the next page that it is to play. It holds for this tab alone. */
const PLAY = 'nipnime.play';

type UpNextOptions = { readonly preference: AutoplayPreference; readonly signal: AbortSignal };

/** At the end of an episode offers the next one, and leads to it by itself where that is switched on. */
export function offerNext(video: HTMLVideoElement, { preference, signal }: UpNextOptions): void {
  const box = document.querySelector<HTMLElement>('[data-up-next]');
  const count = box?.querySelector<HTMLElement>('[data-up-next-count]');
  const link = box?.querySelector<HTMLAnchorElement>('[data-up-next-link]');
  if (!box || !count || !link) return;
  let timer: ReturnType<typeof setInterval> | undefined;

  function hide(): void {
    clearInterval(timer);
    if (box) box.hidden = true;
  }
  function show(): void {
    // It may have been published while this one played.
    const next = document.querySelector<HTMLAnchorElement>('[data-step="next"] a');
    if (!next || !box || !count || !link) return;
    let left = WAIT_S;
    link.href = next.href;
    link.textContent = wordOf(box, 'play', { episode: next.textContent?.trim() ?? '' });
    count.textContent = preference.isOn ? wordOf(box, 'next-in', { count: left }) : wordOf(box, 'next');
    box.hidden = false;
    if (!preference.isOn) return;
    clearInterval(timer);
    timer = setInterval(() => {
      left -= 1;
      count.textContent = wordOf(box, 'next-in', { count: left });
      if (left > 0) return;
      hide();
      link.click();
    }, 1_000);
  }

  video.addEventListener('ended', show, { signal });
  // Whoever goes back into it wants to see it.
  for (const event of ['play', 'seeking']) video.addEventListener(event, hide, { signal });
  link.addEventListener('click', () => rememberToPlay(), { signal });
  box.querySelector('[data-up-next-cancel]')?.addEventListener('click', hide, { signal });
  signal.addEventListener('abort', hide, { once: true });
}

/** The switch of the page. */
export function followAutoplaySwitch(preference: AutoplayPreference): void {
  const input = document.querySelector<HTMLInputElement>('[data-autoplay]');
  const label = input?.closest('label');
  if (!input || !label) return;
  input.checked = preference.isOn;
  label.hidden = false;
  input.addEventListener('change', () => preference.set(input.checked));
}

/** Whether this page was led to by the one before, to play at once; true once. */
export function isToPlay(): boolean {
  try {
    const isAsked = sessionStorage.getItem(PLAY) === location.pathname;
    sessionStorage.removeItem(PLAY);
    return isAsked;
  } catch {
    return false;
  }
}

function rememberToPlay(): void {
  const link = document.querySelector<HTMLAnchorElement>('[data-up-next-link]');
  try {
    if (link) sessionStorage.setItem(PLAY, new URL(link.href).pathname);
  } catch {
    // Then it waits for the viewer to press play.
  }
}
