import { keepLive } from '../../../live/browser/keep-live';
import { localizeTimes } from '../../../web/browser/local-time';
import { AutoplayPreference } from './autoplay';
import { ContinueList } from './continue-list';
import { markCurrent, scrollToCurrent } from './episode-list';
import { followKeys } from './keys';
import { sayOverPlayer } from './note';
import { type Player, startPlayer } from './player';
import { Positions } from './positions';
import { switchServersInPlace } from './server-switch';
import { followAutoplaySwitch, isToPlay } from './up-next';
import { Viewing } from './viewing';
import { markWatched, Watched } from './watched-marks';

const storage = (): Storage => window.localStorage;
const watched = new Watched(storage);
const localize = (root: ParentNode): void => {
  localizeTimes(root);
  markCurrent(root);
  markWatched(root, watched);
};

const page = document.querySelector<HTMLElement>('[data-watch]');
if (page) startPage(page);
localize(document);
scrollToCurrent();
if ('EventSource' in window) void keepLive({ localize });

function startPage(page: HTMLElement): void {
  const reducedMotion = window.matchMedia('(prefers-reduced-motion: reduce)');
  const autoplay = new AutoplayPreference(storage, reducedMotion.matches);
  const button = document.querySelector<HTMLButtonElement>('[data-watched]');
  const viewing = new Viewing(page, { watched, continueList: new ContinueList(storage) }, () => {
    button?.setAttribute('aria-pressed', String(viewing.isWatched));
    markWatched(document, watched);
  });
  const positions = new Positions(storage);
  const start = (isPlaying: boolean): Player => startPlayer({ positions, viewing, autoplay, isPlaying });
  let player = start(isToPlay());
  let isPlaying = false;
  followAutoplaySwitch(autoplay);
  followKeys({ video: () => player.video, say: sayOverPlayer });
  followWatchedButton(button, viewing);
  switchServersInPlace({
    onLeave: () => {
      isPlaying = player.video ? !player.video.paused : false;
      player.stop();
    },
    onSwitched: () => {
      player = start(isPlaying);
    },
  });
}

function followWatchedButton(button: HTMLButtonElement | null, viewing: Viewing): void {
  if (!button) return;
  button.setAttribute('aria-pressed', String(viewing.isWatched));
  button.hidden = false;
  button.addEventListener('click', () => viewing.setWatched(!viewing.isWatched));
}
