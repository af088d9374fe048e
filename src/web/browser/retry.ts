/** Before the first try; doubles with each, up to the longest. */
const FIRST_MS = 4_000;
const LONGEST_MS = 60_000;
const PATIENCE_MS = 10_000;

/** Has the page of a failure ask now and then whether its address works again, and shows what is there when it does. */
export function retryByItself(root: ParentNode): void {
  const state = root.querySelector<HTMLElement>('[data-retry]');
  if (!state) return;
  const { trying = '', waiting = '' } = state.dataset;
  let waitMs = FIRST_MS;
  let timer: number | undefined;
  let isTrying = false;

  const tryNow = async (): Promise<void> => {
    clearTimeout(timer);
    // Nobody looks: the tab asks when it is looked at again.
    if (isTrying || document.visibilityState === 'hidden') return;
    isTrying = true;
    state.textContent = trying;
    const isBack = await fetch(location.href, {
      method: 'HEAD',
      cache: 'no-store',
      signal: AbortSignal.timeout(PATIENCE_MS),
    }).then(
      ({ status }) => status < 500,
      () => false,
    );
    isTrying = false;
    if (isBack) location.reload();
    else wait();
  };
  const wait = (): void => {
    state.textContent = waiting;
    // Those who failed together must not come back together.
    timer = window.setTimeout(() => void tryNow(), waitMs * (0.5 + Math.random()));
    waitMs = Math.min(waitMs * 2, LONGEST_MS);
  };

  window.addEventListener('online', () => void tryNow());
  document.addEventListener('visibilitychange', () => void tryNow());
  wait();
}
