import { delaysOf, median, usualDelay } from '../../../src/features/schedule/usual-delay';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const WEEK = 7 * 24 * HOUR;
const weeks = (count: number) => Array.from({ length: count }, (_, index) => new Date(index * WEEK));
const at = (ms: number) => new Date(ms);
const minutes = (values: readonly number[]) => values.map((value) => value * MINUTE);

test('a posting belongs to the broadcast before it, and the first of a broadcast counts', () => {
  const postings = [at(30 * MINUTE), at(2 * HOUR), at(WEEK + 40 * MINUTE)];
  expect(delaysOf(weeks(3), postings)).toEqual(minutes([30, 40]));
});

test('what is here a little ahead of its broadcast counts, what was caught up on does not', () => {
  expect(delaysOf(weeks(2), [at(WEEK - 30 * MINUTE)])).toEqual(minutes([-30]));
  expect(delaysOf(weeks(2), [at(WEEK - 2 * HOUR), at(4 * 24 * HOUR)])).toEqual([]);
});

test('a series that skips a week has no delay of a week', () => {
  expect(delaysOf(weeks(4), [at(10 * MINUTE), at(2 * WEEK + 10 * MINUTE)])).toEqual(minutes([10, 10]));
});

test('five postings that let each other be known are a habit, with its spread', () => {
  expect(usualDelay(minutes([30, 32, 31, 35, 31]))).toEqual({
    medianMs: 31 * MINUTE,
    spreadMs: MINUTE * 0.5 + 0,
  });
});

test.each([
  ['four', [30, 30, 30, 30]],
  ['those that are anywhere', [10, 90, 30, 150, 60, 5, 200]],
  ['none', []],
])('%s are none', (_name, delays) => {
  expect(usualDelay(minutes(delays))).toBeUndefined();
});

test('one that was late by hours changes nothing', () => {
  expect(usualDelay(minutes([30, 31, 29, 400, 30, 31]))?.medianMs).toBe(30.5 * MINUTE);
});

test('only the last dozen count', () => {
  const before = Array.from({ length: 40 }, (_, index) => index * 17);
  expect(usualDelay(minutes([...before, ...Array(12).fill(20)]))).toEqual({
    medianMs: 20 * MINUTE,
    spreadMs: 0,
  });
});

test('the median of an even number is between the two', () => {
  expect(median([4, 1, 3, 2])).toBe(2.5);
});
