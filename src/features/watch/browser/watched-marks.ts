import { wordOf } from '../../../web/browser/words';
import { Watched } from './watched';

export { Watched };

/** Marks the items of lists, cards and rows, whose episodes were watched in this browser. */
export function markWatched(root: ParentNode, watched: Watched): void {
  const known = watched.all();
  const items = [...root.querySelectorAll<HTMLElement>('li[data-key]')];
  if (root instanceof HTMLElement && root.matches('li[data-key]')) items.push(root);
  for (const item of items) {
    // A card is an article in its item, a row is its item: over the still of either.
    const place = item.querySelector('article') ?? item;
    const mark = place.querySelector(':scope > .watched');
    const isWatched = known.has(item.dataset.key ?? '');
    if (isWatched === Boolean(mark)) continue;
    if (mark) mark.remove();
    else place.append(newMark());
  }
}

function newMark(): HTMLElement {
  const mark = document.createElement('span');
  mark.className = 'watched';
  mark.textContent = wordOf(document.querySelector('main'), 'watched');
  return mark;
}
