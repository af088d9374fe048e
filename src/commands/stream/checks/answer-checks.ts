import { type CheckResult, failed, leftOut, passed } from './check-result';
import { type Probe, seconds } from './probe';

/** A stream that is not held back begins at once; the rest is the way there. */
const FIRST_BYTE_MS = 1_000;

const UNBUFFERED = 'switch off response buffering for /events (nginx: proxy_buffering off)';

/** There is a stream at all. */
export function checkAnswer({ status, headers, endedBy }: Probe, timeoutMs: number): CheckResult {
  if (status === undefined) {
    return endedBy === undefined
      ? failed(`the stream is held back (not even its headers within ${seconds(timeoutMs)})`, UNBUFFERED)
      : failed(`/events can't be opened (${endedBy})`, 'look into the logs of the proxy and the site');
  }
  if (status !== 200) {
    const mend = 'let the proxy pass /events on to the site; a browser gives up after anything but 200';
    return failed(`/events answers ${status}`, mend);
  }
  const type = headers['content-type'] ?? 'no Content-Type';
  return /^text\/event-stream\b/i.test(type)
    ? passed(`/events answers 200 with ${type}`)
    : failed(`/events answers with ${type}`, 'let the proxy pass on text/event-stream as the site sends it');
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
      );
}

/** nginx takes the header for itself and doesn't pass it on, so that it may be missing; only its contrary is wrong. */
export function checkAccelBuffering({ headers }: Probe): CheckResult {
  const value = headers['x-accel-buffering'];
  if (value === undefined)
    return passed('X-Accel-Buffering was taken by a proxy (nginx does that), or removed');
  return value === 'no'
    ? passed('X-Accel-Buffering: no')
    : failed(`X-Accel-Buffering is "${String(value)}"`, 'let no proxy set this header for /events');
}

/** Asked for with `Accept-Encoding: gzip, br`, as browsers do. Whether anything is held back is for the checks that follow. */
export function checkEncoding({ headers }: Probe): CheckResult {
  const encoding = headers['content-encoding'];
  if (encoding === undefined || encoding === 'identity') return passed('the stream is not compressed');
  return encoding === 'gzip'
    ? passed('the stream is compressed (gzip)')
    : failed(
        `the stream is compressed by something else than the site (Content-Encoding: ${encoding}), which may hold events back`,
        'switch off compression for /events; the site compresses by itself',
      );
}

export async function checkFirstByte(probe: Probe, timeoutMs: number): Promise<CheckResult> {
  const ms = await probe.waitFor(() => probe.firstByteMs, timeoutMs);
  if (ms !== undefined && ms <= FIRST_BYTE_MS) return passed(`first byte after ${seconds(ms)}`);
  const when =
    ms === undefined ? `no byte within ${seconds(timeoutMs)}` : `first byte only after ${seconds(ms)}`;
  return failed(`the stream is held back (${when})`, UNBUFFERED);
}

export async function checkRetry(probe: Probe): Promise<CheckResult> {
  const retryMs = await probe.waitFor(() => probe.retryMs, FIRST_BYTE_MS);
  return retryMs === undefined
    ? failed('there is no retry: in the stream', 'let the proxy pass on the stream as the site sends it')
    : passed(`retry: ${retryMs} ms`);
}

export async function checkHello(probe: Probe): Promise<CheckResult> {
  const first = await probe.waitFor(() => probe.event('hello') ?? probe.event('bye'), FIRST_BYTE_MS);
  if (first?.type === 'hello') return passed(`hello after ${seconds(first.atMs)}`);
  if (first?.data.reason === 'busy') {
    const mend =
      'raise SSE_MAX_CONNECTIONS or SSE_MAX_CONNECTIONS_PER_IP, and see to it that the site learns the addresses of its clients from the proxy';
    return failed('the site takes no more streams (bye: busy)', mend);
  }
  return failed(
    probe.endedBy ? `${probe.endedBy}, before hello` : `no hello within ${seconds(FIRST_BYTE_MS)}`,
    `${UNBUFFERED}; if it is off, look into the log of the site`,
  );
}

/** Something is heard in time: a heartbeat, or an event that came instead. */
export async function checkHeartbeat(probe: Probe): Promise<CheckResult> {
  const heartbeatMs = Number(probe.event('hello')?.data.heartbeatMs) || 15_000;
  const before = probe.events.at(-1);
  const heardMs = before?.atMs ?? 0;
  const allowedMs = heartbeatMs + 5_000;
  const next = await probe.waitFor(
    () => {
      const last = probe.events.at(-1);
      return last === before ? undefined : last;
    },
    heardMs + allowedMs - probe.ageMs,
  );
  if (next) return passed(`heartbeat after ${seconds(next.atMs - heardMs)} (${next.type})`);
  return probe.endedBy
    ? failed(
        probe.endedBy,
        'let the proxy keep idle streams longer than a heartbeat (nginx: proxy_read_timeout 60s; HAProxy: timeout client 60s and timeout server 60s)',
      )
    : failed(`no heartbeat within ${seconds(allowedMs)}`, UNBUFFERED);
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
        'let the proxy put no limit on how long an answer takes (nginx: proxy_read_timeout 60s, which counts silence only; HAProxy: timeout server 60s; Traefik: respondingTimeouts.writeTimeout 0; Caddy: no timeouts.write)',
      )
    : passed(`the stream stays open (${seconds(heldMs)})`);
}
