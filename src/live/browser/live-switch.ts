import { type LivePreference, PREFERENCE_KEY } from './live-preference';

/** The switch next to what is live; other tabs follow by the storage's event, and a page that comes back by looking. */
export function followLiveSwitch(
  button: HTMLButtonElement | null,
  preference: LivePreference,
  onChange: () => void,
): void {
  const show = (): void => button?.setAttribute('aria-checked', String(preference.isOn));
  const changed = (): void => {
    show();
    onChange();
  };
  button?.addEventListener('click', () => {
    preference.set(!preference.isOn);
    changed();
  });
  window.addEventListener('storage', ({ key }) => {
    // Without a key everything was cleared.
    if (key !== PREFERENCE_KEY && key !== null) return;
    preference.reread();
    changed();
  });
  window.addEventListener('pageshow', ({ persisted }) => {
    if (!persisted) return;
    preference.reread();
    changed();
  });
  show();
}
