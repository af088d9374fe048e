import { backoffMs } from '../../../src/live/state/backoff';

test('waits from a second to a bound that doubles up to a minute, however many failures there were', () => {
  const bounds = [0, 1, 2, 3, 4, 5, 100, 10_000].map((failures) => [
    backoffMs(failures, () => 0),
    backoffMs(failures, () => 1),
  ]);
  expect(bounds.map(([least]) => least)).toEqual(bounds.map(() => 1_000));
  expect(bounds.map(([, most]) => most)).toEqual([
    3_000, 6_000, 12_000, 24_000, 48_000, 60_000, 60_000, 60_000,
  ]);
  expect(backoffMs(100, () => 0.5)).toBe(30_500);
});
