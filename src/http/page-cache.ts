import type { IncomingMessage, ServerResponse } from 'node:http';
import fresh from 'fresh';
import { LRUCache } from 'lru-cache';
import { type Cursor, formatCursor } from '../changes/change-event';
import { chooseEncoding } from './content-encoding';
import { type EncodedBody, EncodedPage, type RenderedPage } from './encoded-page';

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
  readonly maxBytes?: number;
};

const MAX_BYTES = 32 * 1_024 * 1_024;

/**
 * Pages that are the same for everybody, kept rendered and encoded. Nothing is ever invalidated: a page carries the
 * number of the change up to which it is true, and is used as long as this node knows of no later one. Only for pages
 * in which nothing but such a change can make a difference.
 */
export class PageCache {
  readonly #options: PageCacheOptions;
  readonly #headers: readonly string[];
  readonly #pages: LRUCache<string, EncodedPage>;
  readonly #renderings = new Map<string, Promise<EncodedPage>>();

  constructor(options: PageCacheOptions) {
    this.#options = options;
    this.#headers = [
      ...[...options.headers].flat(),
      ...['Cache-Control', 'no-cache'],
      ...['Vary', 'Accept-Encoding'],
    ];
    this.#pages = new LRUCache({
      maxSize: options.maxBytes ?? MAX_BYTES,
      sizeCalculation: ({ size }) => size,
    });
  }

  /**
   * Answers a request for what is ready to be sent; false when it has to go the long way, which ends in `answer`.
   * Ahead of Express, and by the bare address: one that is written in another way than the site writes it isn't found.
   */
  serve(request: IncomingMessage, response: ServerResponse): boolean {
    if (request.method !== 'GET' && request.method !== 'HEAD') return false;
    const page = this.#find(request.url ?? '');
    const body = page?.readyBody(chooseEncoding(request.headers['accept-encoding']));
    if (!page || !body) return false;
    this.#options.observe('hit');
    this.#send(request, response, page, body);
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
    const body = await page.body(chooseEncoding(request.headers['accept-encoding']));
    this.#send(request, response, page, body);
  }

  /** Forgets all pages: the numbers of changes mean something else from now on. */
  clear(): void {
    this.#pages.clear();
  }

  #find(url: string): EncodedPage | undefined {
    const page = this.#pages.get(url);
    if (!page) return undefined;
    const head = this.#options.head();
    // A page may be ahead of this node, which learns of a change a little later than the database.
    return head && page.cursor.epoch === head.epoch && page.cursor.seq >= head.seq ? page : undefined;
  }

  async #get(url: string, render: () => Promise<RenderedPage>): Promise<EncodedPage> {
    const kept = this.#find(url);
    if (kept) return this.#observed('hit', kept);
    if (this.#options.build === undefined) return this.#observed('miss', this.#encoded(await render()));
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

  async #render(url: string, render: () => Promise<RenderedPage>): Promise<EncodedPage> {
    const page = this.#encoded(await render());
    // An older rendering may end after a newer one.
    if (!this.#find(url)) this.#pages.set(url, page);
    return page;
  }

  #encoded(page: RenderedPage): EncodedPage {
    const { build } = this.#options;
    // Weak: the same for all encodings (RFC 9110, 8.8.1).
    const etag = build === undefined ? undefined : `W/"${formatCursor(page.cursor)}-${build}"`;
    return new EncodedPage(page, this.#headers, etag);
  }

  #send(request: IncomingMessage, response: ServerResponse, page: EncodedPage, body: EncodedBody): void {
    const isKnown = fresh(request.headers, { etag: page.etag });
    const headers = isKnown ? page.headers : body.headers;
    // On the long way it has its id already.
    const id = response.hasHeader('X-Request-Id') ? [] : ['X-Request-Id', this.#options.requestId(request)];
    response.writeHead(isKnown ? 304 : 200, [...headers, ...id]);
    response.end(isKnown ? undefined : body.bytes);
  }
}
