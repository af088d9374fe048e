import type { NodeClock } from '../../src/live/turns';
import { Whispers } from '../../src/live/whispers';

test('a sum that is too small is told to nobody, and taken back where it was told', () => {
  const waiting: (() => void)[] = [];
  const passPauses = () => {
    for (const run of waiting.splice(0)) run();
  };
  const clock = {
    now: () => 0,
    after: (_ms: number, run: () => void) => {
      waiting.push(run);
      return () => undefined;
    },
  } as unknown as NodeClock;
  const told: unknown[] = [];
  const whispers = new Whispers({
    bus: { tell: () => undefined },
    clock,
    deliver: (topic, key, value) => told.push([topic, key, value]),
    leastSum: (topic) => (topic === 'page' ? 5 : 0),
  });
  const share = (value: number): void => {
    whispers.share('page', 'browsers', value);
    passPauses();
  };

  share(1);
  share(4);
  expect(told).toEqual([]);
  // One here and four elsewhere are five.
  whispers.hear({ type: 'shares', shares: [{ topic: 'page', key: 'browsers', value: 1 }] }, 'node-2');
  passPauses();
  expect(told).toEqual([['page', 'browsers', 5]]);
  expect(whispers.lastOf(['page'])).toEqual([{ topic: 'page', key: 'browsers', value: 5 }]);

  share(3);
  expect(told.at(-1)).toEqual(['page', 'browsers', null]);
  expect(whispers.lastOf(['page'])).toEqual([]);
  share(2);
  expect(told).toHaveLength(2);
  share(4);
  expect(told.at(-1)).toEqual(['page', 'browsers', 5]);

  whispers.share('site', 'browsers', 1);
  expect(told.at(-1)).toEqual(['site', 'browsers', 1]);
  whispers.close();
});
