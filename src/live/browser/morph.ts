/**
 * Makes the element like the other one, and keeps what is alike: pictures that are loaded, and the focus. Both come from the same
 * partial, so what has the same name, id and class is taken for the same thing, in order. What somebody has opened stays open.
 * @param like is taken apart
 * @param kept stays as it is, with all that is in it
 */
export function morph(element: Element, like: Element, kept?: Element): void {
  if (element === kept) return;
  morphAttributes(element, like);
  let place = element.firstChild;
  for (const next of [...like.childNodes]) {
    const same = findSame(place, next);
    // What is in between is not there any more.
    while (same && place !== same) place = takeAway(place);
    if (!same) element.insertBefore(next, place);
    else {
      place = same.nextSibling;
      if (same instanceof Element && next instanceof Element) morph(same, next, kept);
      else if (same.nodeValue !== next.nodeValue) same.nodeValue = next.nodeValue;
    }
  }
  while (place) place = takeAway(place);
}

function morphAttributes(element: Element, like: Element): void {
  for (const { name, value } of like.attributes)
    if (element.getAttribute(name) !== value) element.setAttribute(name, value);
  for (const { name } of [...element.attributes])
    if (!like.hasAttribute(name) && name !== 'open') element.removeAttribute(name);
}

/** Text that stands elsewhere is other text. */
function findSame(from: ChildNode | null, node: ChildNode): ChildNode | null {
  if (!(node instanceof Element)) return from?.nodeName === node.nodeName ? from : null;
  for (let each = from; each; each = each.nextSibling) if (isSame(each, node)) return each;
  return null;
}

function isSame(node: Node, other: Element): boolean {
  if (!(node instanceof Element) || node.nodeName !== other.nodeName) return false;
  return node.id === other.id && node.getAttribute('class') === other.getAttribute('class');
}

/** Returns what followed it. */
function takeAway(node: ChildNode | null): ChildNode | null {
  const next = node?.nextSibling ?? null;
  node?.remove();
  return next;
}
