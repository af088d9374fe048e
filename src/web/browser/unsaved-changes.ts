/** Has the browser ask before a form is left that has unsaved changes, or that was refused and shown again. */
export function warnOfUnsavedChanges(form: HTMLFormElement): void {
  const saved = 'unsaved' in form.dataset ? undefined : stateOf(form);
  const ask = (event: BeforeUnloadEvent): void => event.preventDefault();
  // Only while there is something to lose: the listener alone keeps a page out of some browsers' back-forward cache.
  const update = (): void => {
    window.removeEventListener('beforeunload', ask);
    if (stateOf(form) !== saved) window.addEventListener('beforeunload', ask);
  };
  form.addEventListener('input', update);
  form.addEventListener('submit', () => window.removeEventListener('beforeunload', ask));
  window.addEventListener('pageshow', update);
}

function stateOf(form: HTMLFormElement): string {
  return JSON.stringify([...new FormData(form)]);
}
