import { isForPage } from './page-keys';

/** `/` leads to the page's own search field, as on the site. */
export function searchByKey(): void {
  window.addEventListener('keydown', (event) => {
    if (event.key !== '/' || !isForPage(event)) return;
    const field = document.querySelector<HTMLInputElement>('main input[type="search"]');
    if (!field) return;
    event.preventDefault();
    field.focus();
    field.select();
  });
}
