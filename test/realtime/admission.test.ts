import { Admission, addressKey } from '../../src/realtime/admission';

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

test('frees a place once, however often it is told', () => {
  const admission = new Admission({ maxConnections: 2, maxConnectionsPerAddress: 1 });
  const leave = admission.enter('192.0.2.1');
  expect(admission.enter('192.0.2.1')).toBeUndefined();
  expect(admission.enter('192.0.2.2')).toBeDefined();
  expect(admission.enter('192.0.2.3')).toBeUndefined();
  leave?.();
  leave?.();
  expect(admission.total).toBe(1);
  expect(admission.enter('192.0.2.1')).toBeDefined();
});
