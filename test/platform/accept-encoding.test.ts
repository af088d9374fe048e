import { formatAcceptEncoding, parseAcceptEncoding } from '../../src/platform/accept-encoding';

const nothing = { br: 0, gzip: 0, identity: 0 };

test.each([
  [undefined, {}],
  ['', {}],
  ['gzip', { gzip: 1 }],
  ['GZIP , deflate\t,BR', { gzip: 1, br: 1 }],
  ['gzip;q=0.5, br ; Q=0.25', { gzip: 0.5, br: 0.25 }],
  ['gzip;q=0', {}],
  ['gzip;q=0, *', { br: 1, identity: 1 }],
  ['*;q=0.1, gzip', { gzip: 1, br: 0.1, identity: 0.1 }],
  ['gzip;q=0.2, gzip;q=0.7', { gzip: 0.7 }],
  ['gzip;q=2, br;q=-1, identity;q=x', {}],
  ['gzip;level=9, br;q=1;q=1, ;q=1, gzip;q', {}],
  ['x-gzip, gzipped', {}],
])('reads Accept-Encoding: %p', (header, weights) => {
  expect(parseAcceptEncoding(header)).toEqual({ ...nothing, ...weights });
});

test('says the same in few bytes', () => {
  for (const header of ['gzip;q=0.5, br, deflate', '*;q=0.1', `${'a,'.repeat(8_000)}gzip`, 'zstd']) {
    const short = formatAcceptEncoding(parseAcceptEncoding(header));
    expect(short.length).toBeLessThan(60);
    expect(parseAcceptEncoding(short)).toEqual(parseAcceptEncoding(header));
  }
});
