import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { appended } from '../../../src/live/wire/crc32';
import { closing, opening, StreamBytes, type StreamFormat } from '../../../src/live/wire/stream-bytes';

/** What a client gets that is sent these pieces. */
function body(format: StreamFormat, pieces: readonly StreamBytes[]): Buffer {
  const crc = pieces.reduce((sum, piece) => appended(sum, piece.checksum), 0);
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  return Buffer.concat([
    opening(format),
    ...pieces.map((piece) => piece.in(format)),
    closing(format, crc, length),
  ]);
}

/** RFC 9112, section 7.1, without extensions and trailers. */
function withoutChunks(bytes: Buffer): Buffer {
  const chunks: Buffer[] = [];
  for (let at = 0; ; ) {
    const end = bytes.indexOf('\r\n', at);
    const length = Number.parseInt(bytes.toString('latin1', at, end), 16);
    expect(bytes.toString('latin1', end + 2 + length, end + 4 + length)).toBe('\r\n');
    if (length === 0) {
      expect(end + 4).toBe(bytes.length);
      return Buffer.concat(chunks);
    }
    chunks.push(bytes.subarray(end + 2, end + 2 + length));
    at = end + 4 + length;
  }
}

const decode: Readonly<Record<StreamFormat, (bytes: Buffer) => string>> = {
  plain: (bytes) => bytes.toString(),
  'plain chunked': (bytes) => withoutChunks(bytes).toString(),
  gzip: (bytes) => gunzipSync(bytes).toString(),
  'gzip chunked': (bytes) => gunzipSync(withoutChunks(bytes)).toString(),
};

const piece = fc
  .tuple(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 2_000 }), fc.boolean())
  .map(([text, once]) => ({ text, bytes: once ? StreamBytes.once(text) : StreamBytes.of(text) }));

test.each(['plain', 'plain chunked', 'gzip', 'gzip chunked'] as const)(
  'pieces in any order, single or joined, are one text: %s',
  (format) => {
    fc.assert(
      fc.property(fc.array(fc.array(piece, { minLength: 1, maxLength: 4 }), { maxLength: 6 }), (groups) => {
        const pieces = groups.map((group) => StreamBytes.join(group.map(({ bytes }) => bytes)));
        const text = groups.flatMap((group) => group.map((each) => each.text)).join('');
        expect(decode[format](body(format, pieces))).toBe(text);
      }),
    );
  },
);

test('every piece ends with an empty stored block: some decoders give out what came before it only then', () => {
  const pieces = [StreamBytes.of('event: ping\n\n'), StreamBytes.once('event: hello\n\n')];
  for (const bytes of [...pieces, StreamBytes.join(pieces)])
    expect(bytes.in('gzip').subarray(-4).toString('hex')).toBe('0000ffff');
});

test('the same bytes go to all, encoded once', () => {
  const bytes = StreamBytes.of('event: ping\n\n');
  expect(bytes.in('gzip chunked')).toBe(bytes.in('gzip chunked'));
});
