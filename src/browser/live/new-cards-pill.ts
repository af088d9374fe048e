type NewCardsPillOptions = {
  /** Inserts what waits, and focuses the first of it. */
  readonly onPress: () => void;
};

/** The button "2 new episodes – show". */
export class NewCardsPill {
  readonly #button: HTMLButtonElement;

  constructor(button: HTMLButtonElement, { onPress }: NewCardsPillOptions) {
    this.#button = button;
    button.addEventListener('click', () => {
      onPress();
      window.scrollTo({ top: 0, behavior: prefersReducedMotion() ? 'instant' : 'smooth' });
    });
  }

  /** Without any it is gone. */
  show(count: number): void {
    const hadFocus = this.#button === document.activeElement;
    if (count > 0)
      this.#button.textContent = `${count === 1 ? '1 new episode' : `${count} new episodes`} – show`;
    this.#button.hidden = count === 0;
    // Or the next Tab would begin at the top of the page.
    if (hadFocus && count === 0) document.querySelector('main')?.focus({ preventScroll: true });
  }
}

function prefersReducedMotion(): boolean {
  return matchMedia('(prefers-reduced-motion: reduce)').matches;
}
