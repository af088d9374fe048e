import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { LRUCache } from 'lru-cache';
import Negotiator from 'negotiator';

export type ContentEncoding = 'br' | 'gzip' | 'identity';

/** In the order of preference, where the client has none. */
const ENCODINGS = ['br', 'gzip', 'identity'] as const;

/** What a package has and its types lack. */
type EncodingNegotiator = {
  encoding(
    available: readonly string[],
    options: { readonly preferred: readonly string[] },
  ): string | undefined;
};

/** Finds the encoding that a client likes best by its header Accept-Encoding; remembers the last headers. */
export function createEncodingChoice(): (acceptEncoding: string | undefined) => ContentEncoding {
  const known = new LRUCache<string, ContentEncoding>({ max: 100 });
  return (acceptEncoding = '') => {
    const remembered = known.get(acceptEncoding);
    if (remembered) return remembered;
    const chosen = negotiate(acceptEncoding);
    known.set(acceptEncoding, chosen);
    return chosen;
  };
}

function negotiate(acceptEncoding: string): ContentEncoding {
  const negotiator: EncodingNegotiator = new Negotiator({ headers: { 'accept-encoding': acceptEncoding } });
  const accepted = negotiator.encoding(ENCODINGS, { preferred: ENCODINGS });
  // A client that takes none of them can at least try (RFC 9110, 12.5.3).
  return ENCODINGS.find((encoding) => encoding === accepted) ?? 'identity';
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
