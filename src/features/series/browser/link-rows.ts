/**
 * Adds, removes and moves rows of links without asking the server, which answers the same buttons where there is no JavaScript. The
 * names of the fields are those that it would give them: `links[0][url]`. Returns what makes the rows as many.
 */
export function editLinkRowsInPlace(form: HTMLFormElement): ((count: number) => void) | undefined {
  const list = form.querySelector<HTMLElement>('[data-link-rows]');
  const template = form.querySelector<HTMLTemplateElement>('[data-link-template]');
  const addButton = form.querySelector<HTMLElement>('[data-add-link]');
  const status = form.querySelector('[data-link-status]');
  if (!list || !template || !addButton || !status) return undefined;
  const most = Number(list.dataset.most);

  form.addEventListener('click', (event) => {
    const button = event.target instanceof Element ? event.target.closest('button') : null;
    const row = button?.closest<HTMLElement>('[data-link-row]');
    if (button === addButton) add();
    else if (row && button?.matches('[data-remove-link]')) remove(row);
    else if (row && button?.matches('[data-move-link]')) move(row, button);
    else return;
    event.preventDefault();
  });

  function add(): void {
    if (rowsOf(form).length >= most) return say(`A series has at most ${most} links.`);
    list?.append(template?.content.cloneNode(true) ?? '');
    const rows = changed();
    rows.at(-1)?.querySelector<HTMLElement>('input:not([type="hidden"])')?.focus();
    say(`Link ${rows.length} added.`);
  }

  function remove(row: HTMLElement): void {
    const index = rowsOf(form).indexOf(row);
    row.remove();
    forgetErrors();
    const rows = changed();
    (rows[index] ?? rows.at(-1) ?? addButton)?.focus();
    say(`Link ${index + 1} removed.`);
  }

  function move(row: HTMLElement, button: HTMLButtonElement): void {
    const before = rowsOf(form).indexOf(row);
    const isUp = button.dataset.moveLink === 'up';
    const other = isUp ? row.previousElementSibling : row.nextElementSibling;
    if (!other) return say(`Link ${before + 1} is the ${isUp ? 'first' : 'last'} one.`);
    if (isUp) other.before(row);
    else other.after(row);
    forgetErrors();
    changed();
    button.focus();
    say(`Link ${before + 1} is link ${rowsOf(form).indexOf(row) + 1} now.`);
  }

  /** Their numbers are those of before; the errors at the fields stay. */
  function forgetErrors(): void {
    for (const link of form.ownerDocument.querySelectorAll('[data-errors] a[href^="#field-links."]'))
      link.closest('li')?.remove();
  }

  function changed(): readonly HTMLElement[] {
    const rows = rowsOf(form);
    rows.forEach(renumber);
    list?.dispatchEvent(new Event('input', { bubbles: true }));
    return rows;
  }

  function say(text: string): void {
    if (status) status.textContent = text;
  }

  return (count) => {
    while (rowsOf(form).length < count) list.append(template.content.cloneNode(true));
    for (const row of rowsOf(form).slice(count)) row.remove();
    changed();
  };
}

function rowsOf(form: HTMLFormElement): HTMLElement[] {
  return [...form.querySelectorAll<HTMLElement>('[data-link-row]')];
}

function renumber(row: HTMLElement, index: number): void {
  for (const element of [row, ...row.querySelectorAll('*')]) {
    for (const name of ['id', 'for', 'name', 'aria-describedby']) {
      const value = element.getAttribute(name);
      if (value) element.setAttribute(name, value.replace(/(links[.[])[0-9]+/g, `$1${index}`));
    }
    if (element instanceof HTMLButtonElement)
      element.value = element.value.replace(/^(remove|up|down)-link-[0-9]+$/, `$1-link-${index}`);
    if (element.matches('[data-link-number]')) element.textContent = String(index + 1);
  }
}
