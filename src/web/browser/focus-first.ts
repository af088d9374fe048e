/**
 * Moves the focus to what has to be read first: the errors of a refused form. Some browsers ignore `autofocus` there. A field that a
 * form begins with, filled in already, is selected: what is typed or pasted takes its place.
 */
export function focusFirst(): void {
  document.querySelector<HTMLElement>('[data-focus-first]')?.focus();
  const { activeElement } = document;
  if (activeElement instanceof HTMLInputElement && activeElement.autofocus) activeElement.select();
}
