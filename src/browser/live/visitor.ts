/** Pixels that count as the top of the page still, for fingers and trackpads. */
const TOP_PX = 8;

/** Whether the visitor reads or points at something that an insertion at the top of `root` would move. */
export function isOccupied(root: HTMLElement): boolean {
  return window.scrollY > TOP_PX || root.matches(':focus-within, :hover');
}

/** Whether cards may come in by themselves: they would be seen, and move nothing that is in use. */
export function isAtRest(root: HTMLElement): boolean {
  return document.visibilityState === 'visible' && !isOccupied(root);
}
