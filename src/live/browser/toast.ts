const SHOWN_MS = 8_000;
const MAX_WAITING = 3;

type News = { readonly name: string; readonly url: string; readonly title: readonly Node[] };

/**
 * Says what has come in, with a link to it: one thing at a time, and of many the newest few. It waits while it is hovered or
 * focused, and never takes the focus. It is no live region: that there is news is announced elsewhere.
 */
export class Toast {
  readonly #root: HTMLElement;
  readonly #link: HTMLAnchorElement;
  #shown: News | undefined;
  #waiting: News[] = [];
  #timer: number | undefined;
  /** What had the focus before it went into the toast. */
  #focusedBefore: Element | null = null;

  constructor(root: HTMLElement, link: HTMLAnchorElement, dismissButton: HTMLElement) {
    this.#root = root;
    this.#link = link;
    for (const type of ['pointerenter', 'pointerleave', 'focusout']) {
      root.addEventListener(type, () => this.#countDown());
    }
    root.addEventListener('focusin', ({ relatedTarget }) => {
      const isFromOutside = relatedTarget instanceof Element && !root.contains(relatedTarget);
      if (isFromOutside) this.#focusedBefore = relatedTarget;
      this.#countDown();
    });
    dismissButton.addEventListener('click', () => this.dismiss());
    document.addEventListener('keydown', (event) => {
      if (event.key === 'Escape' && !event.defaultPrevented) this.dismiss();
    });
  }

  /** @param name by which it can be withdrawn @param item has what is said of it in `data-item-link` and `data-item-title` */
  show(name: string, item: HTMLElement): void {
    const link = item.querySelector<HTMLAnchorElement>('a[data-item-link]');
    if (!link) return;
    const news = { name, url: link.getAttribute('href') ?? '', title: titleOf(item) };
    this.#waiting = [...this.#waiting, news].slice(-MAX_WAITING);
    if (!this.#shown) this.#next();
  }

  /** It is gone: a link to it would lead nowhere. */
  withdraw(name: string): void {
    this.#waiting = this.#waiting.filter((news) => news.name !== name);
    if (this.#shown?.name === name) this.#next();
  }

  /** With those that wait. */
  dismiss(): void {
    this.#waiting = [];
    if (this.#shown) this.#next();
  }

  #next(): void {
    this.#shown = this.#waiting.shift();
    const hadFocus = this.#root.contains(document.activeElement);
    this.#root.hidden = this.#shown === undefined;
    if (this.#shown) {
      this.#link.href = this.#shown.url;
      this.#link.replaceChildren(...this.#shown.title);
      this.#countDown();
    } else if (hadFocus) this.#returnFocus();
  }

  #countDown(): void {
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => {
      // The toast's end of focus comes before the next element has it; by now it is clear.
      if (this.#root.matches(':hover, :focus-within')) this.#countDown();
      else if (this.#shown) this.#next();
    }, SHOWN_MS);
  }

  #returnFocus(): void {
    const before = this.#focusedBefore?.isConnected ? this.#focusedBefore : document.querySelector('main');
    if (before instanceof HTMLElement) before.focus({ preventScroll: true });
    this.#focusedBefore = null;
  }
}

/** `Frieren – Episode 12`, each part in the language that the item says and on a line of its own. */
function titleOf(item: HTMLElement): Node[] {
  return [...item.querySelectorAll<HTMLElement>('[data-item-title]')].flatMap(
    ({ lang, textContent }, index) => {
      const part = span('toast__part', textContent);
      if (lang) part.lang = lang;
      return index === 0 ? [part] : [span('visually-hidden', ' – '), part];
    },
  );
}

function span(className: string, text: string): HTMLElement {
  const element = document.createElement('span');
  element.className = className;
  element.textContent = text;
  return element;
}
