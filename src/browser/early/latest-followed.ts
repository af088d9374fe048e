import { FollowStore } from '../../features/following/browser/store';

/**
 * Names to the site what this device follows, where the address doesn't: what it has may have been followed since, or be what another
 * device follows. Before the rest of the page is read, so that nothing of it is seen.
 */
const store = new FollowStore(() => localStorage);
const followed = store.series
  .map(({ id }) => id)
  .sort((a, b) => Number(a) - Number(b))
  .join();
const address = new URL(location.href);
if (followed !== '' && address.searchParams.get('followed') !== followed) {
  address.searchParams.set('followed', followed);
  location.replace(address);
} else {
  const none = document.querySelector<HTMLElement>('[data-none-followed]');
  if (none) none.hidden = false;
}
