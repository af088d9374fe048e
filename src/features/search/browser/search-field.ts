import { isForPage } from '../../../web/browser/page-keys';

/** Results while typing, and `/` from anywhere on the page. The rest of it is loaded when somebody comes to the field. */
export function startSearchField(): void {
  const form = document.querySelector<HTMLFormElement>('[data-search]');
  const field = form?.querySelector('input');
  if (!form || !field) return;
  field.addEventListener('focus', () => void suggestWhileTyping(form, field), { once: true });
  field.setAttribute('aria-keyshortcuts', '/');
  const key = form.querySelector<HTMLElement>('[data-search-key]');
  if (key) key.hidden = false;
  document.addEventListener('keydown', (event) => {
    if (event.key !== '/' || !isForPage(event)) return;
    event.preventDefault();
    field.focus();
    field.select();
  });
}

async function suggestWhileTyping(form: HTMLFormElement, field: HTMLInputElement): Promise<void> {
  try {
    const { startSuggestions } = await import('./suggestions');
    startSuggestions(form, field);
  } catch {
    // It can't be loaded: the form does without.
  }
}
