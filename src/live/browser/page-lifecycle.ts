export type PageLife = {
  /** The page is there, for the first time or again. */
  enter(): void;
  /** The page is left, but may be kept for the way back. */
  leave(): void;
  /** The tab is looked at. */
  wake(): void;
  /** Nobody has looked at the tab for a while. */
  rest(): void;
  networkChanged(): void;
};

const REST_AFTER_MS = 5 * 60_000;

/** Keeps what runs behind a page no longer than somebody can have an interest in it, and takes it up on return. */
export function followPageLifecycle(life: PageLife): void {
  let restTimer: number | undefined;

  const followVisibility = (): void => {
    clearTimeout(restTimer);
    if (document.visibilityState === 'hidden')
      restTimer = window.setTimeout(() => life.rest(), REST_AFTER_MS);
  };
  const enter = (): void => {
    followVisibility();
    life.enter();
  };
  const leave = (): void => {
    clearTimeout(restTimer);
    life.leave();
  };
  // Whatever `persisted` says: a page that was left has given up its connection, which keeps no browser from storing it.
  window.addEventListener('pageshow', enter);
  window.addEventListener('pagehide', leave);
  // Chromium stops the timers of a frozen tab, so it could neither keep a connection nor pass it on.
  // https://developer.chrome.com/docs/web-platform/page-lifecycle-api
  document.addEventListener('resume', enter);
  document.addEventListener('freeze', leave);
  document.addEventListener('visibilitychange', () => {
    followVisibility();
    if (document.visibilityState === 'visible') life.wake();
  });
  window.addEventListener('online', () => life.networkChanged());
  window.addEventListener('offline', () => life.networkChanged());
}
