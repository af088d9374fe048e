import { parseAcceptEncoding } from '../../platform/accept-encoding';
import { securityHeaders } from '../../platform/security-headers';
import { opening, type StreamFormat } from './stream-bytes';

/** What a client says about the stream that it wants. */
export type StreamRequest = {
  /** Of the other end of the connection. */
  readonly remoteAddress: string;
  /** `X-Forwarded-For`, as it came. */
  readonly forwardedFor: string | undefined;
  /** `X-Request-Id`, as it came. */
  readonly requestId: string | undefined;
  /** Its last id, by header or by address; undefined when it sent none. */
  readonly resumeFrom: string | undefined;
  /** Names with commas between them, as they came; undefined when it names none. */
  readonly topics: string | undefined;
  /** Signed lists of further topics, as they came. */
  readonly tickets: readonly string[];
  readonly gzip: boolean;
  /** False for HTTP/1.0, which knows no chunks. */
  readonly chunked: boolean;
};

const MAX_HEAD_BYTES = 4_096;
/** Nothing in it that would have to be decoded but `:` and `,`; what has more goes the long way. */
const REQUEST_LINE = /^GET \/events(?:\?([\w.,:=&%-]*))? HTTP\/1\.([01])$/;
/** RFC 9110, section 5.6.2 */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const VISIBLE_OR_BLANK = /^[\t\x20-\x7e]*$/;
/** Fields of a request that has more to it than its head, or wants another protocol. */
const UNUSUAL = new Set([
  'content-length',
  'transfer-encoding',
  'expect',
  'upgrade',
  'trailer',
  'te',
  'http2-settings',
]);
/** Two of these would be two opinions. */
const SINGLE = new Set([
  'host',
  'last-event-id',
  'x-forwarded-for',
  'x-request-id',
  'accept-encoding',
  'connection',
]);

/**
 * Reads a head that is whole, alone and plain. Undefined for everything else: that is for Node's own parser. Whatever this
 * takes, it has to understand as any proxy does; it is never to guess.
 */
export function parseStreamHead(bytes: Buffer, remoteAddress: string): StreamRequest | undefined {
  if (bytes.length > MAX_HEAD_BYTES) return undefined;
  const head = bytes.toString('latin1');
  // The end of the head has to be the end of the bytes, and the only one.
  if (head.indexOf('\r\n\r\n') !== head.length - 4) return undefined;
  const [requestLine = '', ...lines] = head.slice(0, -4).split('\r\n');
  const [, query = '', minorVersion] = REQUEST_LINE.exec(requestLine) ?? [];
  if (minorVersion === undefined) return undefined;
  const fields = parseFields(lines);
  if (!fields) return undefined;
  if (minorVersion === '1' && !fields.has('host')) return undefined;
  if (!/^(?:keep-alive|close)?$/i.test(fields.get('connection') ?? '')) return undefined;
  return {
    remoteAddress,
    forwardedFor: fields.get('x-forwarded-for'),
    requestId: fields.get('x-request-id'),
    ...readStreamQuery(query, fields.get('last-event-id')),
    gzip: acceptsGzip(fields.get('accept-encoding')),
    chunked: minorVersion === '1',
  };
}

function parseFields(lines: readonly string[]): ReadonlyMap<string, string> | undefined {
  const fields = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(colon, 0));
    const value = line.slice(colon + 1);
    if (!TOKEN.test(name) || !VISIBLE_OR_BLANK.test(value)) return undefined;
    const key = name.toLowerCase();
    if (UNUSUAL.has(key) || (SINGLE.has(key) && fields.has(key))) return undefined;
    fields.set(key, value.trim());
  }
  return fields;
}

/**
 * What the query of the address says. Of the resume points, the first of these that says anything: the header, `lastEventId`,
 * `cursor`. A browser that reconnects by itself repeats the address it began with, so its header is newer. So is `lastEventId`: a
 * polyfill can send no header, and adds this to that address. An empty one is none; of several, the last one.
 */
export function readStreamQuery(
  query: string,
  lastEventId: string | undefined,
): Pick<StreamRequest, 'resumeFrom' | 'topics' | 'tickets'> {
  const parameters = new URLSearchParams(query);
  const last = (name: string): string | undefined =>
    parameters.getAll(name).findLast((value) => value !== '');
  return {
    resumeFrom: lastEventId || last('lastEventId') || last('cursor'),
    topics: last('topics'),
    tickets: parameters.getAll('t').filter((ticket) => ticket !== ''),
  };
}

export function acceptsGzip(acceptEncoding: string | undefined): boolean {
  return parseAcceptEncoding(acceptEncoding).gzip > 0;
}

/**
 * The head of the answer, with what stands before the first event. The connection ends with the stream: nothing is to be
 * guessed about where the body ends.
 */
export function streamHead(format: StreamFormat): Buffer {
  const fields = HEADS[format];
  return Buffer.concat([Buffer.from(`${fields}Date: ${new Date().toUTCString()}\r\n\r\n`), opening(format)]);
}

const FIELDS = [
  'HTTP/1.1 200 OK',
  'Content-Type: text/event-stream; charset=utf-8',
  // no-transform: compression and proxies would hold events back to fill a buffer.
  'Cache-Control: no-store, no-transform',
  'X-Accel-Buffering: no',
  'Vary: Accept-Encoding',
  ...[...securityHeaders()].map(([name, value]) => `${name}: ${value}`),
  'Connection: close',
];
const CHUNKED = 'Transfer-Encoding: chunked';
const GZIP = 'Content-Encoding: gzip';
/**
 * Behind proxies these two say how the last one of them writes; the format by its name says how the node did, and so with which
 * version of HTTP it was asked, and whether it was asked for compression.
 */
const head = (format: StreamFormat, ...fields: readonly string[]): string =>
  `${[...FIELDS, `X-Stream-Format: ${format}`, ...fields].join('\r\n')}\r\n`;
const HEADS: Readonly<Record<StreamFormat, string>> = {
  plain: head('plain'),
  'plain chunked': head('plain chunked', CHUNKED),
  gzip: head('gzip', GZIP),
  'gzip chunked': head('gzip chunked', GZIP, CHUNKED),
};
