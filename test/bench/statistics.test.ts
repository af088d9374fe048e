import { histogramQuantile } from '../../bench/servers/site-metrics';
import { quantile, slope, spread } from '../../bench/statistics';

test('a spread is the median with the least and the most', () => {
  expect(spread([3, 1, 10])).toEqual({ median: 3, min: 1, max: 10 });
  expect(spread([4, 1, 2, 10])).toEqual({ median: 3, min: 1, max: 10 });
});

test('a quantile is a value that was measured', () => {
  const values = Array.from({ length: 100 }, (_, index) => 100 - index);
  expect(quantile(values, 0.5)).toBe(50);
  expect(quantile(values, 0.99)).toBe(99);
  expect(quantile(values, 1)).toBe(100);
  expect(quantile([7], 0.5)).toBe(7);
});

test('nothing has no quantile', () => {
  expect(() => quantile([], 0.5)).toThrow('nothing');
});

test('the slope is that of the line of least squares', () => {
  const points = [1, 2, 3, 4].map((x) => ({ x, y: 10 + 2 * x }));
  expect(slope(points)).toBeCloseTo(2);
  expect(slope([{ x: 1, y: 5 }])).toBe(0);
});

test('a quantile of a histogram counts what came between two looks at it', () => {
  const bounds = [0.1, 0.2, 0.4, Number.POSITIVE_INFINITY];
  const buckets = (counts: readonly number[]) =>
    bounds.map((bound, index) => ({ bound, count: counts[index] ?? 0 }));
  const before = buckets([50, 50, 50, 50]);
  expect(histogramQuantile(before, buckets([50, 60, 60, 60]), 0.5)).toBeCloseTo(0.15);
  expect(histogramQuantile(before, buckets([50, 50, 50, 60]), 0.5)).toBe(0.4);
  expect(histogramQuantile(before, before, 0.5)).toBeUndefined();
});
