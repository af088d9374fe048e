import { Positions } from '../../../../src/features/watch/browser/positions';

function storage() {
  const values = new Map<string, string>();
  return {
    values,
    getItem: (key: string) => values.get(key) ?? null,
    setItem: (key: string, value: string) => void values.set(key, value),
  };
}
const EPISODE_S = 1_440;

test('goes on where it was left, in another tab or after a reload', () => {
  const kept = storage();
  new Positions(() => kept).keep('12', { seconds: 605.7, durationSeconds: EPISODE_S });
  expect(new Positions(() => kept).find('12')).toEqual({ seconds: 605, durationSeconds: EPISODE_S });
  expect(new Positions(() => kept).find('13')).toBeUndefined();
});

test('what has barely begun, or is at its end, begins at the beginning', () => {
  const positions = new Positions(storage);
  const kept = storage();
  const same = new Positions(() => kept);
  for (const seconds of [3, EPISODE_S - 60, EPISODE_S]) {
    same.keep('12', { seconds: 600, durationSeconds: EPISODE_S });
    same.keep('12', { seconds, durationSeconds: EPISODE_S });
    expect(same.find('12')).toBeUndefined();
  }
  // A stream without an end has no place to go back to.
  positions.keep('12', { seconds: 600, durationSeconds: Number.POSITIVE_INFINITY });
  expect(positions.find('12')).toBeUndefined();
});

test('forgets the oldest of many', () => {
  const kept = storage();
  const positions = new Positions(() => kept);
  for (let id = 1; id <= 250; id++) positions.keep(String(id), { seconds: 60, durationSeconds: EPISODE_S });
  expect(positions.find('50')).toBeUndefined();
  expect(positions.find('51')).toBeDefined();
  expect(positions.find('250')).toBeDefined();
});

test.each(['', '{', 'null', '{}', '[[1]]', '[["12","600",1440]]', '[["12",600]]'])(
  'is not stopped by what is stored: %s',
  (stored) => {
    const kept = storage();
    kept.setItem('nipnime.positions', stored);
    const positions = new Positions(() => kept);
    expect(positions.find('12')).toBeUndefined();
    positions.keep('12', { seconds: 600, durationSeconds: EPISODE_S });
    expect(positions.find('12')).toBeDefined();
  },
);

test('does without a storage', () => {
  const positions = new Positions(() => {
    throw new Error('not allowed');
  });
  positions.keep('12', { seconds: 600, durationSeconds: EPISODE_S });
  expect(positions.find('12')).toBeUndefined();
});
