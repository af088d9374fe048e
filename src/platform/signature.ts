import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * Signs lists of texts with a secret, each list for one purpose: a signature for another purpose is not valid.
 * RFC 2104 with SHA-256, in base64url.
 */
export class Signature {
  readonly #key: Buffer;

  constructor(secret: string, purpose: string) {
    this.#key = createHmac('sha256', secret).update(purpose).digest();
  }

  of(...parts: readonly string[]): string {
    // As JSON, two different lists never have the same text.
    return createHmac('sha256', this.#key).update(JSON.stringify(parts)).digest('base64url');
  }

  isOf(signature: string, ...parts: readonly string[]): boolean {
    const expected = Buffer.from(this.of(...parts));
    const given = Buffer.from(signature);
    return given.length === expected.length && timingSafeEqual(given, expected);
  }
}
