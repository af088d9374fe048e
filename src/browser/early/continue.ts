/**
 * Whether there is a row of what is gone on with is known before the rest of the page is read, so that nothing moves; what is in it
 * comes later, into the room that its sheet keeps. The key is that of features/watch/browser/continue-list.ts, which is not loaded for
 * whoever has nothing in it.
 */
const section = document.querySelector<HTMLElement>('[data-continue]');
try {
  if (section) section.hidden = (localStorage.getItem('nipnime.continue') ?? '[]') === '[]';
} catch {
  // Without a storage there is no row.
}
