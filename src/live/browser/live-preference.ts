/** What is used of `localStorage`. */
export type PreferenceStorage = {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
};

export const PREFERENCE_KEY = 'nipnime.live';

/** Whether the visitor wants live updates: yes, unless they were switched off in this browser. */
export class LivePreference {
  readonly #openStorage: () => PreferenceStorage;
  #isOn = true;

  /** @param openStorage may throw, as `localStorage` does where it is not allowed */
  constructor(openStorage: () => PreferenceStorage) {
    this.#openStorage = openStorage;
    this.reread();
  }

  get isOn(): boolean {
    return this.#isOn;
  }

  set(isOn: boolean): void {
    this.#isOn = isOn;
    try {
      this.#openStorage().setItem(PREFERENCE_KEY, isOn ? 'on' : 'off');
    } catch {
      // Without a storage, or with a full one, it holds for as long as this page is open.
    }
  }

  /** Another tab may have changed it. */
  reread(): void {
    try {
      this.#isOn = this.#openStorage().getItem(PREFERENCE_KEY) !== 'off';
    } catch {
      // As it was.
    }
  }
}
