import { keepLive } from '../live/browser/keep-live';
import { localizeTimes } from '../web/browser/local-time';

/** Until it is known that there is something to mark, nothing is loaded for it. */
let mark = (_root: ParentNode): void => undefined;

if (isStored('nipnime.watched')) void startMarking();
if (document.querySelector('[data-continue]:not([hidden])')) void fillContinueRow();
if ('EventSource' in window) {
  void keepLive({
    localize: (root) => {
      localizeTimes(root);
      mark(root);
    },
  });
}

async function startMarking(): Promise<void> {
  const { markWatched, Watched } = await import('../features/watch/browser/watched-marks');
  const watched = new Watched(() => window.localStorage);
  mark = (root) => markWatched(root, watched);
  mark(document);
}

async function fillContinueRow(): Promise<void> {
  const { showContinueRow } = await import('../features/watch/browser/continue-row');
  showContinueRow();
}

function isStored(key: string): boolean {
  try {
    return localStorage.getItem(key) !== null;
  } catch {
    return false;
  }
}
