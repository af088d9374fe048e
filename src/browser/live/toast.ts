import type { UpsertEvent } from './stream-event';

const SHOWN_MS = 8_000;
const MAX_WAITING = 3;

/**
 * Says which episode is new, with a link to it: one at a time, and of many the newest few. It waits while it is hovered
 * or focused, and never takes the focus. It is no live region: that there are new episodes is announced elsewhere.
 */
export class Toast {
  readonly #root: HTMLElement;
  readonly #link: HTMLAnchorElement;
  #shown: UpsertEvent | undefined;
  #waiting: UpsertEvent[] = [];
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

  show(event: UpsertEvent): void {
    this.#waiting = [...this.#waiting, event].slice(-MAX_WAITING);
    if (!this.#shown) this.#next();
  }

  /** The episode is gone: a link to it would lead nowhere. */
  withdraw(episodeId: string): void {
    this.#waiting = this.#waiting.filter((event) => event.episodeId !== episodeId);
    if (this.#shown?.episodeId === episodeId) this.#next();
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
      this.#link.replaceChildren(...titleParts(this.#shown));
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

/** `Frieren – Episode 12`, in which the series' title is in the language that the card says. */
function titleParts({ title, html }: UpsertEvent): (string | Node)[] {
  const template = document.createElement('template');
  template.innerHTML = html;
  const seriesTitle = template.content.querySelector<HTMLElement>('[lang]');
  const text = seriesTitle?.textContent ?? '';
  if (!seriesTitle || !title.startsWith(text)) return [title];
  const named = document.createElement('span');
  named.lang = seriesTitle.lang;
  named.textContent = text;
  return [named, title.slice(text.length)];
}
