const KEY = 'nipnime.keys';
const OFF = 'off';

/** Into which characters are typed. A list of choices finds one by its first letter; a switch takes the space bar alone. */
const TYPED_INTO = 'textarea,select,input:not([type=checkbox],[type=radio])';

/**
 * Whether a key is pressed for the page: alone, and not into a field. Never where keys alone are switched off, as by somebody who speaks
 * to the computer. https://www.w3.org/WAI/WCAG22/Understanding/character-key-shortcuts
 */
export function isForPage(event: KeyboardEvent): boolean {
  const { target } = event;
  return !(
    event.defaultPrevented ||
    event.ctrlKey ||
    event.metaKey ||
    event.altKey ||
    document.documentElement.dataset.keys === OFF ||
    (target instanceof HTMLElement && (target.isContentEditable || target.matches(TYPED_INTO)))
  );
}

/** The switch at the end of every page, and where the keys are listed. `data-keys` of the page says to its sheet which way it stands. */
export function offerKeysSwitch(): void {
  const { dataset } = document.documentElement;
  const switches = document.querySelectorAll<HTMLInputElement>('[data-keys-switch]');
  const show = (): void => {
    for (const each of switches) each.checked = dataset.keys !== OFF;
  };
  try {
    if (localStorage.getItem(KEY) === OFF) dataset.keys = OFF;
  } catch {
    // Nothing is kept: it holds for as long as this page is open.
  }
  show();
  for (const each of switches) {
    each.closest('label')?.removeAttribute('hidden');
    each.addEventListener('change', () => {
      dataset.keys = each.checked ? 'on' : OFF;
      show();
      try {
        localStorage.setItem(KEY, dataset.keys);
      } catch {
        // As above.
      }
    });
  }
}
