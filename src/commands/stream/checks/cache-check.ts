import { refusedStream } from './answer-checks';
import { type CheckResult, failed, leftOut, passed } from './check-result';
import { Probe, seconds } from './probe';
import { CACHE } from './proxy-lines';

const MEND = 'let no cache keep /events';
/** Headers by which caches say that they had it: RFC 9111, RFC 9211, and what was usual before. */
const TOLD_BY = ['age', 'cache-status', 'x-cache', 'x-cache-status', 'cf-cache-status'];

/**
 * Who asks for the same stream again gets another one: the site draws `retry:` and how long a stream lives for each, so that two which
 * agree in both are one that was kept. One is asked for while the first is open, and one when that has ended.
 * @param first a stream that was greeted, asked for with this cursor and `acceptEncoding`
 */
export async function checkCache(
  siteUrl: string,
  first: Probe,
  options: { readonly cursor: string; readonly acceptEncoding: string },
  timeoutMs: number,
): Promise<CheckResult> {
  const told = TOLD_BY.find((name) => isHit(name, first.headers[name]));
  if (told) return failed(`a cache has answered (${told}: ${String(first.headers[told])})`, MEND, CACHE);
  for (const when of ['while the first is open', 'when one has ended']) {
    const again = new Probe(siteUrl, options);
    try {
      const greeted = await again.waitFor(() => again.event('hello') ?? again.event('bye'), timeoutMs);
      if (greeted?.type === 'bye') return leftOut('whether a cache keeps /events could not be told (bye)');
      if (again.status !== undefined && again.status !== 200)
        return refusedStream(again.status, again.headers.location);
      if (!greeted && again.endedBy === undefined) {
        const problem = `a second stream with the same address is held back for ${seconds(timeoutMs)} ${when}: a cache waits for the first`;
        return failed(problem, MEND, CACHE);
      }
      if (greeted && drawn(again) === drawn(first))
        return failed(`a cache has answered: ${when}, a second stream is a copy of it`, MEND, CACHE);
    } finally {
      again.close();
    }
  }
  return passed('every stream comes from the site, and from no cache');
}

function drawn(probe: Probe): string {
  return `${probe.retryMs} ${String(probe.event('hello')?.data.ttlMs)}`;
}

function isHit(name: string, value: string | string[] | undefined): boolean {
  if (value === undefined) return false;
  return name === 'age' ? Number(value) > 0 : /\bhit\b/i.test(String(value));
}
