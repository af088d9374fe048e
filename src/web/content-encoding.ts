import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { parseAcceptEncoding } from '../platform/accept-encoding';

export type ContentEncoding = 'br' | 'gzip' | 'identity';

/** In our order of preference, for a client that has none. */
const ENCODINGS = ['br', 'gzip', 'identity'] as const;

/** Returns the encoding that a client prefers by its header Accept-Encoding. */
export function chooseEncoding(acceptEncoding: string | undefined): ContentEncoding {
  const weights = parseAcceptEncoding(acceptEncoding);
  // A client that takes none of them can at least try (RFC 9110, 12.5.3).
  let chosen: ContentEncoding = 'identity';
  let weight = 0;
  for (const encoding of ENCODINGS) {
    if (weights[encoding] <= weight) continue;
    chosen = encoding;
    weight = weights[encoding];
  }
  return chosen;
}

const compressByBrotli = promisify(brotliCompress);
const compressByGzip = promisify(gzip);

export async function encode(body: Buffer, encoding: ContentEncoding): Promise<Buffer> {
  switch (encoding) {
    case 'br':
      return compressByBrotli(body, {
        params: {
          [constants.BROTLI_PARAM_QUALITY]: 5,
          [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
          [constants.BROTLI_PARAM_SIZE_HINT]: body.length,
          [constants.BROTLI_PARAM_LGWIN]: windowBits(body.length),
        },
      });
    case 'gzip':
      return compressByGzip(body, { level: 6 });
    case 'identity':
      return body;
    default:
      return encoding satisfies never;
  }
}

/** Returns the size of a window that holds the whole body, up to 256 KB. By default brotli makes room for 4 MB. */
function windowBits(length: number): number {
  return Math.min(Math.max(Math.ceil(Math.log2(length + 16)), constants.BROTLI_MIN_WINDOW_BITS), 18);
}
