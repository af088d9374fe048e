import fc from 'fast-check';
import { addressKey, canonicalAddress } from '../../src/platform/address';

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['192.0.2.7:4711', '192.0.2.7'],
  [' "192.0.2.7:4711" ', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['::FFFF:c000:0207', '192.0.2.7'],
  ['0:0:0:0:0:ffff:192.0.2.7', '192.0.2.7'],
  ['[::ffff:192.0.2.7]:443', '192.0.2.7'],
  ['2001:DB8:0001:2::9', '2001:db8:1:2:0:0:0:9'],
  ['[2001:db8:1:2::9]', '2001:db8:1:2:0:0:0:9'],
  ['"[2001:db8:1:2::9]:443"', '2001:db8:1:2:0:0:0:9'],
  ['2001:db8::', '2001:db8:0:0:0:0:0:0'],
  ['1:2::3:4:5:192.0.2.7', '1:2:0:3:4:5:c000:207'],
  ['::', '0:0:0:0:0:0:0:0'],
  ['fe80::1%eth0', 'fe80:0:0:0:0:0:0:1'],
])('%s is the address %s', (text, address) => {
  expect(canonicalAddress(text)).toBe(address);
});

test.each([
  '',
  ' ',
  'unknown',
  '_hidden',
  'localhost',
  '192.0.2',
  '192.0.2.256',
  '192.0.2.07',
  '192.0.2.7:',
  '192.0.2.7:port',
  '192.0.2.7:443:443',
  '[192.0.2.7]x',
  '[2001:db8::1',
  '2001:db8::1]:443',
  '[2001:db8::1]443',
  '2001:db8::1::2',
  '"192.0.2.7',
  "' or 1=1",
  '１９２.0.2.7',
  `2001:db8::1%${'x'.repeat(100)}`,
])('%j is no address', (text) => {
  expect(canonicalAddress(text)).toBeUndefined();
});

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['::ffff:c000:207', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:db8:1:2::9', '2001:db8:1:2'],
  ['2001:0db8:0001:0002::1', '2001:db8:1:2'],
  ['2001:db8::1', '2001:db8:0:0'],
  ['::1', '0:0:0:0'],
  ['fe80::1%eth0', 'fe80:0:0:0'],
  ['made-up-1', 'unknown'],
  ['made-up-2', 'unknown'],
])('%s counts as %s', (address, key) => {
  expect(addressKey(address)).toBe(key);
});

test('all addresses of a /64 count as one, those of another one do not, however they are spelled', () => {
  const group = fc.integer({ min: 0, max: 0xffff });
  const spelling = fc.record({
    isUpper: fc.boolean(),
    isPadded: fc.boolean(),
    frame: fc.constantFrom('a', '[a]', '[a]:443', '"[a]"', ' a ', 'a%eth0'),
  });
  const spell = (groups: readonly number[], how: { isUpper: boolean; isPadded: boolean; frame: string }) => {
    const text = groups.map((each) => each.toString(16).padStart(how.isPadded ? 4 : 1, '0')).join(':');
    return how.frame.replace('a', () => (how.isUpper ? text.toUpperCase() : text));
  };
  const network = fc.tuple(fc.integer({ min: 1, max: 0xffff }), group, group, group);
  const host = fc.tuple(group, group, group, group);
  fc.assert(
    fc.property(network, host, host, spelling, spelling, (ours, one, other, first, second) => {
      const key = addressKey(spell([...ours, ...one], first));
      expect(addressKey(spell([...ours, ...other], second))).toBe(key);
      const [a, b, c, d] = ours;
      expect(addressKey(spell([a, b, c, d ^ 1, ...one], first))).not.toBe(key);
    }),
  );
});
