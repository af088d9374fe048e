/** Brings what was asked for into view; the first of what is newest with the top of its page. */
export function bringIntoView(item: HTMLElement, isTop: boolean): void {
  const behavior = matchMedia('(prefers-reduced-motion: reduce)').matches ? 'instant' : 'smooth';
  if (isTop) window.scrollTo({ top: 0, behavior });
  else item.scrollIntoView({ block: 'center', behavior });
}
