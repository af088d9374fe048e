import { refusedStream } from './answer-checks';
import { type CheckResult, failed, passed } from './check-result';
import { Probe, type ProbedEvent, type ProbeOptions } from './probe';
import { QUERY, requestHeader } from './proxy-lines';

/** A cursor of an epoch that no site has: the word is no random one. */
const UNKNOWN_ID = 'nipnimecheck.1';

/** Its reason comes right behind the greeting. */
const REASON_MS = 1_000;

/** The stream goes on from the cursor of the page, which `probe` was opened with. */
export async function checkResumeByCursor(probe: Probe): Promise<CheckResult> {
  const { resume } = probe.event('hello')?.data ?? {};
  if (resume === 'ok') return passed('resumes by ?cursor= of the page');
  if (resume === 'fresh')
    return failed('?cursor= does not reach the site', 'let the proxy pass on the query of /events', QUERY);
  const reset = await probe.waitFor(() => probe.event('reset'), REASON_MS);
  return failed(
    `the stream can't go on from the page (${String(resume)}: ${String(reset?.data.reason ?? 'no reason')})`,
    'let no cache keep /episodes/latest, and let every node use the same DATABASE_URL',
  );
}

/** A browser that lost its connection says by a header where it was; in the address stands where it began. */
export async function checkResumeByHeader(
  siteUrl: string,
  cursor: string,
  timeoutMs: number,
): Promise<CheckResult> {
  const alone = await greeting(siteUrl, { lastEventId: cursor }, timeoutMs);
  const mend = 'let the proxy pass on the request header Last-Event-ID';
  if (isRefused(alone)) return refusedStream(alone.status, alone.location);
  if (alone.hello?.data.resume === 'fresh')
    return failed('Last-Event-ID does not reach the site', mend, requestHeader('Last-Event-ID'));
  if (alone.hello?.data.resume !== 'ok') return failed(`no resuming by Last-Event-ID (${alone.said})`, mend);
  const both = await greeting(siteUrl, { lastEventId: cursor, cursor: UNKNOWN_ID }, timeoutMs);
  return both.hello?.data.resume === 'ok'
    ? passed('resumes by Last-Event-ID, which goes before ?cursor=')
    : failed(
        `?cursor= goes before Last-Event-ID (${both.said})`,
        'let the proxy leave header and address as they are',
      );
}

/** What can't be resumed is told, with a 200: anything else would close a browser's stream for good. */
export async function checkUnknownId(siteUrl: string, timeoutMs: number): Promise<CheckResult> {
  const greeted = await greeting(siteUrl, { cursor: UNKNOWN_ID }, timeoutMs, 'reset');
  const { hello, status, reset, said } = greeted;
  if (isRefused(greeted)) return refusedStream(greeted.status, greeted.location);
  if (status === 200 && hello?.data.resume === 'reset' && reset)
    return passed(`an unknown id is answered by reset (${String(reset.data.reason)})`);
  return failed(
    `an unknown id is not answered by reset (${said})`,
    'let the proxy pass on /events as it is, and let every node be of the same version',
  );
}

export async function checkMethod(siteUrl: string, timeoutMs: number): Promise<CheckResult> {
  const { status } = await greeting(siteUrl, { method: 'POST' }, timeoutMs);
  return status === 405
    ? passed('POST /events answers 405')
    : failed(
        `POST /events answers ${status ?? 'nothing'} instead of 405`,
        'let the proxy pass on /events as it is',
      );
}

type Greeting = {
  readonly status: number | undefined;
  readonly location: string | undefined;
  readonly hello: ProbedEvent | undefined;
  readonly reset: ProbedEvent | undefined;
  /** What came, in a few words. */
  readonly said: string;
};

function isRefused(greeted: Greeting): greeted is Greeting & { readonly status: number } {
  return greeted.status !== undefined && greeted.status !== 200;
}

/** Opens a stream, and closes it when what is waited for has come. */
async function greeting(
  siteUrl: string,
  options: ProbeOptions,
  timeoutMs: number,
  awaited: 'hello' | 'reset' = 'hello',
): Promise<Greeting> {
  const probe = new Probe(siteUrl, options);
  try {
    await probe.waitFor(() => {
      const isStream = probe.status === undefined || probe.status === 200;
      return isStream ? (probe.event(awaited) ?? probe.event('bye')) : probe.status;
    }, timeoutMs);
    const { status, endedBy } = probe;
    const events = probe.events.map(({ type, data }) =>
      `${type} ${String(data.resume ?? data.reason ?? '')}`.trim(),
    );
    const said = events.join(', ') || (status === undefined ? (endedBy ?? 'no answer') : `status ${status}`);
    const { location } = probe.headers;
    return { status, location, hello: probe.event('hello'), reset: probe.event('reset'), said };
  } finally {
    probe.close();
  }
}
