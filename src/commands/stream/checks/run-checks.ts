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
} from './answer-checks';
import { type CheckResult, leftOut } from './check-result';
import { checkOrigin, checkPage } from './page-check';
import { checkPost } from './post-check';
import { Probe } from './probe';
import { checkMethod, checkResumeByCursor, checkResumeByHeader, checkUnknownId } from './resume-checks';

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
  yield await checkOrigin(url, timeoutMs);

  const probe = new Probe(url, { cursor, acceptEncoding: 'gzip, br' });
  try {
    await probe.waitFor(() => probe.status, timeoutMs);
    const answer = checkAnswer(probe, timeoutMs);
    yield answer;
    if (answer.outcome === 'failed') return yield leftOut('what is on the stream could not be looked at');
    yield checkCacheControl(probe);
    yield checkAccelBuffering(probe);
    yield checkEncoding(probe);
    const firstByte = await checkFirstByte(probe, timeoutMs);
    yield firstByte;
    if (firstByte.outcome === 'failed') return yield leftOut('what is on the stream could not be looked at');
    yield await checkRetry(probe);
    const hello = await checkHello(probe);
    yield hello;
    if (hello.outcome === 'failed')
      return yield leftOut('resuming, heartbeat and posting could not be looked at');
    yield* checkConversation(options, probe, cursor);
  } finally {
    probe.close();
  }
}

async function* checkConversation(
  { url, timeoutMs, heartbeat, heldMs = HELD_MS, token }: RealtimeCheckOptions,
  probe: Probe,
  cursor: string,
): AsyncGenerator<CheckResult, void> {
  yield await checkResumeByCursor(probe);
  yield probe.event('hello')?.data.resume === 'reset'
    ? leftOut('resuming by Last-Event-ID could not be looked at')
    : await checkResumeByHeader(url, cursor, timeoutMs);
  yield await checkUnknownId(url, timeoutMs);
  yield await checkMethod(url, timeoutMs);
  const heard = heartbeat
    ? await checkHeartbeat(probe)
    : leftOut('the heartbeat was not waited for (--no-heartbeat)');
  yield heard;
  yield token === undefined
    ? leftOut('nothing was posted, for lack of a --token')
    : await checkPost(url, token, timeoutMs);
  if (heard.outcome === 'passed') yield await checkHeld(probe, heldMs);
}

const HELD_MS = 35_000;
