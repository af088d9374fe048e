import { type HostPreset, PRESET_TEXTS, presetFor, presetText } from './host-preset';

/**
 * Fills in new servers as the last ones at their hosts were, by what the page says of those (`data-host-presets`). Only fields that are
 * as in an empty row, and in which nobody has typed; where the address is another one then, they are as before.
 * Returns what fills in the row of an address, and gives what it has found.
 */
export function fillByHost(
  list: HTMLElement,
  template: HTMLTemplateElement,
): (url: HTMLInputElement) => HostPreset | undefined {
  const entries: readonly [string, HostPreset][] = JSON.parse(list.dataset.hostPresets ?? '[]');
  const presets = new Map(entries);
  const typedIn = new WeakSet<EventTarget>();
  const filled = new WeakMap<Element, string>();
  list.addEventListener('input', ({ target }) => {
    if (target) typedIn.add(target);
  });

  /** Whether the field was filled in with something. */
  function fill(row: Element, part: string, preset: string | undefined): boolean {
    const field = fieldOf(row, part);
    const empty = fieldOf(template.content, part);
    if (!field || !empty || typedIn.has(field)) return false;
    const isAsFilled = textOf(field) === (filled.get(field) ?? textOf(empty));
    if (!isAsFilled) return false;
    const text = preset ?? textOf(empty);
    filled.set(field, text);
    if (field.type === 'checkbox') field.checked = text !== '';
    else field.value = text;
    return text !== textOf(empty);
  }

  return (url) => {
    const row = url.closest('[data-server-row]');
    if (!row || !beganEmpty(row)) return undefined;
    const preset = presetFor(presets, url.value);
    const isFilled = PRESET_TEXTS.map((part) => fill(row, part, preset?.[part])).includes(true);
    const line = row.querySelector('[data-server-check]');
    const said = isFilled ? presetText(url.value) : '';
    if (line && (isFilled || line.textContent === filled.get(line)) && line.textContent !== said) {
      line.textContent = said;
      filled.set(line, said);
    }
    return preset;
  };
}

/** A server that is saved, or follows one of the episode before, is as it is. */
function beganEmpty(row: Element): boolean {
  return ['id', 'name', 'url'].every((part) => fieldOf(row, part)?.defaultValue === '');
}

function fieldOf(within: ParentNode, part: string): HTMLInputElement | null {
  return within.querySelector(`input[name$="[${part}]"]`);
}

function textOf(field: HTMLInputElement): string {
  return field.type === 'checkbox' && !field.checked ? '' : field.value;
}
