/**
 * Ctrl+S presses Save (`data-save`, or else the form's first button), and Ctrl+Enter the one that goes on (`data-save-next`), or else
 * Save as well.
 * On a Mac it is the command key.
 */
export function saveByKeys(form: HTMLFormElement): void {
  window.addEventListener('keydown', (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey || event.repeat) return;
    const find = (selector: string) => form.querySelector<HTMLButtonElement>(selector);
    const save = find('[data-save]') ?? find('button[type="submit"]');
    if (event.key === 's') form.requestSubmit(save);
    else if (event.key === 'Enter') form.requestSubmit(find('[data-save-next]') ?? save);
    else return;
    event.preventDefault();
  });
}
