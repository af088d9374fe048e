import { AutoplayPreference } from '../../../../src/features/watch/browser/autoplay';

function storage() {
  const values = new Map<string, string>();
  return {
    getItem: (key: string) => values.get(key) ?? null,
    setItem: (key: string, value: string) => void values.set(key, value),
  };
}

test('the next episode begins by itself, but not for who wants less motion', () => {
  expect(new AutoplayPreference(storage, false).isOn).toBe(true);
  expect(new AutoplayPreference(storage, true).isOn).toBe(false);
});

test('what was chosen holds on every page, whatever the motion', () => {
  const kept = storage();
  new AutoplayPreference(() => kept, true).set(true);
  expect(new AutoplayPreference(() => kept, true).isOn).toBe(true);
  new AutoplayPreference(() => kept, false).set(false);
  expect(new AutoplayPreference(() => kept, false).isOn).toBe(false);
});

test('does without a storage', () => {
  const preference = new AutoplayPreference(() => {
    throw new Error('not allowed');
  }, true);
  preference.set(true);
  expect(preference.isOn).toBe(false);
});
