import { withDeadline } from '../deadline';

/** Whoever has pressed a link waits no longer than this to see something happen. */
const PAGE_MS = 5_000;

/**
 * Follows the links to other video servers without leaving the page: player and list are taken from the page that the
 * link leads to. When that can't be had, the link is followed as ever.
 */
export function switchServersInPlace({ onSwitched }: { readonly onSwitched: () => void }): void {
  let latest = 0;

  async function switchTo(url: string): Promise<void> {
    const turn = ++latest;
    const page = await readPage(url);
    // Another one was chosen meanwhile.
    if (turn !== latest) return;
    if (!page || !replaceWith(page, '[data-player]') || !replaceWith(page, '[data-servers]')) {
      location.assign(url);
      return;
    }
    history.replaceState(history.state, '', url);
    document.querySelector<HTMLElement>('[data-server][aria-current]')?.focus({ preventScroll: true });
    onSwitched();
  }

  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const target = event.target instanceof Element ? event.target : null;
    const link = target?.closest<HTMLAnchorElement>('[data-server], [data-next-server]');
    if (!link) return;
    event.preventDefault();
    void switchTo(link.href);
  });
}

async function readPage(url: string): Promise<Document | undefined> {
  const read = async (signal: AbortSignal): Promise<string | undefined> => {
    const response = await fetch(url, { signal });
    return response.ok ? await response.text() : undefined;
  };
  // Following the link tells the visitor what is wrong.
  const html = await withDeadline(PAGE_MS, read).catch(() => undefined);
  return html === undefined ? undefined : new DOMParser().parseFromString(html, 'text/html');
}

function replaceWith(page: Document, selector: string): boolean {
  const old = document.querySelector(selector);
  const fresh = page.querySelector(selector);
  if (!old || !fresh) return false;
  old.querySelector('video')?.pause();
  old.replaceWith(fresh);
  return true;
}
