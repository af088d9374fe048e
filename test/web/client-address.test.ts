import { createClientAddress } from '../../src/web/client-address';

const PROXY = '10.0.0.1';

test.each([
  ['nobody is believed', false, '203.0.113.9', PROXY],
  ['the header is missing', 1, undefined, PROXY],
  ['one proxy tells', 1, '203.0.113.9', '203.0.113.9'],
  ['the client tells, too', 1, '198.51.100.7, 203.0.113.9', '203.0.113.9'],
  ['two proxies tell', 2, '203.0.113.9, 10.0.0.2', '203.0.113.9'],
  ['more proxies are believed than there are', 3, '203.0.113.9', '203.0.113.9'],
  ['the proxies are known', ['10.0.0.0/8'], '198.51.100.7, 203.0.113.9, 10.0.0.2', '203.0.113.9'],
  ['with a port', 1, '203.0.113.9:4711', '203.0.113.9'],
  [
    'with a port, behind a second proxy with one',
    ['10.0.0.0/8'],
    '203.0.113.9:4711,10.0.0.2:80',
    '203.0.113.9',
  ],
  ['with brackets', 1, '[2001:db8::1]', '2001:db8:0:0:0:0:0:1'],
  ['with brackets and a port', 1, '[2001:db8::1]:443', '2001:db8:0:0:0:0:0:1'],
  ['in quotes', 1, '"[2001:db8::1]:443"', '2001:db8:0:0:0:0:0:1'],
  ['mapped into IPv6', 1, '::ffff:203.0.113.9', '203.0.113.9'],
  ['mapped, of a known proxy', ['10.0.0.0/8'], '203.0.113.9, ::ffff:10.0.0.2', '203.0.113.9'],
] as const)('the client is found: %s', (_case, trustProxy, forwardedFor, client) => {
  expect(createClientAddress(trustProxy)(PROXY, forwardedFor)).toBe(client);
});

test.each([
  [1, 'unknown'],
  [1, '198.51.100.7, made up'],
  [1, '198.51.100.7,'],
  [1, ''],
  [1, ','],
  [['10.0.0.0/8'], '198.51.100.7, 10.0.0.2:port'],
] as const)('what is no address names nobody: believing %j, “%s”', (trustProxy, forwardedFor) => {
  expect(createClientAddress(trustProxy)(PROXY, forwardedFor)).toBe(PROXY);
});

test('beyond what is no address nobody is believed', () => {
  expect(createClientAddress(3)(PROXY, '198.51.100.7, made up, 203.0.113.9')).toBe('203.0.113.9');
});

test('a proxy of this machine is known by its mapped address, too', () => {
  expect(createClientAddress(['loopback'])('::ffff:127.0.0.1', '203.0.113.9')).toBe('203.0.113.9');
});
