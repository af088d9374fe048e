import { systemClock } from '../../../live/state/clock';
import { withDeadline } from '../../../live/state/deadline';

/** Whoever has pressed a link waits no longer than this to see something happen. */
const PAGE_MS = 5_000;
const PARTS = ['[data-player]', '[data-servers]'] as const;

type SwitchOptions = {
  /** The player is about to be replaced. */
  readonly onLeave: () => void;
  readonly onSwitched: () => void;
};

/**
 * Follows the links to other video servers without leaving the page: player and list are taken from the page that the
 * link leads to. When that can't be had, the link is followed as ever.
 */
export function switchServersInPlace({ onLeave, onSwitched }: SwitchOptions): void {
  let latest = 0;

  async function switchTo(link: HTMLAnchorElement): Promise<void> {
    const turn = ++latest;
    const page = await readPage(link.href);
    // Another one was chosen meanwhile.
    if (turn !== latest) return;
    if (!page || !fitsHere(page)) {
      location.assign(link.href);
      return;
    }
    onLeave();
    for (const part of PARTS) replaceWith(page, part);
    history.replaceState(history.state, '', addressOf(link));
    // Whoever goes through the servers goes on from where they pressed.
    const pressed = link.hasAttribute('data-next-server') ? '.servers [data-next-server]' : undefined;
    const focused =
      (pressed && document.querySelector<HTMLElement>(pressed)) ||
      document.querySelector<HTMLElement>('[data-server][aria-current]');
    focused?.focus({ preventScroll: true });
    onSwitched();
  }

  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const target = event.target instanceof Element ? event.target : null;
    const link = target?.closest<HTMLAnchorElement>('[data-server], [data-next-server]');
    if (!link) return;
    event.preventDefault();
    void switchTo(link);
  });
}

/** Both have the parts, and the policy of this document allows the frames of that one. */
function fitsHere(page: Document): boolean {
  const [here, there] = [document, page].map(
    (each) => each.querySelector<HTMLElement>('[data-watch]')?.dataset.frames,
  );
  return here === there && PARTS.every((part) => page.querySelector(part) && document.querySelector(part));
}

/** Without what was said of the server before. */
function addressOf(link: HTMLAnchorElement): URL {
  const url = new URL(link.href);
  url.searchParams.delete('failed');
  return url;
}

async function readPage(url: string): Promise<Document | undefined> {
  const read = async (signal: AbortSignal): Promise<string | undefined> => {
    const response = await fetch(url, { signal });
    return response.ok ? await response.text() : undefined;
  };
  // Following the link tells the visitor what is wrong.
  const html = await withDeadline(systemClock, PAGE_MS, read).catch(() => undefined);
  return html === undefined ? undefined : new DOMParser().parseFromString(html, 'text/html');
}

function replaceWith(page: Document, selector: string): void {
  const old = document.querySelector(selector);
  const fresh = page.querySelector(selector);
  if (!old || !fresh) return;
  old.querySelector('video')?.pause();
  old.replaceWith(fresh);
}
