/**
 * Says beside a video server what came of asking its address, without loading the page again: the form is sent as its button would send
 * it, and of the answer only that line is taken.
 */
export function checkServersInPlace(form: HTMLFormElement): void {
  form.addEventListener('click', (event) => {
    const button =
      event.target instanceof Element
        ? event.target.closest<HTMLButtonElement>('button[data-check-server]')
        : null;
    const line = button?.closest('[data-server-row]')?.querySelector('[data-server-check]');
    if (!button || !line) return;
    event.preventDefault();
    void check(form, button, line);
  });
}

async function check(form: HTMLFormElement, button: HTMLButtonElement, line: Element): Promise<void> {
  if (button.getAttribute('aria-disabled') === 'true') return;
  button.setAttribute('aria-disabled', 'true');
  line.textContent = 'Asking …';
  try {
    const body = new URLSearchParams();
    for (const [name, value] of new FormData(form)) if (typeof value === 'string') body.append(name, value);
    body.set('action', button.value);
    const response = await fetch(button.formAction.split('#')[0] ?? form.action, {
      method: 'POST',
      body,
      redirect: 'error',
    });
    const page = new DOMParser().parseFromString(await response.text(), 'text/html');
    const said = page.getElementById(line.id)?.textContent?.trim();
    line.textContent = said || 'It could not be asked. Try again, or reload the page.';
  } catch {
    line.textContent = 'It could not be asked: there was no answer from this site.';
  } finally {
    button.removeAttribute('aria-disabled');
  }
}
