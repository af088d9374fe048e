import type { Cursor } from '../changes/change-event';
import { type ContentEncoding, encode } from './content-encoding';

/** A page and the point in the order of changes at which it was true. */
export type RenderedPage = { readonly cursor: Cursor; readonly html: string };

/** A body that is ready to be sent, and the headers that go with it: names and values in turns. */
export type EncodedBody = { readonly headers: readonly string[]; readonly bytes: Buffer };

/** One rendered page in the encodings that were asked for, each made once. */
export class EncodedPage {
  readonly cursor: Cursor;
  readonly etag: string | undefined;
  /** What an answer has with the body and without: names and values in turns. */
  readonly headers: readonly string[];
  /** Bytes of memory; the compressed bodies together are never larger than the plain one. */
  readonly size: number;
  readonly #plain: Buffer;
  readonly #ready = new Map<ContentEncoding, EncodedBody>();
  readonly #underWay = new Map<ContentEncoding, Promise<EncodedBody>>();

  constructor(page: RenderedPage, headers: readonly string[], etag: string | undefined) {
    this.cursor = page.cursor;
    this.etag = etag;
    this.headers = etag === undefined ? headers : [...headers, 'ETag', etag];
    this.#plain = Buffer.from(page.html);
    this.size = 2 * this.#plain.length;
  }

  /** Undefined as long as nobody has waited for `body` in this encoding. */
  readyBody(encoding: ContentEncoding): EncodedBody | undefined {
    return this.#ready.get(encoding);
  }

  async body(encoding: ContentEncoding): Promise<EncodedBody> {
    const ready = this.#ready.get(encoding);
    if (ready) return ready;
    let underWay = this.#underWay.get(encoding);
    if (!underWay) {
      underWay = this.#encode(encoding).finally(() => this.#underWay.delete(encoding));
      this.#underWay.set(encoding, underWay);
    }
    return underWay;
  }

  async #encode(encoding: ContentEncoding): Promise<EncodedBody> {
    const bytes = await encode(this.#plain, encoding);
    const headers = [
      ...this.headers,
      ...['Content-Type', 'text/html; charset=utf-8'],
      ...['Content-Length', String(bytes.length)],
      ...(encoding === 'identity' ? [] : ['Content-Encoding', encoding]),
    ];
    const body = { headers, bytes };
    this.#ready.set(encoding, body);
    return body;
  }
}
