import { dragRows } from './drag-rows';
import { fillByHost } from './fill-by-host';
import { kindOf, type ServerKind, serverName } from './server-lines';

/** The rows of video servers in a form. */
export type ServerRows = {
  rows(): readonly HTMLElement[];
  /** The addresses, in the order of the rows. */
  urls(): readonly string[];
  /** Puts an address into the row with that index, or into a new one that is called by its host. */
  fill(index: number | undefined, url: string): void;
  /** Makes the rows as many. */
  resize(count: number): void;
  /** Tells those who don't see it. */
  say(text: string): void;
};

/**
 * Adds, removes and moves rows of video servers without asking the server, which answers the same buttons where there is
 * no JavaScript. The names of the fields are those that it would give them: `videoServers[0][url]`.
 */
export function editServerRowsInPlace(form: HTMLFormElement): ServerRows | undefined {
  const list = form.querySelector<HTMLElement>('[data-server-rows]');
  const template = form.querySelector<HTMLTemplateElement>('[data-server-template]');
  const addButton = form.querySelector<HTMLElement>('[data-add-server]');
  const empty = form.querySelector<HTMLElement>('[data-no-servers]');
  const status = form.querySelector('[data-server-status]');
  if (!list || !template || !addButton || !empty || !status) return undefined;

  const fillIn = fillByHost(list, template);
  form.addEventListener('click', (event) => {
    const button = event.target instanceof Element ? event.target.closest('button') : null;
    const row = button?.closest<HTMLElement>('[data-server-row]');
    if (button === addButton) add();
    else if (row && button?.matches('[data-remove-server]')) remove(row);
    else if (row && button?.matches('[data-move-server]')) move(row, button.dataset.moveServer, button);
    else return;
    event.preventDefault();
  });
  form.addEventListener('keydown', (event) => {
    const { target } = event;
    const row = target instanceof HTMLElement ? target.closest<HTMLElement>('[data-server-row]') : null;
    const isMove = event.altKey && !event.ctrlKey && !event.metaKey && !event.shiftKey;
    if (!row || !isMove || (event.key !== 'ArrowUp' && event.key !== 'ArrowDown')) return;
    event.preventDefault();
    move(row, event.key === 'ArrowUp' ? 'up' : 'down', target);
  });
  form.addEventListener('input', ({ target }) => {
    if (!(target instanceof HTMLInputElement) || !target.matches('[data-server-url]')) return;
    guessKind(target, fillIn(target)?.kind || kindOf(target.value));
  });
  dragRows(list, template, {
    rows: () => rowsOf(form),
    drop: (row, to) => moveTo(row, to, form.ownerDocument.activeElement),
  });

  function append(): HTMLElement | undefined {
    list?.append(template?.content.cloneNode(true) ?? '');
    return rowsOf(form).at(-1);
  }

  function add(): void {
    append();
    const rows = changed();
    rows.at(-1)?.querySelector<HTMLElement>('input:not([type="hidden"])')?.focus();
    say(`Server ${rows.length} added.`);
  }

  function remove(row: HTMLElement): void {
    const index = rowsOf(form).indexOf(row);
    row.remove();
    forgetErrors();
    const rows = changed();
    (rows[index] ?? rows.at(-1) ?? addButton)?.focus();
    say(`Server ${index + 1} removed.`);
  }

  function move(row: HTMLElement, direction: string | undefined, focused: EventTarget | null): void {
    const rows = rowsOf(form);
    const before = rows.indexOf(row);
    const to = direction === 'up' ? before - 1 : before + 1;
    if (!rows[to]) return say(`Server ${before + 1} is the ${direction === 'up' ? 'first' : 'last'} one.`);
    moveTo(row, to, focused);
  }

  /** @param focused loses the focus where it is in the row, and gets it back */
  function moveTo(row: HTMLElement, to: number, focused: EventTarget | null): void {
    const rows = rowsOf(form);
    const before = rows.indexOf(row);
    if (to < before) rows[to]?.before(row);
    else rows[to]?.after(row);
    forgetErrors();
    changed();
    if (focused instanceof HTMLElement && row.contains(focused)) focused.focus();
    say(`Server ${before + 1} is server ${to + 1} now.`);
  }

  /** Their numbers are those of before; the errors at the fields stay. */
  function forgetErrors(): void {
    for (const link of form.ownerDocument.querySelectorAll('[data-errors] a[href^="#field-videoServers."]')) {
      link.closest('li')?.remove();
    }
  }

  function changed(): readonly HTMLElement[] {
    const rows = rowsOf(form);
    rows.forEach(renumber);
    if (empty) empty.hidden = rows.length > 0;
    list?.dispatchEvent(new Event('input', { bubbles: true }));
    return rows;
  }

  function say(text: string): void {
    if (status) status.textContent = text;
  }

  return {
    rows: () => rowsOf(form),
    urls: () => rowsOf(form).map((row) => urlField(row)?.value ?? ''),
    fill(index, url) {
      const row = index === undefined ? append() : rowsOf(form)[index];
      if (!row) return;
      changed();
      const field = urlField(row);
      if (!field) return;
      field.value = url;
      fillIn(field);
      const name = row.querySelector<HTMLInputElement>('[name$="[name]"]');
      if (name && name.value.trim() === '') name.value = serverName(url);
      field.dispatchEvent(new Event('input', { bubbles: true }));
    },
    resize(count) {
      while (rowsOf(form).length < count) append();
      for (const row of rowsOf(form).slice(count)) row.remove();
      changed();
    },
    say,
  };
}

function urlField(row: HTMLElement): HTMLInputElement | null {
  return row.querySelector('[data-server-url]');
}

/** Shows what the server would take for the kind, or what is usual at that host, unless somebody has chosen another one. */
function guessKind(field: HTMLInputElement, kind: ServerKind): void {
  const select = field
    .closest('[data-server-row]')
    ?.querySelector<HTMLSelectElement>('select[name$="[kind]"]');
  if (!select || field.value.trim() === '') return;
  if (select.value !== '' && select.value !== select.dataset.guessed) return;
  select.value = kind;
  select.dataset.guessed = kind;
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
    if (element instanceof HTMLButtonElement)
      element.value = element.value.replace(
        /^(remove-server|check-server|move-up|move-down)-[0-9]+$/,
        `$1-${index}`,
      );
    if (element.matches('[data-server-number]')) element.textContent = String(index + 1);
  }
}
