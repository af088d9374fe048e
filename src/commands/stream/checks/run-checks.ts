import {
  checkAccelBuffering,
  checkAnswer,
  checkCacheControl,
  checkEncoding,
  checkFirstByte,
  checkHeartbeat,
  checkHeld,
  checkHello,
  checkRetry,
  checkVersion,
  findHolder,
} from './answer-checks';
import { checkCache } from './cache-check';
import { type CheckResult, leftOut } from './check-result';
import { checkOrigin, checkPage } from './page-check';
import { checkPost } from './post-check';
import { Probe } from './probe';
import { checkMethod, checkResumeByCursor, checkResumeByHeader, checkUnknownId } from './resume-checks';
import { changedEvent, checkEvents, checkPages } from './rewrite-checks';

export type RealtimeCheckOptions = {
  /** Of the site: `https://anime.example`. */
  readonly url: string;
  /** How long anything but a heartbeat is waited for. */
  readonly timeoutMs: number;
  /** False leaves out the wait for a heartbeat, 15 s by default, and for how long the stream is let live. */
  readonly heartbeat: boolean;
  /** How old a stream has to become; 35 s, which is more than the limits that proxies come with. */
  readonly heldMs?: number;
  /** Of the API; without it nothing is posted. */
  readonly token?: string;
};

/**
 * Checks whether the live updates of a deployed site work, one thing after the other; each result is given when it is
 * there. What a failed check makes impossible to tell is left out, so that one fault is told once.
 */
export async function* checkRealtime(options: RealtimeCheckOptions): AsyncGenerator<CheckResult, void> {
  const { url, timeoutMs } = options;
  const { result, cursor } = await checkPage(url, timeoutMs);
  yield result;
  if (cursor === undefined) return yield leftOut('the stream was not looked at');
  const pages = await checkPages(url, timeoutMs);
  yield pages;
  yield await checkOrigin(url, timeoutMs);

  const asked = { cursor, acceptEncoding: 'gzip, br' };
  const probe = new Probe(url, asked);
  const find = () => findHolder(url);
  try {
    await probe.waitFor(() => probe.status, timeoutMs);
    const answer = await checkAnswer(probe, timeoutMs, find);
    yield answer;
    if (answer.outcome === 'failed') return yield leftOut('what is on the stream could not be looked at');
    yield checkVersion(probe);
    yield checkCacheControl(probe);
    yield checkAccelBuffering(probe);
    const encoding = checkEncoding(probe);
    yield encoding;
    const firstByte = await checkFirstByte(probe, timeoutMs, find);
    const hello = firstByte.outcome === 'failed' ? firstByte : await checkHello(probe, find);
    // That it is held back is what the compression does, and told already.
    if (hello.outcome === 'failed' && encoding.outcome === 'passed') yield hello;
    if (hello.outcome === 'failed') return yield leftOut('what is on the stream could not be looked at');
    yield firstByte;
    yield await checkRetry(probe);
    yield hello;
    const cache = await checkCache(url, probe, asked, timeoutMs);
    yield cache;
    if (cache.outcome === 'failed')
      return yield leftOut('what the site itself streams could not be looked at');
    const events = changedEvent(probe);
    if (events) yield events;
    yield* checkConversation(options, probe, cursor, !events && pages.outcome !== 'failed');
  } finally {
    probe.close();
  }
}

/** @param isUnchanged nothing has been found to be changed on the way: what is, is told once */
async function* checkConversation(
  { url, timeoutMs, heartbeat, heldMs = HELD_MS, token }: RealtimeCheckOptions,
  probe: Probe,
  cursor: string,
  isUnchanged: boolean,
): AsyncGenerator<CheckResult, void> {
  yield await checkResumeByCursor(probe);
  const { resume } = probe.event('hello')?.data ?? {};
  yield resume === 'reset'
    ? leftOut('resuming by Last-Event-ID could not be looked at')
    : await checkResumeByHeader(url, cursor, timeoutMs);
  yield resume === 'fresh'
    ? leftOut('how an unknown id is answered could not be looked at')
    : await checkUnknownId(url, timeoutMs);
  yield await checkMethod(url, timeoutMs);
  const events = isUnchanged ? await checkEvents(url, cursor, timeoutMs) : undefined;
  if (events) yield events;
  const heard = heartbeat
    ? await checkHeartbeat(probe)
    : leftOut('the heartbeat was not waited for (--no-heartbeat)');
  yield heard;
  yield token === undefined
    ? leftOut('nothing was posted, for lack of a --token')
    : await checkPost({ url, token, timeoutMs, looksAtEvents: isUnchanged && events?.outcome !== 'failed' });
  if (heard.outcome === 'passed') yield await checkHeld(probe, heldMs);
}

const HELD_MS = 35_000;
