import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { appended, checksum } from '../../../src/live/wire/crc32';

test('the checksum of pieces is the one of their text', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 5_000 }), { maxLength: 8 }), (pieces) => {
      const buffers = pieces.map((piece) => Buffer.from(piece));
      const crc = buffers.reduce((sum, piece) => appended(sum, checksum(piece)), 0);
      expect(crc).toBe(crc32(Buffer.concat(buffers)));
    }),
  );
});
