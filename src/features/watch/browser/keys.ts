import { isForPage } from '../../../web/browser/page-keys';
import {
  changeSpeed,
  seek,
  toggleCaptions,
  toggleFullscreen,
  togglePictureInPicture,
  togglePlaying,
} from './controls';
import type { Saying } from './note';
import { skipIntro } from './skip-intro';

/** What the keys lead; each asks anew, since the player may have been replaced. */
type KeysOptions = {
  /** Undefined while an embedded player is shown, into which no key reaches. */
  readonly video: () => HTMLVideoElement | undefined;
  /** Says what a key has done, where that is not to be seen. */
  readonly say: (saying: Saying) => void;
};

const STEP_S = 10;

/** The keys of the page, unless something is being typed or a dialog is open. What they do stands in views/watch/keys.ejs. */
export function followKeys({ video, say }: KeysOptions): void {
  const dialog = document.querySelector<HTMLDialogElement>('[data-keys-dialog]');
  const opener = document.querySelector<HTMLElement>('[data-keys-open]');
  const withVideo = (act: (video: HTMLVideoElement) => void) => (): void => {
    const present = video();
    if (present) act(present);
  };
  const keys: Readonly<Record<string, () => void>> = {
    k: withVideo(togglePlaying),
    j: withVideo((each) => seek(each, each.currentTime - STEP_S)),
    l: withVideo((each) => seek(each, each.currentTime + STEP_S)),
    m: withVideo((each) => {
      each.muted = !each.muted;
      say([each.muted ? 'muted' : 'sound-on']);
    }),
    c: withVideo((each) => say(toggleCaptions(each))),
    i: withVideo((each) => void togglePictureInPicture(each)),
    '<': withVideo((each) => say(changeSpeed(each, -1))),
    '>': withVideo((each) => say(changeSpeed(each, 1))),
    f: () => void toggleFullscreen(),
    n: follow('[data-step="next"] a'),
    p: follow('[data-step="previous"] a'),
    s: skipIntro,
    '?': () => dialog?.showModal(),
  };
  if (opener) opener.hidden = false;
  opener?.addEventListener('click', () => dialog?.showModal());
  document.addEventListener('keydown', (event) => {
    if (!isForPage(event) || document.querySelector('dialog[open]')) return;
    const { key } = event;
    const tenth = /^[0-9]$/.test(key) ? Number(key) : undefined;
    const act =
      tenth === undefined
        ? keys[key.length === 1 ? key.toLowerCase() : key]
        : withVideo((each) => seek(each, (each.duration * tenth) / 10));
    if (!act || (event.repeat && !'jl<>'.includes(key))) return;
    event.preventDefault();
    act();
  });
}

function follow(selector: string): () => void {
  return () => document.querySelector<HTMLAnchorElement>(selector)?.click();
}
