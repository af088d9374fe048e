import { z } from 'zod';
import { describeProblem, SiteApi, SiteApiError } from '../../flood/site-api';
import { type CheckResult, failed, passed } from './check-result';
import { Probe, seconds } from './probe';
import { BUFFERING } from './proxy-lines';
import { changedEvent } from './rewrite-checks';

const SLUG = 'nipnime-check';
const TITLE = 'nipnime check';
/** What a connected client is promised. */
const PROMISED_MS = 3_000;
/** Slower than this, a node found the change in the log by itself. */
const USUAL_MS = 1_000;
const HIGHEST_NUMBER = 99_999;

const seriesAnswer = z.object({ id: z.string(), slug: z.string(), visible: z.boolean() });
const seriesList = z.object({ data: z.array(seriesAnswer) });
const episodeAnswer = z.object({ id: z.string() });
const episodeList = z.object({ data: z.array(episodeAnswer) });

type PostCheck = {
  /** Of the site. */
  readonly url: string;
  readonly token: string;
  readonly timeoutMs: number;
  /** Whether what comes is what the site wrote; false where it is known that it isn't. */
  readonly looksAtEvents: boolean;
};

/** An episode that is posted is on the stream, and gone from it when it is deleted. Its series stays, empty, for the next time. */
export async function checkPost({ url, token, timeoutMs, looksAtEvents }: PostCheck): Promise<CheckResult> {
  const api = new SiteApi({ url, token, patienceMs: timeoutMs });
  const probe = new Probe(url);
  try {
    if (!(await probe.waitFor(() => probe.event('hello'), timeoutMs)))
      return failed('no stream to see a post on', 'mend what is wrong above first');
    const seriesId = await findOrCreateSeries(api);
    try {
      const result = await postAndDelete(api, seriesId, probe, timeoutMs);
      return (looksAtEvents ? changedEvent(probe) : undefined) ?? result;
    } finally {
      await emptySeries(api, seriesId);
    }
  } catch (error) {
    if (!(error instanceof SiteApiError)) throw error;
    return failed(
      `the API does not do what it is asked for (${error.message})`,
      error.status === 401 ? 'make a token with npm run token:create' : 'look into the log of the site',
    );
  } finally {
    probe.close();
  }
}

async function postAndDelete(
  api: SiteApi,
  seriesId: string,
  probe: Probe,
  timeoutMs: number,
): Promise<CheckResult> {
  const sentMs = probe.ageMs;
  const episodeId = await postEpisode(api, seriesId);
  const postedMs = await seenAfter(probe, 'upsert', episodeId, sentMs, timeoutMs);
  if (postedMs === undefined) return notSeen('an episode was posted, but was not on the stream', timeoutMs);
  const deletedMs = probe.ageMs;
  await deleteEpisode(api, episodeId);
  const goneMs = await seenAfter(probe, 'remove', episodeId, deletedMs, timeoutMs);
  if (goneMs === undefined)
    return notSeen('an episode was deleted, but the stream did not say so', timeoutMs);
  return judged(postedMs, goneMs);
}

function judged(postedMs: number, goneMs: number): CheckResult {
  const slowestMs = Math.max(postedMs, goneMs);
  const times = `${seconds(postedMs)} after it was posted, and gone ${seconds(goneMs)} after it was deleted`;
  if (slowestMs > PROMISED_MS) {
    const mend = 'see whether every node reaches Redis and the database, and how long a write takes';
    return failed(`an episode was on the stream only ${times}`, mend);
  }
  const hint = slowestMs > USUAL_MS ? ' (slower than usual: does Redis reach every node?)' : '';
  return passed(`an episode was on the stream ${times}${hint}`);
}

function notSeen(what: string, timeoutMs: number): CheckResult {
  return failed(
    `${what} within ${seconds(timeoutMs)}`,
    'see that every node uses the same DATABASE_URL, and that nothing holds /events back',
    BUFFERING,
  );
}

async function seenAfter(
  probe: Probe,
  type: 'upsert' | 'remove',
  episodeId: string,
  sinceMs: number,
  timeoutMs: number,
): Promise<number | undefined> {
  const seen = await probe.waitFor(
    () => probe.events.find((event) => event.type === type && event.data.key === episodeId),
    timeoutMs,
  );
  return seen && seen.atMs - sinceMs;
}

async function findOrCreateSeries(api: SiteApi): Promise<string> {
  const list = await api.request('GET', `/series?search=${encodeURIComponent(TITLE)}&limit=200`);
  if (list.status !== 200) throw new SiteApiError(describeProblem(list), list.status);
  const known = seriesList.parse(list.body).data.find(({ slug }) => slug === SLUG);
  if (known && !known.visible)
    throw new SiteApiError(`its series "${TITLE}" is hidden: make it visible in the back office`, undefined);
  if (known) return known.id;
  const synopsis = 'Here npm run check:realtime posts an episode for a moment, to see it on the stream.';
  const created = await api.request('POST', '/series', {
    title: TITLE,
    titleLanguage: 'en',
    slug: SLUG,
    synopsis,
  });
  if (created.status !== 201) throw new SiteApiError(describeProblem(created), created.status);
  return seriesAnswer.parse(created.body).id;
}

async function postEpisode(api: SiteApi, seriesId: string): Promise<string> {
  const answer = await api.request('POST', '/episodes', {
    seriesId,
    // Any: one that an earlier check left behind must not be in the way.
    number: Math.floor(Math.random() * HIGHEST_NUMBER),
    title: 'A check of the live updates, gone in a moment',
    status: 'published',
    videoServers: [{ name: 'Main', kind: 'file', url: '/media/clip.mp4' }],
  });
  if (answer.status !== 201) throw new SiteApiError(describeProblem(answer), answer.status);
  return episodeAnswer.parse(answer.body).id;
}

/** Whatever went wrong, now or in an earlier check: visitors are to see nothing of it. */
async function emptySeries(api: SiteApi, seriesId: string): Promise<void> {
  const answer = await api.request('GET', `/episodes?seriesId=${seriesId}&limit=200`);
  if (answer.status !== 200) throw new SiteApiError(describeProblem(answer), answer.status);
  for (const { id } of episodeList.parse(answer.body).data) await deleteEpisode(api, id);
}

async function deleteEpisode(api: SiteApi, episodeId: string): Promise<void> {
  const answer = await api.request('DELETE', `/episodes/${episodeId}`);
  if (answer.status === 204 || answer.status === 404) return;
  throw new SiteApiError(`episode ${episodeId} stays: ${describeProblem(answer)}`, answer.status);
}
