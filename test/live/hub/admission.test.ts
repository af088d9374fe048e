import { AddressCounts } from '../../../src/live/hub/admission';

test('an address has as many places as the limit says, and gets back those that it leaves', () => {
  const counts = new AddressCounts(2);
  expect([counts.enter('192.0.2.1'), counts.enter('192.0.2.1'), counts.enter('192.0.2.1')]).toEqual([
    true,
    true,
    false,
  ]);
  expect(counts.enter('192.0.2.2')).toBe(true);
  counts.leave('192.0.2.1');
  expect(counts.enter('192.0.2.1')).toBe(true);
});

test('remembers no address that has left', () => {
  const counts = new AddressCounts(2);
  counts.enter('192.0.2.1');
  counts.leave('192.0.2.1');
  counts.leave('192.0.2.1');
  expect(counts.size).toBe(0);
});
