import type { IncomingMessage, ServerResponse } from 'node:http';
import fresh from 'fresh';
import { type Cursor, formatCursor } from '../changes/change-event';
import { type ContentEncoding, chooseEncoding } from './content-encoding';
import { EncodedBody, EncodedCache } from './encoded-body';

/** A page and the point in the order of changes at which it was true. */
export type RenderedPage = {
  readonly cursor: Cursor;
  readonly html: string;
  /**
   * Where it is kept. What continues another page has a place of its own: whoever leafs through everything, or makes
   * addresses up, must not push out what everybody asks for. A page that shows nothing is not worth one.
   */
  readonly shelf: Shelf | undefined;
};

export type Shelf = 'first' | 'further';

type KeptPage = {
  readonly cursor: Cursor;
  readonly etag: string | undefined;
  readonly shelf: Shelf | undefined;
  readonly body: EncodedBody;
};

/** `joined`: it waited for a rendering that another request had begun. */
export type PageCacheResult = 'hit' | 'miss' | 'joined';

export type PageCacheOptions = {
  /**
   * The last change that this node knows of: a page from before it is never sent. Undefined while there may be later
   * ones that the node can't know of: then a page is read for whoever asks.
   */
  readonly head: () => Cursor | undefined;
  /** What else decides a page: its views and assets. Undefined while they change: then nothing is kept. */
  readonly build: string | undefined;
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
 * number of the change up to which it is true, and is used as long as this node knows of no later one. Only for pages
 * in which nothing but such a change can make a difference.
 */
export class PageCache {
  readonly #options: PageCacheOptions;
  readonly #headers: readonly string[];
  readonly #shelves: Readonly<Record<Shelf, EncodedCache<KeptPage>>>;
  readonly #renderings = new Map<string, Promise<KeptPage>>();

  constructor(options: PageCacheOptions) {
    this.#options = options;
    this.#headers = [
      ...[...options.headers].flat(),
      ...['Cache-Control', 'no-cache'],
      ...['Vary', 'Accept-Encoding'],
    ];
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
    const page = this.#find(request.url ?? '');
    if (!page) return false;
    const encoding = chooseEncoding(request.headers['accept-encoding']);
    const bytes = page.body.readyIn(encoding);
    if (!bytes) return false;
    this.#options.observe('hit');
    this.#send(request, response, page, { encoding, bytes });
    return true;
  }

  /**
   * Answers with the page at `url`, the one spelling of its address; renders it unless it is there or under way.
   * @throws what `render` throws; nothing is kept then.
   */
  async answer(
    request: IncomingMessage,
    response: ServerResponse,
    url: string,
    render: () => Promise<RenderedPage>,
  ): Promise<void> {
    const page = await this.#get(url, render);
    const encoding = chooseEncoding(request.headers['accept-encoding']);
    const bytes = await (page.shelf
      ? this.#shelves[page.shelf].encoded(url, page, encoding)
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

  #find(url: string): KeptPage | undefined {
    const page = this.#shelves.first.get(url) ?? this.#shelves.further.get(url);
    if (!page) return undefined;
    const head = this.#options.head();
    // A page may be ahead of this node, which learns of a change a little later than the database.
    return head && page.cursor.epoch === head.epoch && page.cursor.seq >= head.seq ? page : undefined;
  }

  async #get(url: string, render: () => Promise<RenderedPage>): Promise<KeptPage> {
    const kept = this.#find(url);
    if (kept) return this.#observed('hit', kept);
    if (this.#options.build === undefined) return this.#observed('miss', this.#toKept(await render()));
    // With the head in its name: who comes after a change doesn't join a rendering from before it.
    const head = this.#options.head();
    const name = `${head ? formatCursor(head) : ''} ${url}`;
    const underWay = this.#renderings.get(name);
    if (underWay) return this.#observed('joined', underWay);
    const rendering = this.#render(url, render).finally(() => this.#renderings.delete(name));
    this.#renderings.set(name, rendering);
    return this.#observed('miss', rendering);
  }

  #observed<T>(result: PageCacheResult, page: T): T {
    this.#options.observe(result);
    return page;
  }

  async #render(url: string, render: () => Promise<RenderedPage>): Promise<KeptPage> {
    const page = this.#toKept(await render());
    // An older rendering may end after a newer one.
    if (page.shelf && !this.#find(url)) this.#shelves[page.shelf].set(url, page);
    return page;
  }

  #toKept({ cursor, html, shelf }: RenderedPage): KeptPage {
    const { build } = this.#options;
    // Weak: the same for all encodings (RFC 9110, 8.8.1).
    const etag = build === undefined ? undefined : `W/"${formatCursor(cursor)}-${build}"`;
    return { cursor, etag, shelf: build === undefined ? undefined : shelf, body: new EncodedBody(html) };
  }

  #send(
    request: IncomingMessage,
    response: ServerResponse,
    { etag }: KeptPage,
    { encoding, bytes }: { readonly encoding: ContentEncoding; readonly bytes: Buffer },
  ): void {
    const isKnown = fresh(request.headers, { etag });
    response.writeHead(isKnown ? 304 : 200, [
      ...this.#headers,
      ...(etag === undefined ? [] : ['ETag', etag]),
      ...(isKnown ? [] : bodyHeaders(encoding, bytes)),
      // On the long way it has its id already.
      ...(response.hasHeader('X-Request-Id') ? [] : ['X-Request-Id', this.#options.requestId(request)]),
    ]);
    response.end(isKnown ? undefined : bytes);
  }
}

function bodyHeaders(encoding: ContentEncoding, bytes: Buffer): string[] {
  return [
    ...['Content-Type', 'text/html; charset=utf-8'],
    ...['Content-Length', String(bytes.length)],
    ...(encoding === 'identity' ? [] : ['Content-Encoding', encoding]),
  ];
}
