/** Says in the list of episodes which one the page is of, as the server can't: its rows are the same for every page. */
export function markCurrent(root: ParentNode): void {
  for (const link of root.querySelectorAll<HTMLAnchorElement>('[data-item-link]')) {
    if (link.pathname === location.pathname) link.setAttribute('aria-current', 'page');
  }
}

/** The list scrolls to it, and nothing else does. */
export function scrollToCurrent(): void {
  const list = document.querySelector<HTMLElement>('[data-episode-list]');
  const current = list?.querySelector('[aria-current="page"]')?.closest('li');
  if (!list || !current) return;
  const { top } = current.getBoundingClientRect();
  list.scrollTop += top - list.getBoundingClientRect().top - list.clientHeight / 3;
}
