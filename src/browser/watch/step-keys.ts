const LINKS: Readonly<Record<string, string>> = { n: '[data-next]', p: '[data-previous]' };

/** `n` and `p` follow the links to the next and the previous episode, unless something is being typed. */
export function followStepKeys(): void {
  const hint = document.querySelector<HTMLElement>('[data-keys-hint]');
  if (hint) hint.hidden = false;
  document.addEventListener('keydown', (event) => {
    const selector = LINKS[event.key];
    if (!selector || event.defaultPrevented || event.repeat) return;
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    document.querySelector<HTMLAnchorElement>(selector)?.click();
  });
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && (target.isContentEditable || target.matches('input, textarea, select'))
  );
}
