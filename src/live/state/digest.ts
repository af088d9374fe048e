// Looked up once: in the contexts that Jest runs tests in, each look at a global costs more than the multiplication.
const { imul } = Math;

/** Items at the beginning of a list that its digest speaks of. */
export const DIGEST_WINDOW = 24;

/**
 * What an item's html is known by: 52 bits of a hash, as 13 hex digits. No defence against somebody who looks for two texts with
 * the same tag: both sides are the site's own.
 */
export function tagOf(html: string): string {
  return hash52(html);
}

/** What a list's beginning is known by: its items' tags in order, hashed. `5d1a0c…`, 13 hex digits */
export function digestOf(tags: readonly string[]): string {
  return hash52(tags.join(' '));
}

/**
 * Two lanes of 32 bits that multiply and mix as MurmurHash3 does, 26 bits of each.
 * https://github.com/aappleby/smhasher/blob/master/src/MurmurHash3.cpp
 */
function hash52(text: string): string {
  let [a, b] = [0x9e3779b9, 0x85ebca6b];
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    a = imul(a ^ unit, 0xcc9e2d51);
    a = (a << 15) | (a >>> 17);
    b = imul(b ^ unit, 0x1b873593);
    b = (b << 13) | (b >>> 19);
  }
  a = finished(a ^ text.length ^ (b >>> 3));
  b = finished(b ^ text.length ^ a);
  const low = b >>> 6;
  const high = a >>> 6;
  return (high * 2 ** 26 + low).toString(16).padStart(13, '0');
}

function finished(lane: number): number {
  let mixed = lane ^ (lane >>> 16);
  mixed = imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = imul(mixed, 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
