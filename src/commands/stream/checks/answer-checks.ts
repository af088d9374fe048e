import { type CheckResult, failed, leftOut, passed } from './check-result';
import { Probe, seconds } from './probe';
import { answerHeader, BUFFERING, COMPRESSION, CUT, OLD_HTTP, REDIRECT, REFUSAL } from './proxy-lines';

/** A stream that is not held back begins at once; the rest is the way there. */
const FIRST_BYTE_MS = 1_000;

const UNBUFFERED = 'switch off response buffering for /events';
const UNCOMPRESSED = 'switch off compression for /events; the site compresses by itself';

/** What holds a stream back that says nothing. */
export type Holder = 'buffer' | 'compression';

/** Something that compresses, where a stream that must not be compressed comes at once. */
export async function findHolder(siteUrl: string): Promise<Holder> {
  const plain = new Probe(siteUrl, { acceptEncoding: 'identity' });
  try {
    return (await plain.waitFor(() => plain.event('hello'), FIRST_BYTE_MS)) ? 'compression' : 'buffer';
  } finally {
    plain.close();
  }
}

async function heldBack(how: string, find: () => Promise<Holder>): Promise<CheckResult> {
  return (await find()) === 'compression'
    ? failed(`the stream is held back by something that compresses it (${how})`, UNCOMPRESSED, COMPRESSION)
    : failed(`the stream is held back (${how})`, UNBUFFERED, BUFFERING);
}

/** There is a stream at all. */
export async function checkAnswer(
  probe: Probe,
  timeoutMs: number,
  find: () => Promise<Holder>,
): Promise<CheckResult> {
  const { status, headers, endedBy } = probe;
  if (status === undefined) {
    return endedBy === undefined
      ? heldBack(`not even its headers within ${seconds(timeoutMs)}`, find)
      : failed(`/events can't be opened (${endedBy})`, 'look into the logs of the proxy and the site');
  }
  if (status !== 200) return refusedStream(status, headers.location);
  const type = headers['content-type'] ?? 'no Content-Type';
  return /^text\/event-stream\b/i.test(type)
    ? passed(`/events answers 200 with ${type}`)
    : failed(
        `/events answers with ${type}`,
        'let the proxy pass on text/event-stream as the site sends it',
        answerHeader('Content-Type'),
      );
}

/** Whoever answers a GET of the stream with anything but 200, it is not the site. */
export function refusedStream(status: number, location: string | undefined): CheckResult {
  const mend = 'let the proxy pass /events on to the site; a browser gives up after anything but 200';
  if (location !== undefined && status >= 300 && status < 400)
    return failed(`/events is redirected to ${location} (${status})`, mend, REDIRECT);
  return isRefusal(status)
    ? failed(
        `/events answers ${status}, which is not the site's own answer: something in front of it refuses the stream, or does not find the site`,
        mend,
        REFUSAL,
      )
    : failed(`/events answers ${status}`, mend);
}

/** What firewalls, limits, and proxies without a site behind them answer. */
export function isRefusal(status: number): boolean {
  return status >= 500 || [401, 403, 406, 429].includes(status);
}

/** The node says how it writes the stream: in chunks for HTTP/1.1 alone. */
export function checkVersion({ headers }: Probe): CheckResult {
  const format = headers['x-stream-format'];
  if (typeof format !== 'string')
    return leftOut('with which version of HTTP the site is asked could not be told (no X-Stream-Format)');
  return format.includes('chunked')
    ? passed('the site is asked with HTTP/1.1')
    : failed(
        'the site is asked with HTTP/1.0, which knows no chunks: a stream that was cut looks like one that has ended',
        'let the proxy ask the site with HTTP/1.1',
        OLD_HTTP,
      );
}

export function checkCacheControl({ headers }: Probe): CheckResult {
  const value = headers['cache-control'] ?? '';
  const directives = value.split(',').map((directive) => directive.trim());
  const missing = ['no-store', 'no-transform'].filter((wanted) => !directives.includes(wanted));
  return missing.length === 0
    ? passed(`Cache-Control: ${value}`)
    : failed(
        `Cache-Control lacks ${missing.join(' and ')} (it is "${value}")`,
        'let the proxy pass on the header as the site sends it; without it others may store or compress the stream',
        answerHeader('Cache-Control'),
      );
}

/** nginx takes the header for itself and doesn't pass it on, so that it may be missing; only its contrary is wrong. */
export function checkAccelBuffering({ headers }: Probe): CheckResult {
  const value = headers['x-accel-buffering'];
  if (value === undefined)
    return passed('X-Accel-Buffering was taken by a proxy (nginx does that), or removed');
  return value === 'no'
    ? passed('X-Accel-Buffering: no')
    : failed(
        `X-Accel-Buffering is "${String(value)}"`,
        'let no proxy set this header for /events',
        answerHeader('X-Accel-Buffering'),
      );
}

