/**
 * Adds and removes rows of video servers without asking the server, which answers the same two buttons where there is
 * no JavaScript. The names of the fields are those that it would give them: `videoServers[0][url]`.
 */
export function editServerRowsInPlace(form: HTMLFormElement): void {
  const list = form.querySelector('[data-server-rows]');
  const template = form.querySelector<HTMLTemplateElement>('[data-server-template]');
  const addButton = form.querySelector<HTMLElement>('[data-add-server]');
  const empty = form.querySelector<HTMLElement>('[data-no-servers]');
  const status = form.querySelector('[data-server-status]');
  if (!list || !template || !addButton || !empty || !status) return;

  form.addEventListener('click', (event) => {
    const button = event.target instanceof Element ? event.target.closest('button') : null;
    const row = button?.closest<HTMLElement>('[data-server-row]');
    if (button === addButton) add();
    else if (row && button?.matches('[data-remove-server]')) remove(row);
    else return;
    event.preventDefault();
  });

  function add(): void {
    list?.append(template?.content.cloneNode(true) ?? '');
    const rows = changed();
    rows.at(-1)?.querySelector<HTMLElement>('input:not([type="hidden"])')?.focus();
    say(`Server ${rows.length} added.`);
  }

  function remove(row: HTMLElement): void {
    const index = rowsOf(form).indexOf(row);
    row.remove();
    // Their numbers are those of before; the errors at the fields stay.
    for (const link of form.ownerDocument.querySelectorAll('[data-errors] a[href^="#field-videoServers."]')) {
      link.closest('li')?.remove();
    }
    const rows = changed();
    (rows[index] ?? rows.at(-1) ?? addButton)?.focus();
    say(`Server ${index + 1} removed.`);
  }

  function changed(): HTMLElement[] {
    const rows = rowsOf(form);
    rows.forEach(renumber);
    if (empty) empty.hidden = rows.length > 0;
    list?.dispatchEvent(new Event('input', { bubbles: true }));
    return rows;
  }

  function say(text: string): void {
    if (status) status.textContent = text;
  }
}

function rowsOf(form: HTMLFormElement): HTMLElement[] {
  return [...form.querySelectorAll<HTMLElement>('[data-server-row]')];
}

function renumber(row: HTMLElement, index: number): void {
  for (const element of [row, ...row.querySelectorAll('*')]) {
    for (const name of ['id', 'for', 'name', 'aria-describedby']) {
      const value = element.getAttribute(name);
      if (value) element.setAttribute(name, value.replace(/(videoServers[.[])[0-9]+/g, `$1${index}`));
    }
    if (element.matches('[data-remove-server]')) element.setAttribute('value', `remove-server-${index}`);
    if (element.matches('[data-server-number]')) element.textContent = String(index + 1);
  }
}
