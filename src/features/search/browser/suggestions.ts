import { countedWord, wordOf } from '../../../web/browser/words';

const PAUSE_MS = 120;

/**
 * Turns the field into a combobox whose list has the series that are like what is typed.
 * https://www.w3.org/WAI/ARIA/apg/patterns/combobox/ (list autocomplete with manual selection)
 */
export function startSuggestions(form: HTMLFormElement, field: HTMLInputElement): void {
  const list = element('ul', {
    id: 'site-search-list',
    role: 'listbox',
    'aria-label': wordOf(form, 'options'),
  });
  list.className = 'site-search__list';
  list.hidden = true;
  const status = element('p', { role: 'status' });
  status.className = 'visually-hidden';
  form.append(list, status);
  for (const [name, value] of [
    ['role', 'combobox'],
    ['aria-autocomplete', 'list'],
    ['aria-controls', list.id],
  ] as const)
    field.setAttribute(name, value);

  let asked = '';
  let shown = '';
  let request = new AbortController();
  let timer = 0;
  let active: HTMLElement | undefined;
  const options = (): HTMLElement[] => [...list.querySelectorAll<HTMLElement>('[role="option"]')];

  const activate = (option: HTMLElement | undefined): void => {
    active?.setAttribute('aria-selected', 'false');
    active = option;
    active?.setAttribute('aria-selected', 'true');
    active?.scrollIntoView({ block: 'nearest' });
    if (active) field.setAttribute('aria-activedescendant', active.id);
    else field.removeAttribute('aria-activedescendant');
  };
  const show = (isShown: boolean): void => {
    if (!isShown) activate(undefined);
    list.hidden = !isShown;
    field.setAttribute('aria-expanded', String(isShown));
  };
  const close = (): void => {
    window.clearTimeout(timer);
    request.abort();
    show(false);
    status.textContent = '';
  };

  const suggest = async (): Promise<void> => {
    const text = field.value.trim();
    request.abort();
    asked = text;
    if (text === '') return close();
    request = new AbortController();
    const html = await readSuggestions(form, text, request.signal);
    // Typed on, or gone, meanwhile.
    if (html === undefined || asked !== text || document.activeElement !== field) return;
    // Who has chosen one of them already keeps the choice where the list stays as it is.
    if (html !== shown) {
      activate(undefined);
      list.innerHTML = html;
      shown = html;
    }
    const count = options().length;
    show(count > 0);
    status.textContent = count === 0 ? wordOf(form, 'none') : countedWord(form, 'found', count);
  };
  const suggestSoon = (): void => {
    window.clearTimeout(timer);
    timer = window.setTimeout(() => void suggest(), PAUSE_MS);
  };

  field.addEventListener('input', (event) => {
    // What an input method has not settled yet is often half a syllable.
    if (!(event instanceof InputEvent && event.isComposing)) suggestSoon();
  });
  field.addEventListener('compositionend', suggestSoon);
  field.addEventListener('blur', close);
  field.addEventListener('keydown', (event) => {
    if (event.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      if (list.hidden) suggestSoon();
      else activate(next(options(), active, step));
    } else if (event.key === 'Enter' && active) {
      event.preventDefault();
      open(active, event);
    } else if (event.key === 'Escape' && !list.hidden) {
      // The first one closes the list, the next one empties the field.
      event.preventDefault();
      close();
    }
  });
  // The field keeps the focus; without this it would lose it, and close the list, before the click.
  list.addEventListener('pointerdown', (event) => event.preventDefault());
  list.addEventListener('mousedown', (event) => event.preventDefault());
  list.addEventListener('click', (event) => {
    const option =
      event.target instanceof Element ? event.target.closest<HTMLElement>('[role="option"]') : null;
    if (option) open(option, event);
  });

  show(false);
  // Typed while this was loaded.
  if (field.value !== field.defaultValue) suggestSoon();
}

/** Undefined where there is no answer. */
async function readSuggestions(
  form: HTMLFormElement,
  text: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const response = await fetch(`${form.action}/suggestions?${new URLSearchParams({ q: text })}`, {
      signal,
    });
    return response.ok ? await response.text() : undefined;
  } catch {
    return undefined;
  }
}

/** From the field to the first or the last option, and from there back to the field. */
function next(
  options: HTMLElement[],
  active: HTMLElement | undefined,
  step: number,
): HTMLElement | undefined {
  if (!active) return options.at(step > 0 ? 0 : -1);
  const index = options.indexOf(active) + step;
  return index < 0 ? undefined : options[index];
}

function open({ dataset }: HTMLElement, { ctrlKey, metaKey }: KeyboardEvent | MouseEvent): void {
  if (ctrlKey || metaKey) window.open(dataset.url, '_blank', 'noopener');
  else if (dataset.url) location.assign(dataset.url);
}

function element(name: 'ul' | 'p', attributes: Readonly<Record<string, string>>): HTMLElement {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}