/** Asked for with `Accept-Encoding: gzip, br`, as browsers do. Whether anything is held back is for the checks that follow. */
export function checkEncoding({ headers }: Probe): CheckResult {
  const encoding = headers['content-encoding'];
  if (encoding === undefined || encoding === 'identity') return passed('the stream is not compressed');
  const isOfSite = encoding === 'gzip' && headers['x-stream-format']?.includes('gzip') !== false;
  return isOfSite
    ? passed('the stream is compressed (gzip)')
    : failed(
        `the stream is compressed by something else than the site (Content-Encoding: ${encoding}), which may hold events back`,
        UNCOMPRESSED,
        COMPRESSION,
      );
}

export async function checkFirstByte(
  probe: Probe,
  timeoutMs: number,
  find: () => Promise<Holder>,
): Promise<CheckResult> {
  const ms = await probe.waitFor(() => probe.firstByteMs, timeoutMs);
  if (ms !== undefined && ms <= FIRST_BYTE_MS) return passed(`first byte after ${seconds(ms)}`);
  const when =
    ms === undefined ? `no byte within ${seconds(timeoutMs)}` : `first byte only after ${seconds(ms)}`;
  return heldBack(when, find);
}

export async function checkRetry(probe: Probe): Promise<CheckResult> {
  const retryMs = await probe.waitFor(() => probe.retryMs, FIRST_BYTE_MS);
  return retryMs === undefined
    ? failed('there is no retry: in the stream', 'let the proxy pass on the stream as the site sends it')
    : passed(`retry: ${retryMs} ms`);
}

export async function checkHello(probe: Probe, find: () => Promise<Holder>): Promise<CheckResult> {
  const first = await probe.waitFor(() => probe.event('hello') ?? probe.event('bye'), FIRST_BYTE_MS);
  if (first?.type === 'hello') return passed(`hello after ${seconds(first.atMs)}`);
  if (first?.data.reason === 'busy') {
    const mend =
      'raise SSE_MAX_CONNECTIONS or SSE_MAX_CONNECTIONS_PER_IP, and see to it that the site learns the addresses of its clients from the proxy';
    return failed('the site takes no more streams (bye: busy)', mend);
  }
  const mend = `${UNBUFFERED}; if it is off, look into the log of the site`;
  if (probe.endedBy) return failed(`${probe.endedBy}, before hello`, mend, BUFFERING);
  const missing = `no hello within ${seconds(FIRST_BYTE_MS)}`;
  return (await find()) === 'compression'
    ? heldBack(missing, async () => 'compression')
    : failed(missing, mend, BUFFERING);
}

/** Something is heard in time: a heartbeat, or an event that came instead. */
export async function checkHeartbeat(probe: Probe): Promise<CheckResult> {
  const heartbeatMs = Number(probe.event('hello')?.data.heartbeatMs) || 15_000;
  const count = probe.events.length;
  const heardMs = probe.events.at(-1)?.atMs ?? 0;
  const allowedMs = heartbeatMs + 5_000;
  // One may have come while other things were looked at.
  const next = await probe.waitFor(
    () => probe.event('ping') ?? probe.events[count],
    heardMs + allowedMs - probe.ageMs,
  );
  if (next) {
    const last = probe.events[probe.events.indexOf(next) - 1];
    return passed(`heartbeat after ${seconds(next.atMs - (last?.atMs ?? 0))} (${next.type})`);
  }
  return probe.endedBy
    ? failed(
        probe.endedBy,
        'let the proxy keep idle streams longer than a heartbeat, and put no limit on how long an answer takes',
        CUT,
      )
    : failed(`no heartbeat within ${seconds(allowedMs)}`, UNBUFFERED, BUFFERING);
}

/**
 * The stream stays open, whatever was heard on it: a first heartbeat may come before a proxy cuts.
 * @param heldMs how old it has to become
 */
export async function checkHeld(probe: Probe, heldMs: number): Promise<CheckResult> {
  const bye = await probe.waitFor(() => probe.event('bye'), heldMs - probe.ageMs);
  if (bye) return leftOut(`the site itself has ended the stream (bye: ${String(bye.data.reason)})`);
  return probe.endedBy
    ? failed(
        probe.endedBy,
        'let the proxy put no limit on how long an answer takes, and keep idle streams for longer than two heartbeats',
        CUT,
      )
    : passed(`the stream stays open (${seconds(heldMs)})`);
}
