import { wordOf } from '../../web/browser/words';
import type { ShownState } from '../state/shown-state';

/** Says next to a list how the connection is. Not announced: it would interrupt at every short loss. */
export class LiveState {
  readonly #label: HTMLElement;
  readonly #checkedSeconds: () => number | undefined;
  #state: ShownState | undefined;

  /** @param checkedSeconds how long ago the page was last found to be right; undefined when nobody can say */
  constructor(label: HTMLElement, checkedSeconds: () => number | undefined) {
    this.#label = label;
    this.#checkedSeconds = checkedSeconds;
    for (const type of ['pointerenter', 'focusin']) label.addEventListener(type, () => this.#explain());
  }

  show(state: ShownState): void {
    this.#state = state;
    this.#label.dataset.liveState = state;
    this.#label.textContent = wordOf(this.#label, state);
    this.#explain();
  }

  /** `Live · checked 4 s ago`, for who points at it. */
  #explain(): void {
    const seconds = this.#state === 'live' ? this.#checkedSeconds() : undefined;
    if (seconds === undefined) this.#label.removeAttribute('title');
    else this.#label.title = this.#ago(seconds);
  }

  #ago(seconds: number): string {
    return seconds < 120
      ? wordOf(this.#label, 'checked-seconds', { count: Math.round(seconds) })
      : wordOf(this.#label, 'checked-minutes', { count: Math.round(seconds / 60) });
  }
}
