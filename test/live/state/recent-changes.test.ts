import { RecentChanges } from '../../../src/live/state/recent-changes';

const change = (seq: number) => ({ id: `e.${seq}`, frames: [] });

function heard(...seqs: readonly number[]): RecentChanges {
  const recent = new RecentChanges('e.10');
  for (const seq of seqs) recent.add(change(seq));
  return recent;
}

test('gives what came after a cursor that it knows', () => {
  expect(heard(11, 13).since('e.10')).toEqual([change(11), change(13)]);
  expect(heard(11, 13).since('e.12')).toEqual([change(13)]);
  expect(heard(11, 13).since('e.13')).toEqual([]);
  expect(heard(11, 13).since('e.99')).toEqual([]);
});

test('does not know what came before its beginning, in another epoch, or after nothing', () => {
  for (const cursor of ['e.9', 'f.12', '', 'e']) expect(heard(11, 13).since(cursor)).toBeUndefined();
});

test('forgets the oldest, and knows then that it does', () => {
  const recent = heard(...Array.from({ length: 70 }, (_, index) => 11 + index));
  expect(recent.since('e.15')).toBeUndefined();
  expect(recent.since('e.16')).toHaveLength(64);
});

test('knows nothing from before a reset', () => {
  const recent = heard(11, 12);
  recent.restart('f.3');
  recent.add({ ...change(4), id: 'f.4' });
  expect(recent.since('e.12')).toBeUndefined();
  expect(recent.since('f.3')).toHaveLength(1);
});
