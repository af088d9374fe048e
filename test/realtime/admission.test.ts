import { AddressCounts, addressKey } from '../../src/realtime/admission';

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:db8:1:2::9', '2001:db8:1:2'],
  ['2001:0db8:0001:0002::1', '2001:db8:1:2'],
  ['2001:db8::1', '2001:db8:0:0'],
  ['::1', '0:0:0:0'],
  ['fe80::1%eth0', 'fe80:0:0:0'],
])('%s counts as %s', (address, key) => {
  expect(addressKey(address)).toBe(key);
});

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
