/** Ignores a second press of Save while the first is under way: it would be refused, and hide that all went well. */
export function submitOnce(form: HTMLFormElement): void {
  let underWay = false;
  form.addEventListener('submit', (event) => {
    if (underWay) event.preventDefault();
    underWay = true;
  });
  // Back from the next page, or the request was stopped.
  window.addEventListener('pageshow', () => {
    underWay = false;
  });
  window.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') underWay = false;
  });
}
