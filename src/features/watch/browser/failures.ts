/** As src/features/watch/visitor-cookies.ts reads it. */
const FAILED = 'nipnime.failed';
const FAILED_S = 30 * 24 * 3_600;
const SEPARATOR = '.';

/**
 * Says over the player that the selected server doesn't play, offers the one after it, and remembers it: this server is not
 * chosen by itself again, on this page or after a reload.
 */
export function showFailure(): void {
  const message = document.querySelector<HTMLElement>('[data-player-failure]');
  if (!message?.hidden) return;
  message.hidden = false;
  const selected = document.querySelector<HTMLElement>('[data-server][aria-current]');
  const note = selected?.querySelector<HTMLElement>('[data-server-failed]');
  if (note) note.hidden = false;
  if (selected?.dataset.server) remember(selected.dataset.server);
  forgetAsked();
}

/** It plays after all: it was only slow. */
export function takeBackFailure(): void {
  const message = document.querySelector<HTMLElement>('[data-player-failure]');
  if (!message || message.hidden) return;
  message.hidden = true;
  const selected = document.querySelector<HTMLElement>('[data-server][aria-current]');
  const note = selected?.querySelector<HTMLElement>('[data-server-failed]');
  if (note) note.hidden = true;
  if (selected?.dataset.server) write(failedKeys().filter((key) => key !== selected.dataset.server));
}

function remember(key: string): void {
  write([...failedKeys().filter((known) => known !== key), key]);
}

function failedKeys(): readonly string[] {
  const value = document.cookie
    .split('; ')
    .find((pair) => pair.startsWith(`${FAILED}=`))
    ?.slice(FAILED.length + 1);
  return (value ?? '').split(SEPARATOR).filter((key) => key !== '');
}

/** For this episode alone: the path of its page. */
function write(keys: readonly string[]): void {
  const secure = location.protocol === 'https:' ? '; secure' : '';
  const age = keys.length === 0 ? 0 : FAILED_S;
  // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is not in all browsers that the site is built for
  document.cookie = `${FAILED}=${keys.join(SEPARATOR)}; path=${location.pathname}; max-age=${age}; samesite=lax${secure}`;
}

/** With the server in the address, a reload would ask for it again. */
function forgetAsked(): void {
  const url = new URL(location.href);
  if (!url.searchParams.has('server')) return;
  url.searchParams.delete('server');
  url.searchParams.delete('failed');
  history.replaceState(history.state, '', url);
}
