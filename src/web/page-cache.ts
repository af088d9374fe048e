import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import fresh from 'fresh';
import { type Cursor, formatCursor } from '../live/log/change';
import { type ContentEncoding, chooseEncoding } from './content-encoding';
import { EncodedBody, EncodedCache } from './encoded-body';
import type { FindLanguage, Language } from './language';

/** A page and the point in the order of changes at which it was true. */
export type RenderedPage = {
  readonly cursor: Cursor;
  readonly html: string;
  /** What it is, where it is no HTML: `application/atom+xml; charset=utf-8`. */
  readonly contentType?: string;
  /**
   * Where it is kept. What continues another page has a place of its own: whoever leafs through everything, or makes
   * addresses up, must not push out what everybody asks for. A page that shows nothing is not worth one.
   */
  readonly shelf: Shelf | undefined;
};

export type Shelf = 'first' | 'further';

/** Where a page is found, and what it shows. */
export type PageAddress = {
  /** The one spelling of its address. */
  readonly url: string;
  /** Where there is one such page for each language: that of the request. */
  readonly language?: Language;
  /** The lists that it shows: without a change of one of them it stays as it is. */
  readonly topics: readonly string[];
};

type KeptPage = {
  readonly language: Language | undefined;
  readonly cursor: Cursor;
  readonly topics: readonly string[];
  readonly etag: string | undefined;
  readonly shelf: Shelf | undefined;
  readonly contentType: string;
  readonly body: EncodedBody;
};

/** `joined`: it waited for a rendering that another request had begun. */
export type PageCacheResult = 'hit' | 'miss' | 'joined';

export type PageCacheOptions = {
  /**
   * The last change of these lists that this node knows of: a page from before it is never sent. Undefined while there may be
   * later ones that the node can't know of: then a page is read for whoever asks.
   */
  readonly headOf: (topics: readonly string[]) => Cursor | undefined;
  /** What else decides a page: its views and assets. Undefined while they change: then nothing is kept. */
  readonly build: string | undefined;
  readonly findLanguage: FindLanguage;
  /** What every answer of the site carries. */
  readonly headers: ReadonlyMap<string, string>;
  readonly requestId: (request: IncomingMessage) => string;
  readonly observe: (result: PageCacheResult) => void;
  /** What may be kept on each shelf. */
  readonly maxBytes?: Readonly<Record<Shelf, number>>;
};

const MAX_BYTES: Readonly<Record<Shelf, number>> = { first: 24 * 1_024 * 1_024, further: 4 * 1_024 * 1_024 };

/**
 * Pages that are the same for everybody, kept rendered and encoded. Nothing is ever invalidated: a page carries the
 * number of the change up to which it is true, and is used as long as this node knows of no later one of its lists. Only for
 * pages in which nothing but such a change can make a difference.
 */
export class PageCache {
  readonly #options: PageCacheOptions;
  readonly #headers: readonly string[];
  readonly #shelves: Readonly<Record<Shelf, EncodedCache<KeptPage>>>;
  readonly #renderings = new Map<string, Promise<KeptPage>>();

