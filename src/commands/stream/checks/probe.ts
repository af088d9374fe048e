import http, { type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import https from 'node:https';
import { pipeline, type Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip } from 'node:zlib';
import { createParser } from 'eventsource-parser';

export type ProbedEvent = {
  readonly type: string;
  readonly id: string | undefined;
  /** Empty when it was no JSON object. */
  readonly data: Readonly<Record<string, unknown>>;
  /** Milliseconds since the request was sent. */
  readonly atMs: number;
};

export type ProbeOptions = {
  /** Last id by address and by header. */
  readonly cursor?: string;
  readonly lastEventId?: string;
  readonly method?: 'GET' | 'POST';
  /** What is read may be compressed; the probe reads it all the same. */
  readonly acceptEncoding?: string;
};

/** One connection to the stream, with the times at which things came. */
export class Probe {
  readonly events: ProbedEvent[] = [];
  status: number | undefined;
  headers: IncomingHttpHeaders = {};
  retryMs: number | undefined;
  /** What the site does not write: lines that are no field of a stream, and events without a JSON object. */
  readonly strange: string[] = [];
  /** Milliseconds from sending the request to the first byte of the stream. */
  firstByteMs: number | undefined;
  /** Why there is nothing more to come; undefined while there may be. */
  endedBy: string | undefined;
  readonly #sentMs = performance.now();
  readonly #request: http.ClientRequest;
  readonly #waiting = new Set<() => void>();

  constructor(siteUrl: string, options: ProbeOptions = {}) {
    const url = new URL('/events', siteUrl);
    if (options.cursor !== undefined) url.searchParams.set('cursor', options.cursor);
    this.#request = (url.protocol === 'https:' ? https : http).request(url, {
      agent: false,
      method: options.method ?? 'GET',
      headers: {
        Accept: 'text/event-stream',
        'Accept-Encoding': options.acceptEncoding ?? 'identity',
        ...(options.lastEventId !== undefined && { 'Last-Event-ID': options.lastEventId }),
      },
    });
    this.#request.on('error', (error) => this.#end(error.message));
    this.#request.on('response', (response) => this.#read(response));
    this.#request.end();
  }

  /** Milliseconds since the request was sent. */
  get ageMs(): number {
    return performance.now() - this.#sentMs;
  }

  /** What `look` gives once it gives anything; undefined when it hasn't within `timeoutMs`, or never will. */
  async waitFor<T>(look: () => T | undefined, timeoutMs: number): Promise<T | undefined> {
    const giveUpMs = performance.now() + timeoutMs;
    for (;;) {
      const found = look();
      const restMs = giveUpMs - performance.now();
      if (found !== undefined || this.endedBy !== undefined || restMs <= 0) return found;
      await this.#somethingNew(restMs);
    }
  }

  event(type: string): ProbedEvent | undefined {
    return this.events.find((event) => event.type === type);
  }

  close(): void {
    this.#end('closed');
    this.#request.destroy();
  }

  #read(response: IncomingMessage): void {
    this.status = response.statusCode;
    this.headers = response.headers;
    response.once('data', () => {
      this.firstByteMs = this.ageMs;
      this.#wake();
    });
    const parser = createParser({
      onEvent: ({ event, id, data }) => {
        const object = parseObject(data);
        if (!object) this.strange.push(data);
        this.events.push({ type: event ?? 'message', id, data: object ?? {}, atMs: this.ageMs });
      },
      onError: ({ line, message }) => this.strange.push(line ?? message),
      onRetry: (retryMs) => {
        this.retryMs = retryMs;
      },
    });
    const text = decoded(response);
    text.setEncoding('utf8');
    text.on('data', (chunk: string) => {
      parser.feed(chunk);
      this.#wake();
    });
    const ended = (): string => `the connection ended after ${seconds(this.ageMs)}`;
    text.on('error', (error: NodeJS.ErrnoException) => {
      this.#end(CUT_BY.has(error.code) ? ended() : error.message);
    });
    text.on('close', () => this.#end(ended()));
    this.#wake();
  }

  #end(reason: string): void {
    this.endedBy ??= reason;
    this.#wake();
  }

  #wake(): void {
    for (const listener of this.#waiting) listener();
  }

  #somethingNew(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      this.#waiting.add(done);
    });
  }
}

/** A stream that was cut off breaks its chunks, and its compression in the middle: these are no errors of their own. */
const CUT_BY = new Set<string | undefined>(['ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE', 'Z_BUF_ERROR']);

/** `120 ms`, `8.2 s` */
export function seconds(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

function decoded(response: IncomingMessage): Readable {
  const encoding = response.headers['content-encoding'];
  const decoder =
    encoding === 'gzip' ? createGunzip() : encoding === 'br' ? createBrotliDecompress() : undefined;
  // A pipeline and no pipe(): the decoder has to end, too, when the response breaks.
  return decoder ? pipeline(response, decoder, () => undefined) : response;
}

function parseObject(json: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
