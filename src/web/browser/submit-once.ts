/** A request that has not led to another page by then may have been stopped, which no event tells. */
const UNDER_WAY_MS = 10_000;

/** Ignores a second press of Save while the first is under way: it would be refused, and hide that all went well. */
export function submitOnce(form: HTMLFormElement): void {
  let underWaySinceMs = Number.NEGATIVE_INFINITY;
  form.addEventListener('submit', (event) => {
    if (performance.now() - underWaySinceMs < UNDER_WAY_MS) event.preventDefault();
    else underWaySinceMs = performance.now();
  });
  // Back from the next page, or the request was stopped.
  window.addEventListener('pageshow', () => {
    underWaySinceMs = Number.NEGATIVE_INFINITY;
  });
  window.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') underWaySinceMs = Number.NEGATIVE_INFINITY;
  });
}