  constructor(options: PageCacheOptions) {
    this.#options = options;
    this.#headers = [...[...options.headers].flat(), ...['Cache-Control', 'no-cache']];
    const { first, further } = options.maxBytes ?? MAX_BYTES;
    this.#shelves = {
      first: new EncodedCache({ maxBytes: first }),
      further: new EncodedCache({ maxBytes: further }),
    };
  }

  /**
   * Answers a request for what is ready to be sent; false when it has to go the long way, which ends in `answer`.
   * Ahead of Express, and by the bare address: one that is written in another way than the site writes it isn't found.
   */
  serve(request: IncomingMessage, response: ServerResponse): boolean {
    if (request.method !== 'GET' && request.method !== 'HEAD') return false;
    const { url = '' } = request;
    const page = this.#find(url) ?? this.#find(nameOf(url, this.#options.findLanguage(request)));
    if (!page) return false;
    const encoding = chooseEncoding(request.headers['accept-encoding']);
    const bytes = page.body.readyIn(encoding);
    if (!bytes) return false;
    this.#options.observe('hit');
    this.#send(request, response, page, { encoding, bytes });
    return true;
  }

  /**
   * Answers with the page at this address; renders it unless it is there or under way.
   * @throws what `render` throws; nothing is kept then.
   */
  async answer(
    request: IncomingMessage,
    response: ServerResponse,
    address: PageAddress,
    render: () => Promise<RenderedPage>,
  ): Promise<void> {
    const page = await this.#get(address, render);
    const encoding = chooseEncoding(request.headers['accept-encoding']);
    const name = nameOf(address.url, address.language);
    const bytes = await (page.shelf
      ? this.#shelves[page.shelf].encoded(name, page, encoding)
      : page.body.in(encoding));
    this.#send(request, response, page, { encoding, bytes });
  }

  /** Bytes of memory that the pages take. */
  get heldBytes(): number {
    return this.#shelves.first.heldBytes + this.#shelves.further.heldBytes;
  }

  /** Forgets all pages: the numbers of changes mean something else from now on. */
  clear(): void {
    for (const shelf of Object.values(this.#shelves)) shelf.clear();
  }

  #find(name: string): KeptPage | undefined {
    const page = this.#shelves.first.get(name) ?? this.#shelves.further.get(name);
    if (!page) return undefined;
    const head = this.#options.headOf(page.topics);
    // A page may be ahead of this node, which learns of a change a little later than the database.
    return head && page.cursor.epoch === head.epoch && page.cursor.seq >= head.seq ? page : undefined;
  }

  async #get(address: PageAddress, render: () => Promise<RenderedPage>): Promise<KeptPage> {
    const name = nameOf(address.url, address.language);
    const kept = this.#find(name);
    if (kept) return this.#observed('hit', kept);
    if (this.#options.build === undefined)
      return this.#observed('miss', this.#toKept(address, await render()));
    // The head is in it, so that a request which comes after a change doesn't join a rendering from before it.
    const head = this.#options.headOf(address.topics);
    const renderingName = `${head ? formatCursor(head) : ''} ${name}`;
    const underWay = this.#renderings.get(renderingName);
    if (underWay) return this.#observed('joined', underWay);
    const rendering = this.#render(address, render).finally(() => this.#renderings.delete(renderingName));
    this.#renderings.set(renderingName, rendering);
    return this.#observed('miss', rendering);
  }

  #observed<T>(result: PageCacheResult, page: T): T {
    this.#options.observe(result);
    return page;
  }

  async #render(address: PageAddress, render: () => Promise<RenderedPage>): Promise<KeptPage> {
    const page = this.#toKept(address, await render());
    const name = nameOf(address.url, address.language);
    // An older rendering may end after a newer one.
    if (page.shelf && !this.#find(name)) this.#shelves[page.shelf].set(name, page);
    return page;
  }

  #toKept({ topics, language }: PageAddress, page: RenderedPage): KeptPage {
    const { build } = this.#options;
    const { cursor, html, contentType = 'text/html; charset=utf-8' } = page;
    const shelf = build === undefined ? undefined : page.shelf;
    const version = [formatCursor(cursor), build, language].filter((part) => part !== undefined).join('-');
    // Weak: the same for all encodings (RFC 9110, 8.8.1).
    const etag = build === undefined ? undefined : `W/"${version}"`;
    return { language, cursor, topics, etag, shelf, contentType, body: new EncodedBody(html) };
  }

  #send(
    request: IncomingMessage,
    response: ServerResponse,
    { etag, contentType, language, body }: KeptPage,
    { encoding, bytes }: { readonly encoding: ContentEncoding; readonly bytes: Buffer },
  ): void {
    const isKnown = fresh(request.headers, { etag });
    response.writeHead(isKnown ? 304 : 200, [
      ...this.#headers,
      ...['Vary', language === undefined ? 'Accept-Encoding' : 'Accept-Language, Cookie, Accept-Encoding'],
      ...(etag === undefined ? [] : ['ETag', etag]),
      ...(isKnown ? [] : bodyHeaders(contentType, encoding, bytes)),
      ...(isKnown ? [] : digestHeaders(request, body)),
      // Express has set the id already.
      ...(response.hasHeader('X-Request-Id') ? [] : ['X-Request-Id', this.#options.requestId(request)]),
    ]);
    response.end(isKnown ? undefined : bytes);
  }
}

/** By which a page is kept. An address has no space in it. */
function nameOf(url: string, language: Language | undefined): string {
  return language === undefined ? url : `${url} ${language}`;
}

function bodyHeaders(contentType: string, encoding: ContentEncoding, bytes: Buffer): string[] {
  return [
    ...['Content-Type', contentType],
    ...['Content-Length', String(bytes.length)],
    ...(encoding === 'identity' ? [] : ['Content-Encoding', encoding]),
  ];
}

/**
 * For whoever wants to know whether something on the way changes pages. Not for browsers, which don't ask: one that knows it refuses a
 * page that was changed. https://datatracker.ietf.org/doc/draft-ietf-httpbis-unencoded-digest/
 */
function digestHeaders({ headers }: IncomingMessage, body: EncodedBody): string[] {
  const wanted = headers['want-unencoded-digest'];
  const plain = body.readyIn('identity');
  if (!plain || typeof wanted !== 'string' || !wanted.includes('sha-256=')) return [];
  return ['Unencoded-Digest', `sha-256=:${createHash('sha256').update(plain).digest('base64')}:`];
}
