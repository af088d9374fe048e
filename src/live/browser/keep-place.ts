import type { Visitor } from './visitor';

/**
 * Makes a change within `list`, whose children are the items, without moving what the visitor looks at: the focused item, or else
 * the one under the pointer, or the first in view, stays where it is on the screen. From the top of the page, where nothing is in
 * use, nothing is held, so that what is new can be seen.
 */
export function keepPlace<T>(list: HTMLElement, visitor: Visitor, change: () => T): T {
  if (!visitor.isBusy) return change();
  const anchors = anchorCandidates(list).map((element) => ({
    element,
    top: element.getBoundingClientRect().top,
  }));
  const result = change();
  // Where the first choice was taken away, the next one holds the place.
  const anchor = anchors.find(({ element }) => element.isConnected);
  const movedBy = anchor ? anchor.element.getBoundingClientRect().top - anchor.top : 0;
  if (movedBy !== 0) window.scrollBy({ top: movedBy, behavior: 'instant' });
  return result;
}

function anchorCandidates(list: HTMLElement): Element[] {
  const inView = [...list.children].filter((item) => {
    const { top, bottom } = item.getBoundingClientRect();
    return bottom > 0 && top < window.innerHeight;
  });
  const inUse = [':focus-within', ':hover'].map((use) => inView.find((item) => item.matches(use)));
  return [...inUse.filter((item) => item !== undefined), ...inView];
}
