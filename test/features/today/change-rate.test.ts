import { tellChangeRate } from '../../../src/features/today/change-rate';
import type { FeedListener } from '../../../src/live/feed/batch';

/** A node that has told what changed, on a clock that stands. */
function newNode() {
  const told: unknown[] = [];
  let nowMs = 0;
  let look: () => void = () => undefined;
  let listener: FeedListener | undefined;
  const stop = tellChangeRate({
    feed: {
      follow: (follows) => {
        listener = follows;
        return () => {
          listener = undefined;
        };
      },
    },
    whispers: { share: (...share) => told.push(share) },
    clock: {
      now: () => nowMs,
      random: () => 0,
      soon: () => () => undefined,
      after: (_ms, task) => {
        look = task;
        return () => {
          look = () => undefined;
        };
      },
    },
  });
  return {
    changed: (previous: number, seq: number) =>
      listener?.onBatch({ type: 'changes', cursor: { epoch: 'e', seq }, previous, changes: [], resets: [] }),
    begunAnew: (seq: number) =>
      listener?.onBatch({ type: 'reset', cursor: { epoch: 'f', seq }, reason: 'epoch' }),
    lookAfter: (ms: number) => {
      nowMs += ms;
      look();
    },
    told: () => told.splice(0),
    stop,
  };
}

const rate = (changes: number) => ['site', 'changes', changes, { isGreatest: true }];

test('what changed in the last minute is counted at once, and forgotten by and by', () => {
  const node = newNode();
  expect(node.told()).toEqual([rate(0)]);
  node.changed(100, 103);
  expect(node.told()).toEqual([rate(3)]);
  node.lookAfter(30_000);
  node.changed(103, 104);
  expect(node.told()).toEqual([rate(3), rate(4)]);
  node.lookAfter(29_999);
  expect(node.told()).toEqual([rate(4)]);
  node.lookAfter(1);
  expect(node.told()).toEqual([rate(1)]);
  node.lookAfter(30_000);
  expect(node.told()).toEqual([rate(0)]);
  node.stop();
});

test('a new beginning of the log is no change, and nothing is told after the end', () => {
  const node = newNode();
  node.told();
  node.begunAnew(9_000);
  node.lookAfter(1_000);
  expect(node.told()).toEqual([rate(0)]);
  node.stop();
  node.changed(9_000, 9_001);
  node.lookAfter(1_000);
  expect(node.told()).toEqual([]);
});
