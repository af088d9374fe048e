import type { WhisperEvent } from '../state/stream-event';

const VALUE = '{value}';

/**
 * Elements that show what a whisper says, `<span data-live-value data-topic="site" data-key="browsers" hidden>`: the value, or
 * `data-word` with it, as `{value} connected`. With `data-keeps` the last value stays when there is none any more.
 */
export class LiveValues {
  readonly #elements: readonly HTMLElement[];

  constructor(root: ParentNode) {
    this.#elements = [...root.querySelectorAll<HTMLElement>('[data-live-value]')];
  }

  get topics(): readonly string[] {
    return this.#elements.flatMap(({ dataset }) => dataset.topic ?? []);
  }

  get tickets(): readonly string[] {
    return this.#elements.flatMap(({ dataset }) => dataset.ticket ?? []);
  }

  show({ topic, key, value }: WhisperEvent): void {
    for (const element of this.#elements) {
      if (element.dataset.topic !== topic || element.dataset.key !== key) continue;
      if (value === null && element.dataset.keeps !== undefined) continue;
      element.textContent =
        value === null ? '' : (element.dataset.word ?? VALUE).replace(VALUE, String(value));
      element.hidden = value === null;
    }
  }
}
