/**
 * Makes a change within `root` without moving what the visitor looks at: the focused element, or else the first item
 * in view, stays where it is on the screen. At the top of the root nothing is held, so that what is new can be seen.
 */
export function keepPlace<T>(root: HTMLElement, change: () => T): T {
  if (root.getBoundingClientRect().top >= 0) return change();
  const anchors = anchorCandidates(root).map((element) => ({
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

function anchorCandidates(root: HTMLElement): Element[] {
  const inView = [...root.querySelectorAll('li')].filter((item) => {
    const { top, bottom } = item.getBoundingClientRect();
    return bottom > 0 && top < window.innerHeight;
  });
  const focused = inView.find((item) => item.contains(document.activeElement));
  return focused ? [focused, ...inView] : inView;
}
