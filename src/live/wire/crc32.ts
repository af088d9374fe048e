import { crc32 } from 'node:zlib';

/**
 * The CRC-32 of a text that is put together from pieces, without the text: what a gzip member needs at its end.
 * A CRC is a remainder of polynomials over GF(2). So appending n bytes multiplies what there is by x^8n and adds the
 * CRC of the new bytes. RFC 1952, section 8; https://www.zlib.net/crc_v3.txt
 */
export type Checksum = { readonly crc: number; readonly shift: number };

/** Of a piece: its CRC, and the factor that appending it means for what stands before it. */
export function checksum(bytes: Buffer): Checksum {
  return { crc: crc32(bytes), shift: power(bytes.length) };
}

/** The CRC of a text with this CRC, and the piece after it. */
export function appended(crc: number, piece: Checksum): number {
  return (multiply(piece.shift, crc) ^ piece.crc) >>> 0;
}

/** As signed integers, which are the fast ones; bits are reversed, so the sign is x^0. */
const POLYNOMIAL = 0xedb88320 | 0;
const ONE = 0x80000000 | 0;
const X_8 = 0x00800000;

/** x^(8 · bytes), modulo the polynomial. */
function power(bytes: number): number {
  let result = ONE;
  let square = X_8;
  for (let rest = bytes; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = multiply(result, square);
    square = multiply(square, square);
  }
  return result;
}

/** a · b, modulo the polynomial. */
function multiply(a: number, b: number): number {
  let product = 0;
  let shifted = b | 0;
  for (let rest = a | 0; rest !== 0; rest <<= 1) {
    // Without branches: the bits are as good as random. `rest >> 31` is all ones where the highest bit is set.
    product ^= shifted & (rest >> 31);
    shifted = (shifted >>> 1) ^ (POLYNOMIAL & -(shifted & 1));
  }
  return product;
}
