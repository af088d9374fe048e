import { LivePreference } from '../../../src/live/browser/live-preference';

function storage(value?: string) {
  const kept = new Map(value === undefined ? [] : [['nipnime.live', value]]);
  return {
    kept,
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, text: string) => void kept.set(key, text),
  };
}

test('live updates are on unless they were switched off', () => {
  const isOn = [undefined, 'on', 'off', '', '{"a":', 'OFF'].map(
    (value) => new LivePreference(() => storage(value)).isOn,
  );
  expect(isOn).toEqual([true, true, false, true, true, true]);
});

test('is kept, and read again when another tab has changed it', () => {
  const shared = storage();
  const [one, other] = [new LivePreference(() => shared), new LivePreference(() => shared)];
  one.set(false);
  expect(shared.kept.get('nipnime.live')).toBe('off');
  expect(other.isOn).toBe(true);
  other.reread();
  expect(other.isOn).toBe(false);
});

test('holds for the page where nothing can be kept', () => {
  const preference = new LivePreference(() => {
    throw new Error('SecurityError');
  });
  expect(preference.isOn).toBe(true);
  preference.set(false);
  preference.reread();
  expect(preference.isOn).toBe(false);
});
