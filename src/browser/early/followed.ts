import { listSeries, markNew } from '../../features/following/browser/followed';
import { FollowStore } from '../../features/following/browser/store';

/**
 * What this device follows is known before the rest of the page is read, so that nothing moves: the site is asked for the episodes
 * of it, and the rest is in its place from the beginning.
 */
const store = new FollowStore(() => localStorage);
const followed = store.series.map(({ id }) => id).join(',');
if (followed && location.search === '') location.replace(`?series=${followed}`);
else showFollowed();

function showFollowed(): void {
  const list = document.querySelector('[data-following-list]');
  if (list) markNew(list, store);
  listSeries(store);
  const keep = document.querySelector<HTMLElement>('[data-following-keep]');
  if (keep) keep.hidden = false;
}
