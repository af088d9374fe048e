import { wordOf } from '../../../web/browser/words';
import type { FollowStore } from './store';

/** Marks the cards of what came since the list was read last, and says how many there are. */
export function markNew(list: Element, store: FollowStore): void {
  let count = 0;
  for (const item of list.querySelectorAll<HTMLElement>('[data-key]')) {
    const publishedMs = Date.parse(item.querySelector('time')?.dateTime ?? '');
    const slug = item.querySelector<HTMLAnchorElement>('[data-item-link]')?.pathname.split('/')[2] ?? '';
    const isNew = store.isNew({ key: item.dataset.key ?? '', slug, publishedMs });
    if (isNew) count++;
    const mark = item.querySelector('[data-new]');
    if (!isNew) mark?.remove();
    else if (!mark) {
      const badge = Object.assign(document.createElement('span'), {
        className: 'badge following__new',
        textContent: wordOf(list, 'new'),
      });
      badge.dataset.new = '';
      item.querySelector('.card__meta')?.prepend(badge);
    }
  }
  const shown = document.querySelector<HTMLElement>('[data-unread-count]');
  if (shown) {
    shown.hidden = count === 0;
    shown.textContent = wordOf(shown, 'count', { count });
  }
  const button = document.querySelector<HTMLElement>('[data-mark-read]');
  if (button) button.hidden = count === 0;
}

/** The series as links, each with a button that ends it. */
export function listSeries(store: FollowStore): void {
  const shown = document.querySelector('[data-followed-series]');
  const items = store.series.map(({ id, slug, title }) => {
    const item = document.createElement('li');
    const link = Object.assign(document.createElement('a'), {
      href: `/series/${slug}`,
      textContent: title,
      dir: 'auto',
    });
    const button = Object.assign(document.createElement('button'), {
      type: 'button',
      className: 'button button--quiet',
      textContent: '×',
      ariaLabel: wordOf(shown, 'stop', { title }),
    });
    button.dataset.unfollow = id;
    item.append(link, button);
    return item;
  });
  shown?.replaceChildren(...items);
}
