/** Moves the focus to what has to be read first: the errors of a refused form. Some browsers ignore `autofocus` there. */
export function focusFirst(): void {
  document.querySelector<HTMLElement>('[data-focus-first]')?.focus();
}
