const GLIDE: KeyframeAnimationOptions = {
  id: 'glide',
  duration: 320,
  easing: 'cubic-bezier(0.2, 0.7, 0.2, 1)',
};

/**
 * Makes a change within `list`, whose children are the items, and lets everything that it moves glide to its new place: the layout
 * is another one at once, and by a transform nothing seems to jump (https://web.dev/articles/cls#animations_and_transitions).
 */
export function glide<T>(list: HTMLElement, change: () => T): T {
  if (document.visibilityState === 'hidden' || matchMedia('(prefers-reduced-motion: reduce)').matches)
    return change();
  // Where it is seen, on its way as well.
  const before = new Map(movable(list).map((element) => [element, element.getBoundingClientRect()]));
  const result = change();
  for (const element of before.keys())
    for (const animation of element.getAnimations()) if (animation.id === GLIDE.id) animation.cancel();
  // All are measured before the first one is moved.
  const moves = [...before].map(([element, from]) => ({
    element,
    from,
    to: element.getBoundingClientRect(),
  }));
  for (const { element, from, to } of moves) {
    const [x, y] = [from.left - to.left, from.top - to.top];
    if ((x === 0 && y === 0) || !(isInView(from) || isInView(to))) continue;
    element.animate({ transform: [`translate(${x}px, ${y}px)`, 'none'] }, GLIDE);
  }
  return result;
}

/** The items, and what follows the list: it moves when the list grows. */
function movable(list: HTMLElement): Element[] {
  const found = [...list.children];
  for (let each: Element = list; each.parentElement; each = each.parentElement)
    for (let next = each.nextElementSibling; next; next = next.nextElementSibling) found.push(next);
  return found;
}

function isInView({ top, bottom }: DOMRect): boolean {
  return bottom > 0 && top < window.innerHeight;
}
