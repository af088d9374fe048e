import { isForPage } from '../../web/browser/page-keys';
import type { Words } from './words';

/** What is told next to the pill, and as `aria-keyshortcuts`. */
const KEY = '.';

/** The button "2 new episodes – show" of a list. */
export class Pill {
  readonly #button: HTMLButtonElement;
  readonly #words: Words;

  constructor(button: HTMLButtonElement, words: Words, onPress: () => void) {
    this.#button = button;
    this.#words = words;
    button.addEventListener('click', onPress);
  }

  /** Without any it is gone. */
  show(count: number, isAtLeast: boolean): void {
    const hadFocus = this.#button === document.activeElement;
    if (count > 0) this.#button.textContent = this.#words.show(count, isAtLeast);
    this.#button.hidden = count === 0;
    // Or the next Tab would begin at the top of the page.
    if (hadFocus && count === 0) document.querySelector('main')?.focus({ preventScroll: true });
  }
}

/** The key shows what waits in the first list that has something waiting, unless something is being typed. */
export function followPillKey(): void {
  document.addEventListener('keydown', (event) => {
    if (event.key !== KEY || event.repeat || !isForPage(event)) return;
    document.querySelector<HTMLButtonElement>('[data-live-pill]:not([hidden])')?.click();
  });
}
