/**
 * Lets the browser keep the page for when it can't reach the site; after all that this page needs is there. Not where a program
 * drives the browser: what it looks at should be what the site answers. Where a worker can't be had, the browser's own page does.
 */
export function keepOfflinePage(): void {
  if (!('serviceWorker' in navigator) || navigator.webdriver) return;
  window.addEventListener('load', () => {
    navigator.serviceWorker.register('/service-worker.js').catch(() => undefined);
  });
}
