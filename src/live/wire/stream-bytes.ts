import { constants, deflateRawSync } from 'node:zlib';
import { type Checksum, checksum } from './crc32';

/** How a client gets the stream: compressed or not, in chunks (HTTP/1.1) or up to the end of the connection (HTTP/1.0). */
export type StreamFormat = 'plain' | 'plain chunked' | 'gzip' | 'gzip chunked';

export function streamFormat({ gzip, chunked }: { gzip: boolean; chunked: boolean }): StreamFormat {
  if (gzip) return chunked ? 'gzip chunked' : 'gzip';
  return chunked ? 'plain chunked' : 'plain';
}

export function isGzip(format: StreamFormat): boolean {
  return format === 'gzip' || format === 'gzip chunked';
}

function isChunked(format: StreamFormat): boolean {
  return format === 'plain chunked' || format === 'gzip chunked';
}

/**
 * A piece of the stream in every format, each made at its first use: however many get it, it is encoded once.
 * Compressed, it is a run of deflate blocks that refers to nothing before it and ends on a byte (a full flush), so that it
 * fits into the gzip member of any client, whatever that has had so far. RFC 1951, RFC 1952
 * The flush is an empty stored block. Go's decoder gives out what it has at such a block or when its window is full, never at the
 * end of another block. https://github.com/golang/go/blob/go1.19/src/compress/flate/inflate.go
 */
export class StreamBytes {
  readonly #text: Buffer;
  readonly #deflate: (text: Buffer) => Buffer;
  readonly #parts: readonly StreamBytes[];
  readonly #encoded = new Map<StreamFormat, Buffer>();
  #checksum: Checksum | undefined;

  private constructor(text: Buffer, deflate: (text: Buffer) => Buffer, parts: readonly StreamBytes[] = []) {
    this.#text = text;
    this.#deflate = deflate;
    this.#parts = parts;
  }

  /** For many clients: worth being made small. */
  static of(text: string): StreamBytes {
    return new StreamBytes(Buffer.from(text), deflateBlocks);
  }

  /** For one client, up to 64 KB: not worth it. */
  static once(text: string): StreamBytes {
    return new StreamBytes(Buffer.from(text), storedBlock);
  }

  /** Several pieces as one, out of what they have encoded already. */
  static join(parts: readonly StreamBytes[]): StreamBytes {
    const [only] = parts;
    if (only && parts.length === 1) return only;
    return new StreamBytes(Buffer.concat(parts.map((part) => part.#text)), deflateBlocks, parts);
  }

  /** Bytes of the uncompressed text. */
  get length(): number {
    return this.#text.length;
  }

  get checksum(): Checksum {
    this.#checksum ??= checksum(this.#text);
    return this.#checksum;
  }

  in(format: StreamFormat): Buffer {
    const known = this.#encoded.get(format);
    if (known) return known;
    const bytes =
      this.#parts.length > 0
        ? Buffer.concat(this.#parts.map((part) => part.in(format)))
        : isChunked(format)
          ? chunk(this.in(isGzip(format) ? 'gzip' : 'plain'))
          : isGzip(format)
            ? this.#deflate(this.#text)
            : this.#text;
    this.#encoded.set(format, bytes);
    return bytes;
  }
}

const DEFLATE = { level: constants.Z_BEST_COMPRESSION, finishFlush: constants.Z_FULL_FLUSH };

function deflateBlocks(text: Buffer): Buffer {
  return deflateRawSync(text, DEFLATE);
}

/** A block of uncompressed bytes, not the last one, and an empty one. RFC 1951, section 3.2.4 */
function storedBlock(text: Buffer): Buffer {
  const header = Buffer.alloc(5);
  header.writeUInt16LE(text.length, 1);
  header.writeUInt16LE(text.length ^ 0xffff, 3);
  return Buffer.concat([header, text, EMPTY_BLOCK]);
}

/** What stands before the first piece. */
export function opening(format: StreamFormat): Buffer {
  if (!isGzip(format)) return NOTHING;
  return isChunked(format) ? GZIP_HEADER_CHUNK : GZIP_HEADER;
}

/** What stands after the last piece; `crc` and `length` are of all the uncompressed text of this client. */
export function closing(format: StreamFormat, crc: number, length: number): Buffer {
  const trailer = isGzip(format) ? gzipTrailer(crc, length) : NOTHING;
  if (!isChunked(format)) return trailer;
  return Buffer.concat([trailer.length > 0 ? chunk(trailer) : NOTHING, LAST_CHUNK]);
}

/** The piece alone as a whole answer, out of what is encoded already. */
export function wholeAnswer(bytes: StreamBytes, format: 'plain' | 'gzip'): Buffer {
  return Buffer.concat([
    opening(format),
    bytes.in(format),
    closing(format, bytes.checksum.crc, bytes.length),
  ]);
}

/** RFC 9112, section 7.1 */
function chunk(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, CRLF]);
}

function gzipTrailer(crc: number, length: number): Buffer {
  const trailer = Buffer.alloc(FINAL_BLOCK.length + 8);
  FINAL_BLOCK.copy(trailer);
  trailer.writeUInt32LE(crc, FINAL_BLOCK.length);
  trailer.writeUInt32LE(length % 2 ** 32, FINAL_BLOCK.length + 4);
  return trailer;
}

const NOTHING = Buffer.alloc(0);
const CRLF = Buffer.from('\r\n');
const LAST_CHUNK = Buffer.from('0\r\n\r\n');
/** Deflate, no flags, no time, of an unknown system. RFC 1952, section 2.3 */
const GZIP_HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
const GZIP_HEADER_CHUNK = chunk(GZIP_HEADER);
/** A stored block without content, not the last one. RFC 1951, section 3.2.4 */
const EMPTY_BLOCK = Buffer.from([0, 0, 0, 0xff, 0xff]);
/** The last deflate block, without content. RFC 1951, section 3.2.3 */
const FINAL_BLOCK = Buffer.from([3, 0]);
