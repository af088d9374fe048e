/** What is used of `localStorage`. */
type AutoplayStorage = {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
};

const KEY = 'nipnime.autoplay';

/** Whether the next episode begins by itself: as the viewer has said, else as they take motion. */
export class AutoplayPreference {
  readonly #openStorage: () => AutoplayStorage;
  readonly #byDefault: boolean;

  /** @param openStorage may throw, as `localStorage` does where it is not allowed */
  constructor(openStorage: () => AutoplayStorage, prefersReducedMotion: boolean) {
    this.#openStorage = openStorage;
    this.#byDefault = !prefersReducedMotion;
  }

  get isOn(): boolean {
    try {
      const kept = this.#openStorage().getItem(KEY);
      return kept === null ? this.#byDefault : kept === 'on';
    } catch {
      return this.#byDefault;
    }
  }

  set(isOn: boolean): void {
    try {
      this.#openStorage().setItem(KEY, isOn ? 'on' : 'off');
    } catch {
      // Then it holds for this page alone: its switch shows it.
    }
  }
}
