import { restartPauseMs } from '../../../src/process/workers/restart-pause';

test('a worker that served for a while is replaced at once', () => {
  expect(restartPauseMs(0, 3_600_000)).toBe(100);
  expect(restartPauseMs(12_800, 3_600_000)).toBe(100);
});

test('one that dies again and again is replaced less and less often', () => {
  const pauses: number[] = [];
  for (let death = 0; death < 11; death += 1) pauses.push(restartPauseMs(pauses.at(-1) ?? 0, 300));
  expect(pauses).toEqual([100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000]);
});
