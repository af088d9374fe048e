import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import ejs from 'ejs';
import { projectRoot } from '../../src/platform/project';
import { ENGLISH } from '../../src/web/words';
import { digestOfThings, renderList, type Thing, upsertOf } from './render-list';
import { listen } from './stream-client';

type Logged = { readonly topic: string; readonly event: string; readonly data: object };
type Stream = { readonly topics: readonly string[]; readonly response: ServerResponse };

const SIZE = 24;

/** A site of nothing but lists, for a browser: any number of them on a page, changed by the test. */
export class ListSite {
  readonly url: string;
  /** The query of each request for a stream. */
  readonly streams: string[] = [];
  /** The topic of each reading. */
  readonly reads: string[] = [];
  readonly divergences: unknown[] = [];
  readonly #lists = new Map<string, Thing[]>();
  readonly #log: Logged[] = [];
  readonly #open = new Set<Stream>();
  readonly #close: () => Promise<void>;

  static async start(): Promise<ListSite> {
    const handle: { request?: (request: IncomingMessage, response: ServerResponse) => void } = {};
    const server = await listen((request, response) => handle.request?.(request, response));
    const site = new ListSite(server.url, () => server.close());
    handle.request = (request, response) => site.#answer(request, response);
    return site;
  }

  private constructor(url: string, close: () => Promise<void>) {
    this.url = url;
    this.#close = close;
  }

  get head(): string {
    return `e.${this.#log.length + 100}`;
  }

  things(topic: string): readonly Thing[] {
    return this.#lists.get(topic) ?? [];
  }

  /** Before any page is read. */
  fill(topic: string, things: readonly Thing[]): void {
    this.#lists.set(topic, [...things]);
  }

  put(topic: string, thing: Thing, { isNew = true } = {}): void {
    this.#lists.set(topic, [...this.things(topic).filter(({ key }) => key !== thing.key), thing]);
    this.#tell(topic, 'upsert', (rev) => upsertOf(thing, rev, { topic, isNew }));
  }

  take(topic: string, key: string): void {
    this.#lists.set(
      topic,
      this.things(topic).filter((thing) => thing.key !== key),
    );
    this.#tell(topic, 'remove', (rev) => ({ topic, key, rev }));
  }

  /** So much has come that nobody is told of each. */
  flood(topic: string, things: readonly Thing[]): void {
    this.#lists.set(topic, [...this.things(topic), ...things]);
    this.#tell(topic, 'reset', () => ({ topics: [topic], reason: 'burst', spreadMs: 100 }));
  }

  ping(): void {
    const digests = Object.fromEntries(
      [...this.#lists].map(([topic, things]) => [topic, digestOfThings(things)]),
    );
    for (const stream of this.#open) send(stream, 'ping', { head: this.head, digests });
  }

  whisper(key: string, value: number): void {
    for (const stream of this.#open) send(stream, 'whisper', { topic: 'site', key, value });
  }

  /** The connections are gone; browsers come back by themselves. */
  drop(): void {
    for (const { response } of this.#open) response.destroy();
  }

  async close(): Promise<void> {
    this.drop();
    await this.#close();
  }

  #tell(topic: string, event: string, dataOf: (rev: number) => object): void {
    const rev = this.#log.length + 101;
    this.#log.push({ topic, event, data: dataOf(rev) });
    for (const stream of this.#open)
      if (stream.topics.includes(topic)) send(stream, event, dataOf(rev), this.head);
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(request.url ?? '/', this.url);
    if (pathname === '/events') return this.#stream(searchParams, response);
    if (pathname === '/events/divergence') return this.#note(request, response);
    if (pathname.startsWith('/assets/')) {
      response.writeHead(200, { 'Content-Type': 'text/javascript' });
      response.end(readFileSync(join(projectRoot(), 'public', pathname)));
    } else if (pathname === '/list') {
      const topic = searchParams.get('topic') ?? '';
      this.reads.push(topic);
      answerHtml(response, this.#render(topic));
    } else void this.#page(searchParams.get('lists')?.split(',') ?? [], response);
  }

  async #page(topics: readonly string[], response: ServerResponse): Promise<void> {
    const views = join(projectRoot(), 'views', 'live');
    const manifest: Record<string, string> = JSON.parse(
      readFileSync(join(projectRoot(), 'public', 'assets', 'manifest.json'), 'utf8'),
    );
    const parts = [
      await ejs.renderFile(join(views, 'controls.ejs'), ENGLISH),
      await ejs.renderFile(join(views, 'toast.ejs'), { ...ENGLISH, label: 'News' }),
      '<p>Browsers: <span data-live-value data-topic="site" data-key="browsers" hidden></span></p>',
    ];
    for (const topic of topics)
      parts.push(await ejs.renderFile(join(views, 'pill.ejs'), { list: idOf(topic) }), this.#render(topic));
    answerHtml(
      response,
      `<!doctype html><html lang="en"><head><title>Lists</title><link rel="icon" href="data:,">
       <script type="module" src="${manifest['live.js']}"></script></head>
       <body><main tabindex="-1">${parts.join('\n')}</main></body></html>`,
    );
  }

  #render(topic: string): string {
    const words = ` data-word-new-one="1 ${topic}" data-word-new-other="{count} ${topic}" data-word-show="{news} – show"`;
    const html = renderList(this.things(topic), {
      cursor: this.head,
      topic,
      size: SIZE,
      attributes: `${words} id="${idOf(topic)}"`,
    });
    return html.replace(/data-fragment-url="[^"]*"/, `data-fragment-url="/list?topic=${topic}"`);
  }

  #stream(query: URLSearchParams, response: ServerResponse): void {
    this.streams.push(query.toString());
    const topics = query.get('topics')?.split(',') ?? [];
    const cursor = query.get('cursor') ?? this.head;
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    const stream = { topics, response };
    send(stream, 'hello', { resume: 'ok', topics, heartbeatMs: 15_000, ttlMs: 1_000_000 }, cursor);
    for (const [index, { topic, event, data }] of this.#log.entries()) {
      const rev = index + 101;
      if (rev > Number(cursor.split('.')[1]) && topics.includes(topic)) send(stream, event, data, `e.${rev}`);
    }
    this.#open.add(stream);
    response.on('close', () => this.#open.delete(stream));
  }

  #note(request: IncomingMessage, response: ServerResponse): void {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      this.divergences.push(JSON.parse(body));
      response.writeHead(204).end();
    });
  }
}

function idOf(topic: string): string {
  return `list-${topic.replace(':', '-')}`;
}

function send({ response }: Stream, event: string, data: object, id?: string): void {
  response.write(`event: ${event}\n${id ? `id: ${id}\n` : ''}data: ${JSON.stringify(data)}\n\n`);
}

function answerHtml(response: ServerResponse, html: string): void {
  response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' });
  response.end(html);
}
